#!/usr/bin/env bash
# The declared type of a column that begins with a name in quotes is told wrongly.
#
# Guess:    [x] is a name in quotes like "x", in a type as anywhere: [long] blob is the type
#           long blob, or is kept with its brackets.
# Seen:     SQLite 3.54.1 (modernc.org/sqlite v1.61.1) tells other types than were declared:
#           for [long] blob it is "long] blo", the first and the last byte of the whole being
#           taken for the quotes, and for "my" int it ends at the second quote. The column's
#           affinity is that of the text, so who works it out from what table_info tells, by
#           the rules of the documentation, finds another one: "my] in" holds no INT.
# Output:   the types as table_info tells them, and the class of a '7' in each column.
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
	if _, err := db.Exec(`create table t(a [long] blob, b [my] int, c my int, d [int], e "my" int); insert into t values ('7', '7', '7', '7', '7')`); err != nil {
		log.Fatal(err)
	}
	rows, err := db.Query(`select name, type from pragma_table_info('t')`)
	if err != nil {
		log.Fatal(err)
	}
	for rows.Next() {
		var name, declared string
		if err := rows.Scan(&name, &declared); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s <%s>\n", name, declared)
	}
	rows.Close()
	var classes string
	if err := db.QueryRow("select typeof(a) || ' ' || typeof(b) || ' ' || typeof(c) || ' ' || typeof(d) || ' ' || typeof(e) from t").Scan(&classes); err != nil {
		log.Fatal(err)
	}
	fmt.Println(classes)
}
GO
GOFLAGS=-mod=mod go mod tidy >/dev/null 2>&1
got=$(go run .)
want='a <long] blo>
b <my] in>
c <my int>
d <INT>
e <my>
integer integer integer integer integer'
echo "$got"
[ "$got" = "$want" ] || { echo "it behaves otherwise now; expected:"; echo "$want"; exit 1; }
