#!/bin/sh
# Installs what the tests need and this machine lacks, and says what and why.
#
#   tools/setup.sh chromium runtime axe gcc sqlite3
#
# Programs come from apt, packages for node from npm by their lockfiles. What is
# there already is left alone. It fails where it can't help, so that no test is
# left out in silence.
set -eu
cd "$(dirname "$0")/.."

say() { echo "setup: $*"; }
fail() {
	echo "setup: $*" >&2
	exit 1
}

# as_root runs a command as root.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -n "$@"
	else
		fail "\"$*\" has to be run by root, and there is no sudo"
	fi
}

updated=

# package installs an apt package: its name, then what it is for.
package() {
	command -v apt-get >/dev/null ||
		fail "$1 is missing ($2), and there is no apt to install it with: please install it"
	say "installing $1 with apt: $2"
	export DEBIAN_FRONTEND=noninteractive
	if [ -z "$updated" ]; then
		as_root apt-get update -q </dev/null >&2 || fail "apt-get update failed"
		updated=yes
	fi
	as_root apt-get install -q -y --no-install-recommends "$1" </dev/null >&2 ||
		fail "apt could not install $1: please install it"
}

need_node() {
	for tool in node npm; do
		command -v "$tool" >/dev/null ||
			fail "$tool is missing: the tests need node 20 or newer with npm ($1)"
	done
}

# npm_ci installs what a folder's lockfile says, unless that was done. npm writes
# node_modules/.package-lock.json last. workerd itself is an optional package, one
# for each system.
npm_ci() {
	need_node "$2"
	[ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ] && return
	say "npm ci in $1: $2"
	(cd "$1" && npm ci --ignore-scripts --include=optional --no-audit --no-fund --no-update-notifier --loglevel=error </dev/null)
}

command -v go >/dev/null || fail "go is missing: install Go 1.26 or newer"

for want in "$@"; do
	case $want in
	chromium)
		[ -x /usr/bin/chromium ] || package chromium "the browser tests drive it"
		[ -x /usr/bin/chromium ] || fail "the browser tests look for Chromium at /usr/bin/chromium"
		;;
	gcc)
		command -v gcc >/dev/null || package gcc "the race detector needs cgo, and cgo a C compiler"
		[ -e /usr/include/stdlib.h ] || [ "$(uname)" != Linux ] || package libc6-dev "cgo needs the C library's headers"
		;;
	sqlite3) command -v sqlite3 >/dev/null || package sqlite3 "files as another program makes them" ;;
	runtime)
		npm_ci internal/d1/d1test/workerd/sqlite-3.47 "Cloudflare's D1 runtime with SQLite 3.47 (workerd, 170 MB); the engine is compared with it"
		npm_ci internal/d1/d1test/workerd/sqlite-3.54 "the newest one, with SQLite 3.54, and the Node 22 it needs (380 MB); the engine is compared with both"
		;;
	axe) npm_ci web/assets "axe-core; the browser tests check every page with it" ;;
	*) fail "there is nothing called \"$want\" to install" ;;
	esac
done
