#!/usr/bin/env bash
# A text with a NUL in it becomes a number when it is put into an INTEGER column.
#
# Guess:    affinity converts a text only where the whole of it reads as a number; '7', NUL,
#           'x' doesn't, so it stays the text it is, as any other text does.
# Seen:     SQLite 3.54.1 (modernc.org/sqlite v1.61.1) stores the integer 7: it reads up to
#           the NUL and drops the rest, without an error. SQLite 3.46 (v1.33.1) keeps the
#           text. Cloudflare's two D1 runtimes of this year differ in the same way, so a copy
#           from one to the other changes such values.
# Output:   version, storage class and bytes of the value in an INTEGER column, per release.
set -euo pipefail

dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
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
	if _, err := db.Exec("create table t(n integer); insert into t values (cast(x'370078' as text)), ('7x')"); err != nil {
		log.Fatal(err)
	}
	var version, first, second string
	err = db.QueryRow("select sqlite_version(), (select typeof(n) || ' ' || hex(n) from t where rowid = 1), (select typeof(n) || ' ' || hex(n) from t where rowid = 2)").Scan(&version, &first, &second)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: 7 NUL x is %s, 7x is %s\n", version, first, second)
}
GO
run() {
	printf 'module finding\n\ngo 1.24\n\nrequire modernc.org/sqlite %s\n' "$1" >go.mod
	rm -f go.sum
	GOFLAGS=-mod=mod go mod tidy >/dev/null 2>&1
	go run .
}
got=$(run v1.33.1; run v1.61.1)
want='3.46.0: 7 NUL x is text 370078, 7x is text 3778
3.54.1: 7 NUL x is integer 37, 7x is text 3778'
echo "$got"
[ "$got" = "$want" ] || { echo "it behaves otherwise now; expected:"; echo "$want"; exit 1; }
