#!/usr/bin/env bash
# DROP COLUMN refuses a trigger that reads the column, and lets one stay that writes it.
#
# Guess:    ALTER TABLE … DROP COLUMN checks triggers: "error in trigger … after drop column".
#           So what it lets pass goes on working.
# Seen:     SQLite 3.54.1 (modernc.org/sqlite v1.61.1) refuses only where the column is read.
#           A trigger that SETs it, one that INSERTs into it, and one that is UPDATE OF it
#           stay. The first two then fail whatever fires them, "no such column" and "has no
#           column named"; the third never fires again and says nothing. RENAME COLUMN
#           afterwards, which reads every trigger anew, doesn't complain either.
# Output:   for each trigger: what DROP COLUMN, a RENAME COLUMN elsewhere and the firing
#           statement answer, and how many rows the trigger logged.
set -euo pipefail

dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'MOD'
module finding

go 1.24

require modernc.org/sqlite v1.61.1
MOD
cat >main.go <<'GO'
package main

import (
	"database/sql"
	"fmt"
	"log"
	"strings"

	_ "modernc.org/sqlite"
)

func main() {
	for _, c := range []struct{ what, trigger string }{
		{"reads", "create trigger g after insert on l begin insert into seen select j from p; end"},
		{"sets", "create trigger g after insert on l begin update p set j = 1; end"},
		{"inserts", "create trigger g after insert on l begin insert into p(j) values (1); end"},
		{"is update of", "create trigger g after update of j on p begin insert into seen values (1); end"},
	} {
		db, err := sql.Open("sqlite", ":memory:")
		if err != nil {
			log.Fatal(err)
		}
		db.SetMaxOpenConns(1)
		run := func(s string) string {
			if _, err := db.Exec(s); err != nil {
				text, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "SQL logic error: "), " (")
				return "'" + text + "'"
			}
			return "ok"
		}
		for _, s := range []string{"create table p(id integer primary key, j text, k text)", "create table l(a integer)", "create table seen(x)", "insert into p(j) values ('a')", c.trigger} {
			if got := run(s); got != "ok" {
				log.Fatal(s, got)
			}
		}
		dropped, renamed := run("alter table p drop column j"), run("alter table seen rename column x to y")
		fired := run("insert into l values (1)")
		if c.what == "is update of" {
			fired = run("update p set k = 'b'")
		}
		var seen int
		if err := db.QueryRow("select count(*) from seen").Scan(&seen); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: drop %s, rename %s, fire %s, logged %d\n", c.what, dropped, renamed, fired, seen)
	}
}
GO
GOFLAGS=-mod=mod go mod tidy >/dev/null 2>&1
got=$(go run .)
want="reads: drop 'error in trigger g after drop column: no such column: j', rename ok, fire ok, logged 1
sets: drop ok, rename ok, fire 'no such column: j', logged 0
inserts: drop ok, rename ok, fire 'table p has no column named j', logged 0
is update of: drop ok, rename ok, fire ok, logged 0"
echo "$got"
[ "$got" = "$want" ] || { echo "it behaves otherwise now; expected:"; echo "$want"; exit 1; }
