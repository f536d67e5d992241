package front

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqlite"
)

// task is an export or import under way.
type task struct {
	bookmark string
	result   map[string]any
	failed   string
	asked    int
}

// progress answers a question about a task: it is done at the second one.
func (d *database) progress(w http.ResponseWriter, kind string) {
	t := d.task
	t.asked++
	body := map[string]any{"type": kind, "at_bookmark": t.bookmark, "success": true, "messages": []string{}}
	switch {
	case t.asked < 2:
		body["messages"] = []string{"working"}
		answer(w, http.StatusAccepted, body, nil)
		return
	case t.failed != "":
		body["status"], body["error"], body["success"] = "error", t.failed, false
	default:
		body["status"], body["result"] = "complete", t.result
	}
	answer(w, http.StatusOK, body, nil)
}

func (f *Front) export(w http.ResponseWriter, r *http.Request, d *database) Call {
	var in struct {
		Current string `json:"current_bookmark"`
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	d.mu.Lock()
	defer d.mu.Unlock()
	if in.Current == "" || d.task == nil || d.task.bookmark != in.Current {
		t := &task{}
		content, err := d.contents(r.Context())
		switch {
		case errors.Is(err, errVirtual):
			t.failed = err.Error()
		case err != nil:
			f.t.Errorf("front: %v", err)
			t.failed = "internal error"
		}
		if err := d.keep(r.Context()); err != nil && !errors.Is(err, errVirtual) {
			f.t.Errorf("front: %v", err)
		}
		t.bookmark = d.mark(len(d.states) - 1)
		name := fmt.Sprintf("%s-%s.sql", d.UUID, t.bookmark)
		f.mu.Lock()
		f.files[name] = asText(content)
		f.mu.Unlock()
		if f.o.OwnDump && t.failed == "" {
			text, err := d.ownDump(r.Context())
			if err != nil {
				f.t.Errorf("front: %v", err)
			}
			f.mu.Lock()
			f.files[name] = text
			f.mu.Unlock()
		}
		t.result = map[string]any{"filename": name, "signed_url": f.server.URL + "/storage/" + name}
		d.task = t
	}
	d.progress(w, "export")
	return Call{Op: "export"}
}

// asText writes statements as a dump.
func asText(list []statement) []byte {
	var b bytes.Buffer
	for _, s := range list {
		text := s.SQL
		if s.dump != "" {
			text = s.dump
		}
		b.WriteString(text)
		if strings.Contains(text, "--") { // it may end in a comment
			b.WriteString("\n")
		}
		b.WriteString(";\n")
	}
	return b.Bytes()
}

func (f *Front) imports(w http.ResponseWriter, r *http.Request, d *database) Call {
	var in struct{ Action, Etag, Filename string }
	_ = json.NewDecoder(r.Body).Decode(&in)
	d.mu.Lock()
	defer d.mu.Unlock()
	switch in.Action {
	case "init":
		name := d.UUID + "." + in.Etag + ".sql"
		body := map[string]any{"type": "import", "filename": name, "success": true, "messages": []string{}}
		f.mu.Lock()
		_, known := f.files[name]
		f.mu.Unlock()
		if !known {
			body["upload_url"] = f.server.URL + "/storage/" + name
		}
		answer(w, http.StatusOK, body, nil)
		return Call{Op: "import"}
	case "ingest":
		f.mu.Lock()
		text, known := f.files[in.Filename]
		f.mu.Unlock()
		if !known {
			refuse(w, http.StatusBadRequest, 7400, "The file to import was not uploaded")
			return Call{Op: "import"}
		}
		t := &task{}
		list, n := statements(text)
		if err := d.load(r.Context(), list); err != nil {
			t.failed = err.Error()
		} else {
			d.version++
		}
		if err := d.keep(r.Context()); err != nil {
			f.t.Errorf("front: %v", err)
		}
		t.bookmark = d.mark(len(d.states) - 1)
		t.result = map[string]any{"num_queries": n, "final_bookmark": t.bookmark}
		d.task = t
		d.progress(w, "import")
		return Call{Op: "import", Effect: t.failed == ""}
	}
	if d.task == nil {
		refuse(w, http.StatusBadRequest, 7400, "There is no import to ask about")
		return Call{Op: "import"}
	}
	d.progress(w, "import")
	return Call{Op: "import"}
}

func statements(text []byte) (list []statement, n int) {
	next := sqlite.Statements(bytes.NewReader(text))
	for {
		s, err := next()
		if err != nil {
			return list, len(list)
		}
		list = append(list, statement{SQL: s})
	}
}

// upload is the storage's; its answer names the MD5 of what arrived.
func (f *Front) upload(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	sum := md5.Sum(body)
	f.mu.Lock()
	f.files[r.PathValue("name")] = body
	f.calls = append(f.calls, Call{Op: "upload", Status: http.StatusOK})
	f.mu.Unlock()
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
}

func (f *Front) download(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	text, ok := f.files[r.PathValue("name")]
	f.calls = append(f.calls, Call{Op: "download", Status: http.StatusOK})
	f.mu.Unlock()
	if r.Header.Get("Authorization") != "" {
		f.t.Errorf("front: the token was sent to the storage")
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write(text)
}

// ownDump asks D1 for its dump: the lines its exporter writes.
func (d *database) ownDump(ctx context.Context) ([]byte, error) {
	zero := json.RawMessage("0")
	text, err := d.post(ctx, true, []statement{{SQL: "PRAGMA miniflare_d1_export(?,?,?);", Params: []json.RawMessage{zero, zero}}}, false)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Results [][]string
	}
	if err := json.Unmarshal(text, &answer); err != nil || len(answer.Results) != 1 {
		return nil, errors.New("D1 answered " + string(text[:min(len(text), 300)]))
	}
	return []byte(strings.Join(answer.Results[0], "\n") + "\n"), nil
}
