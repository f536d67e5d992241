package handlers_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/handlers"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// named is a file of a form.
type named struct{ name, content string }

// uploadAll sends the form of an import.
func (b *browser) uploadAll(database string, values url.Values, files ...named) answer {
	b.s.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for k := range values {
		must(b.s.t, w.WriteField(k, values.Get(k)))
	}
	for _, f := range files {
		part, err := w.CreateFormFile("file", f.name)
		must(b.s.t, err)
		_, err = io.WriteString(part, f.content)
		must(b.s.t, err)
	}
	must(b.s.t, w.Close())
	return b.send(http.MethodPost, "/databases/"+database+"/import", w.FormDataContentType(), &body)
}

// inWAL is a database in WAL mode as it lies beside its log while a program has it open:
// one row in the file, two with the log.
func inWAL(t *testing.T) (database, log string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "w.db")
	c, err := sqlite.Open(path, sqlite.Options{Create: true})
	must(t, err)
	defer func() { must(t, c.Close()) }()
	for _, sql := range []string{"create table t (a)", "insert into t values ('in the file')", "", "insert into t values ('in the log')"} {
		if sql == "" {
			must(t, c.Checkpoint())
			continue
		}
		must(t, c.Begin(t.Context(), sqlite.Write))
		must(t, c.Exec(sql))
		must(t, c.End(true))
	}
	read := func(path string) string {
		b, err := os.ReadFile(path)
		must(t, err)
		return string(b)
	}
	return read(path), read(path + "-wal")
}

func TestADatabaseComesWithItsLog(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	file, log := inWAL(t)
	s.bare("both")
	owner.uploadAll("both", nil, named{"w.db-shm", "an index nobody reads"}, named{"w.db-wal", log}, named{"w.db", file}).
		is(http.StatusSeeOther)
	s.idle("both")
	if got := s.text("both", "select group_concat(a) from t"); got != "in the file,in the log" {
		t.Errorf("with its log: %s", got)
	}
	s.bare("alone")
	owner.uploadAll("alone", nil, named{"w.db", file}).is(http.StatusSeeOther)
	s.idle("alone")
	if got := s.text("alone", "select group_concat(a) from t"); got != "in the file" {
		t.Errorf("alone: %s", got)
	}
	owner.get("/databases/alone/settings").is(http.StatusOK, "Imported", "To know", "came without its log")
	s.noUploads()
}

func TestFilesThatAreNotOneDatabaseAreRefused(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	s.bare("into")
	file, log := inWAL(t)
	many := make([]named, handlers.MaxFiles+1)
	for i := range many {
		many[i] = named{"a.db", file}
	}
	for words, files := range map[string][]named{
		"these are 2, a.db and b.db":                  {{"a.db", file}, {"b.db", file}},
		"b.db-wal doesn't stand beside a.db":          {{"a.db", file}, {"b.db-wal", log}},
		"passwd and <b>x.db":                          {{"../../etc/passwd", file}, {"<b>x.db", file}},
		"Choose it with them":                         {{"a.db-wal", log}, {"a.db-shm", log}},
		"a database's log (-wal)":                     {{"a.db-wal", log}},
		"0 bytes: it holds no database":               {{"a.db", ""}},
		"SQL text":                                    {{"a.sql", "create table t (a);"}},
		"These are more than":                         many,
		"belongs to another database or to an older":  {{"a.db", strings.Replace(file, "\x02\x02", "\x01\x01", 1)}, {"a.db-wal", log}},
		"Choose a file":                               {},
		"is damaged, so rows would be missing. Copy ": {{"a.db", file}, {"a.db-wal", "no log"}},
	} {
		a := owner.uploadAll("into", nil, files...).is(http.StatusUnprocessableEntity, words, "Nothing was imported", "as it was before")
		if strings.Contains(a.body, s.server.Uploads) || strings.Contains(a.body, "upload.db") {
			t.Errorf("%s: a path of the server is shown", words)
		}
		s.noUploads()
	}
	if n := s.count("select count(*) from audit where action = 'database.import' and outcome = 'done'"); n != 0 {
		t.Errorf("%d imports are said to be done", n)
	}
	s.as(auth.RoleOperator).uploadAll("into", nil, named{"a.db", file}).is(http.StatusForbidden)
	owner.uploadAll("into", nil, named{"a.db", file}).is(http.StatusSeeOther) // a second import works
}
