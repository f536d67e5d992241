#!/usr/bin/env bash
# A trigger on a full-text index's own table makes every table of the file unreadable where
# SQLite's defensive mode is on.
#
# Guess:    defensive mode refuses statements that write to the tables of a virtual table.
#           What is in the schema already stays: a trigger there may fail when it fires.
# Seen:     SQLite 3.54.1 (modernc.org/sqlite v1.61.1) compiles the stored schema by the same
#           rule. A connection with _defensive=1 answers every statement, of any table, with
#           "malformed database schema … cannot create triggers on shadow tables", and an
#           ordinary connection to the same file reads it all. sqlite-utils makes such
#           triggers: `enable-fts` and then `enable-counts`.
# Output:   what each kind of connection reads of a table that has nothing to do with it.
set -euo pipefail

dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'MOD'
module finding

go 1.26

require modernc.org/sqlite v1.61.1
MOD
cat >main.go <<'GO'
package main

import (
	"database/sql"
	"fmt"
	"log"

	_ "modernc.org/sqlite"
)

func main() {
	made, err := sql.Open("sqlite", "file:f.db")
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range []string{
		"create table plain(a)", "insert into plain values (7)", "create table counts(name text primary key, n integer)",
		"create virtual table docs using fts5(body)",
		"create trigger docs_counted after insert on docs_content begin insert or replace into counts values ('docs', new.id); end",
	} {
		if _, err := made.Exec(s); err != nil {
			log.Fatalf("%s: %v", s, err)
		}
	}
	made.Close()
	for _, kind := range []string{"ordinary", "defensive"} {
		name := "file:f.db"
		if kind == "defensive" {
			name += "?_defensive=1"
		}
		db, err := sql.Open("sqlite", name)
		if err != nil {
			log.Fatal(err)
		}
		var a, version string
		if err := db.QueryRow("select a, sqlite_version() from plain").Scan(&a, &version); err != nil {
			fmt.Printf("%s: %v\n", kind, err)
		} else {
			fmt.Printf("%s (%s): %s\n", kind, version, a)
		}
		db.Close()
	}
}
GO
GOFLAGS=-mod=mod go mod tidy >/dev/null 2>&1
got=$(go run .)
want='ordinary (3.54.1): 7
defensive: database disk image is malformed: malformed database schema (docs_counted) - cannot create triggers on shadow tables (11)'
echo "$got"
[ "$got" = "$want" ] || { echo "it behaves otherwise now; expected:"; echo "$want"; exit 1; }
