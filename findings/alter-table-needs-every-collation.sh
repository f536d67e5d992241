#!/usr/bin/env bash
# One index on a collation that a program registers keeps every other table from being
# altered by anybody else.
#
# Guess:    a collation the connection lacks is missed by what sorts or compares with it. A
#           column of another table can be dropped or renamed all the same.
# Seen:     SQLite 3.54.1 (modernc.org/sqlite v1.61.1): ALTER TABLE … DROP COLUMN, RENAME
#           COLUMN and RENAME TO of *any* table fail with "no such collation sequence", since
#           the whole schema is compiled anew. ADD COLUMN, DROP TABLE, reading and writing of
#           other tables go on. Without the index, with the collation on the column alone,
#           all of them do.
# Output:   what each statement on the other table answers, without and with the index.
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
	"os"
	"strings"

	"modernc.org/sqlite"
)

func run(db *sql.DB, statements ...string) {
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			log.Fatalf("%s: %v", s, err)
		}
	}
}

func main() {
	if len(os.Args) > 1 { // the program that has the collation
		sqlite.MustRegisterCollationUtf8("german", strings.Compare)
		for _, name := range []string{"column", "index"} {
			db, err := sql.Open("sqlite", "file:"+name+".db")
			if err != nil {
				log.Fatal(err)
			}
			run(db, "create table words(w text collate german)", "create table other(a, b, c)")
			if name == "index" {
				run(db, "create index words_w on words(w)")
			}
			db.Close()
		}
		return
	}
	for _, name := range []string{"column", "index"} {
		db, err := sql.Open("sqlite", "file:"+name+".db")
		if err != nil {
			log.Fatal(err)
		}
		for _, s := range []string{
			"insert into other values (1, 2, 3)", "alter table other add column d", "alter table other drop column a",
			"alter table other rename column b to e", "alter table other rename to another",
		} {
			_, err := db.Exec(s)
			word := "done"
			if err != nil {
				word = err.Error()
			}
			fmt.Printf("%s: %s: %s\n", name, s, word)
		}
		db.Close()
	}
}
GO
GOFLAGS=-mod=mod go mod tidy >/dev/null 2>&1
go run . make
got=$(go run .)
want='column: insert into other values (1, 2, 3): done
column: alter table other add column d: done
column: alter table other drop column a: done
column: alter table other rename column b to e: done
column: alter table other rename to another: done
index: insert into other values (1, 2, 3): done
index: alter table other add column d: done'
echo "$got"
[ "$(head -7 <<<"$got")" = "$want" ] && [ "$(grep -c 'no such collation sequence: german' <<<"$got")" = 3 ] ||
	{ echo "it behaves otherwise now; expected:"; echo "$want"; exit 1; }
