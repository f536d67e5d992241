#!/bin/sh
# Runs every fuzz target for a while (5s, or the time given). A failing input is
# kept by go in the package's testdata/fuzz, where it becomes a test.
set -eu
cd "$(dirname "$0")/.."

targets=$(grep -rEo --include='*_test.go' --exclude-dir=node_modules '^func Fuzz[A-Za-z0-9_]*' cmd internal schemas web | sort)
[ -n "$targets" ] || { echo "fuzz: no target found" >&2 && exit 1; }
echo "$targets" | while IFS=: read -r file func; do
	name=${func#func }
	echo "fuzz: $name in $(dirname "$file")"
	go test -run '^$' -fuzz "^$name\$" -fuzztime "${1:-5s}" "./$(dirname "$file")" </dev/null
done
