#!/bin/sh
# The static checks: all of them, or the ones named.
#
#   tools/check.sh [format vet staticcheck templ assets tidy rules]
#
# Nothing in the tree is changed: what is generated is generated again in a
# temporary folder and compared. All checks run, and then the ones that failed
# are named.
set -u
cd "$(dirname "$0")/.."

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM HUP

tool() { go tool -modfile=tools/go.mod "$@"; }

# in_bench runs a command on the benchmarks, which are a module with C in it.
in_bench() { ./tools/setup.sh gcc && (cd bench && CGO_ENABLED=1 "$@"); }

# copy puts the folder web into $tmp/$1, without the packages of npm.
copy() { mkdir -p "$tmp/$1" && tar -c --exclude=node_modules web | tar -x -C "$tmp/$1"; }

# quietly runs a command and prints what it said only if it failed.
quietly() {
	"$@" >"$tmp/log" 2>&1 && return
	cat "$tmp/log"
	return 1
}

format() {
	found=$(find . -name node_modules -prune -o -name '*.go' -exec gofmt -l {} +) || return
	[ -z "$found" ] && return
	echo "not formatted, run gofmt -w on:"
	echo "$found"
	return 1
}

vet() { go vet ./... && go vet -tags failpoint ./... && in_bench go vet ./...; }

staticcheck() { tool staticcheck ./... && in_bench go tool -modfile=../tools/go.mod staticcheck ./...; }

# templ compares the generated Go with what the .templ files give, and sees files
# whose source is gone.
templ() {
	copy templ
	find "$tmp/templ" -name '*_templ.go' -exec rm {} +
	quietly tool templ generate -path "$tmp/templ/web/templates" || return
	diff -r web/templates "$tmp/templ/web/templates" && return
	echo 'run "make generate" and commit the result'
	return 1
}

# assets compares web/static/dist with a build from a fresh install.
assets() {
	copy assets
	(cd "$tmp/assets/web/assets" &&
		quietly npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier </dev/null &&
		quietly npm run build </dev/null) || return
	diff -rq web/static/dist "$tmp/assets/web/static/dist" && return
	echo 'run "make assets" and commit the result'
	return 1
}

tidy() {
	go mod tidy -diff && (cd tools && go mod tidy -diff) && (cd bench && go mod tidy -diff) && return
	echo 'run "go mod tidy", in tools/ and bench/ too'
	return 1
}

rules() { go test ./internal/check && in_bench go test ./...; }

failed=
for check in ${*:-format vet staticcheck templ assets tidy rules}; do
	case $check in
	format | vet | staticcheck | templ | assets | tidy | rules) ;;
	*) echo "check: there is no check called \"$check\"" >&2 && exit 2 ;;
	esac
	start=$(date +%s)
	word=ok
	"$check" || { word=FAILED && failed="$failed $check"; }
	echo "check: $check $word ($(($(date +%s) - start)) s)"
done
[ -z "$failed" ] || { echo "check: failed:$failed" >&2 && exit 1; }
