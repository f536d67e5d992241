package front

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"

	"github.com/kuratchi/dashboard/internal/sqlite"
)

// task is an import under way.
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
		if err := d.settle(r.Context()); err != nil {
			f.t.Errorf("front: %v", err)
		}
		if err := d.load(r.Context(), list); err != nil {
			t.failed = err.Error()
		} else {
			d.version++
		}
		d.keep()
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
