#!/usr/bin/env bash
# Two keys joined by OR, each compared a second time in another collation, read a table whole.
#
# Guess:    `a = 'x' AND a = 'x' COLLATE BINARY` picks one exact row of a table whose key is
#           COLLATE NOCASE, by its index. Two of these joined by OR are two searches, as they
#           are in every SQLite of before, and as they are without the second test.
# Seen:     SQLite 3.49.1 (sql.js 1.14.0) searches twice ("MULTI-INDEX OR"). SQLite 3.54.1
#           (sql.js 1.17.0) searches for one such key, and for two it scans the table. A `+`
#           before the second comparison doesn't help. The rows are the same, the cost isn't: a
#           grid that reads a hundred rows by their keys reads all of them, and D1 bills that.
# Output:   for each version the plan of one key, of two, and of two without the second test.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >plan.js <<'JS'
require("./" + process.argv[2] + "/node_modules/sql.js")().then((SQL) => {
  const db = new SQL.Database();
  db.run("create table t(a text collate nocase primary key, v) without rowid");
  const plan = (where) =>
    db.exec("explain query plan select v from t where " + where)[0].values
      .map((row) => row[3].split(" ")[0]).join(" ");
  const key = (v) => `(a = '${v}' and a = '${v}' collate binary)`;
  console.log(db.exec("select sqlite_version()")[0].values[0][0]);
  console.log(" one key: ", plan(key("x")));
  console.log(" two keys:", plan(key("x") + " or " + key("y")));
  console.log(" two, as the column collates:", plan("(a = 'x' and v > 1) or (a = 'y' and v > 1)"));
});
JS
got=
for version in 1.14.0 1.17.0; do
	mkdir "$version"
	(cd "$version" && echo '{"private":true}' >package.json && npm install --silent --no-audit --no-fund --no-save "sql.js@$version" >/dev/null)
	got+=$(node plan.js "$version")$'\n'
done
want='3.49.1
 one key:  SEARCH
 two keys: MULTI-INDEX INDEX SEARCH INDEX SEARCH
 two, as the column collates: MULTI-INDEX INDEX SEARCH INDEX SEARCH
3.54.1
 one key:  SEARCH
 two keys: SCAN
 two, as the column collates: MULTI-INDEX INDEX SEARCH INDEX SEARCH
'
echo -n "$got"
[ "$got" = "$want" ] || { echo "it behaves otherwise now; expected:"; echo -n "$want"; exit 1; }
