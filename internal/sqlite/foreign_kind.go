package sqlite

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// otherKinds are files that people take for a database, by how they begin.
var otherKinds = []struct {
	at    int
	begin string
	words string
}{
	{0, "\x1f\x8b", "The file is a gzip archive, not a database. Unpack it first."},
	{0, "PK\x03\x04", "The file is a zip archive, not a database. Unpack it first."},
	{0, "BZh", "The file is a bzip2 archive, not a database. Unpack it first."},
	{0, "\xfd7zXZ\x00", "The file is an xz archive, not a database. Unpack it first."},
	{0, "\x28\xb5\x2f\xfd", "The file is a zstd archive, not a database. Unpack it first."},
	{0, "7z\xbc\xaf\x27\x1c", "The file is a 7z archive, not a database. Unpack it first."},
	{0, "** This file contains an SQLite 2", "The file is a database of SQLite 2, which this engine can't read. " +
		"Make one of SQLite 3 of it first."},
	{0, "\x37\x7f\x06\x82", "The file is a database's log (-wal), not the database. Give the database with it."},
	{0, "\x37\x7f\x06\x83", "The file is a database's log (-wal), not the database. Give the database with it."},
	{0, journalMagic, "The file is a database's journal, not the database. Give the database with it."},
	{4, "Standard Jet DB", "The file is a database of Microsoft Access, not of SQLite."},
	{4, "Standard ACE DB", "The file is a database of Microsoft Access, not of SQLite."},
	{8, "DUCK", "The file is a database of DuckDB, not of SQLite."},
	{0, magic, "The file is cut off: not even the first page of a database is there."},
}

// whatItIs says what a file is by its beginning, which isn't a database's.
func whatItIs(b []byte) string {
	for _, k := range otherKinds {
		if len(b) > k.at && bytes.HasPrefix(b[k.at:], []byte(k.begin)) {
			return k.words
		}
	}
	text := bytes.TrimPrefix(b, []byte(sqltext.Mark))
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) { // UTF-16
		text = bytes.ReplaceAll(b[2:], []byte{0}, nil)
	}
	switch {
	case !isText(text):
		return "The file is no SQLite database, or an encrypted one, which can't be read here."
	case looksLikeSQL(string(text)):
		return "The file is SQL text, not a database. Run it in the console."
	default:
		return "The file is text, not a database."
	}
}

// isText reports whether the beginning of a file, which may end within a character, is text.
func isText(b []byte) bool {
	for len(b) >= utf8.UTFMax {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n <= 1 || r < ' ' && !strings.ContainsRune("\t\r\n\f", r) {
			return false
		}
		b = b[n:]
	}
	return true
}

func looksLikeSQL(s string) bool {
	for t := range sqltext.Code(s) {
		for _, word := range []string{"pragma", "begin", "create", "insert", "drop", "delete", "update", "alter", "select", "with"} {
			if t.Is(word) {
				return true
			}
		}
		return false
	}
	return strings.Contains(s, "--") // nothing but comments so far
}
