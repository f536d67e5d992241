package handlers

import (
	"strings"
	"testing"
)

func TestFilesArePairedByTheirNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		names   string
		want    pairing
		refused string
	}{
		{"a.db", pairing{0, -1, -1}, ""},
		{"notes-wal", pairing{0, -1, -1}, ""}, // what it is shows when it is opened
		{"a.db a.db-wal", pairing{0, 1, -1}, ""},
		{"a.db-shm a.db-wal a.db", pairing{2, 1, -1}, ""},
		{"a.db-journal a.db", pairing{1, -1, 0}, ""},
		{"a.db a.db-wal a.db-shm a.db-journal", pairing{0, 1, 3}, ""},
		{"", pairing{}, "Choose a file"},
		{"a.db b.db", pairing{}, "these are 2, a.db and b.db."},
		{"a.db b.db a.db-wal c.db", pairing{}, "these are 3, a.db, b.db and c.db."},
		{"a.db a.db", pairing{}, "these are 2, a.db and a.db."},
		{"a.db b.db-wal", pairing{}, "b.db-wal doesn't stand beside a.db: that would be a.db-wal."},
		{"A.db a.db-wal", pairing{}, "a.db-wal doesn't stand beside A.db"},
		{"a.db a.db-wal a.db-wal", pairing{}, "a.db-wal doesn't stand beside a.db"},
		{"a.db-wal a.db-shm", pairing{}, "a.db-wal and a.db-shm stand beside a database a.db, which isn't among the files"},
		{"-wal x", pairing{}, "these are 2"},
	} {
		got, err := pairFiles(strings.Fields(c.names))
		switch {
		case c.refused == "" && (err != nil || got != c.want):
			t.Errorf("%s: got %+v, %v", c.names, got, err)
		case c.refused != "" && (err == nil || !strings.Contains(err.Msg, c.refused)):
			t.Errorf("%s: got %v, want %q", c.names, err, c.refused)
		}
	}
}

func TestOnlyTheLastPartOfAFilesNameIsUsed(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a.db": "a.db", "../../etc/passwd": "passwd", `C:\fakepath\a.db`: "a.db", "/": "", "..": "..", "a\x00\nb\xff.db": "a??b?.db",
		"zäh 🗄.db-wal": "zäh 🗄.db-wal", strings.Repeat("x", 200) + "-wal": "…" + strings.Repeat("x", 96) + "-wal",
	} {
		if got := baseName(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
