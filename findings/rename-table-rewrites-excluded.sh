#!/usr/bin/env bash
# ALTER TABLE … RENAME TO turns an upsert in a trigger into a no-op, without an error.
#
# Guess:    a rename rewrites the names of the table in triggers; `excluded`, the row that
#           an upsert was about to insert, is no table and stays.
# Seen:     SQLite 3.54.1 (modernc.org/sqlite v1.61.1) writes the table's new name in the
#           place of `excluded`. `SET b = excluded.b` becomes `SET b = "k".b`: the row is set
#           to what it has. Statements go on succeeding; no new value is ever kept. Only
#           triggers on *other* tables whose upsert is into the renamed one show it.
# Output:   the text of the trigger before and after, and the value that an upsert leaves.
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
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	one := func(query string) (s string) {
		if err := db.QueryRow(query).Scan(&s); err != nil {
			log.Fatalf("%s: %v", query, err)
		}
		return s
	}
	run := func(statements ...string) {
		for _, s := range statements {
			if _, err := db.Exec(s); err != nil {
				log.Fatalf("%s: %v", s, err)
			}
		}
	}
	const text = "select substr(sql, instr(sql, 'set')) from sqlite_schema where type = 'trigger'"
	fmt.Println("version", one("select sqlite_version()"))
	run("create table p(id integer primary key, n text)", "create table l(a integer primary key, b text)",
		"create trigger log after insert on p begin insert into l(a, b) values (1, new.n) on conflict (a) do update set b = excluded.b; end",
		"insert into p(n) values ('first'), ('second')")
	fmt.Println("before", one(text), "->", one("select b from l"))
	run("alter table l rename to k", "insert into p(n) values ('third')")
	fmt.Println("after ", one(text), "->", one("select b from k"))
}
GO
GOFLAGS=-mod=mod go mod tidy >/dev/null 2>&1
got=$(go run .)
want='version 3.54.1
before set b = excluded.b; end -> second
after  set b = "k".b; end -> second'
echo "$got"
[ "$got" = "$want" ] || { echo "it behaves otherwise now; expected:"; echo "$want"; exit 1; }
