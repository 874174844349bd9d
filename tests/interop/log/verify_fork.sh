#!/bin/sh
# Has Debian's golang.org/x/mod verify evidence that a log signed two histories, and refuse it once it is damaged.
#
#   verify_fork.sh EVIDENCE.json VKEY
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
sources=/usr/share/gocode
go=$(command -v go || true)
for candidate in /usr/lib/go-1.19/bin/go /usr/local/go/bin/go; do
    if [ -z "$go" ] && [ -x "$candidate" ]; then go=$candidate; fi
done
if [ -z "$go" ] || [ ! -d "$sources/src/golang.org/x/mod/sumdb/tlog" ]; then
    echo "SKIPPED: go or golang.org/x/mod is not installed (Debian: golang-go golang-golang-x-mod-dev)"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${HOME:-}${XDG_CACHE_HOME:-}${GOCACHE:-}" ]; then export GOCACHE="$work/cache"; fi
GO111MODULE=off GOPATH=$sources GOFLAGS='' "$go" build -o "$work/verify_fork" "$here/verify_fork.go"
"$work/verify_fork" "$1" "$2"
# The first checkpoint twice accuses nobody; nor does a key that is another's.
sed 's/"second": .*/"second": "",/' "$1" > "$work/half.json"
if "$work/verify_fork" "$work/half.json" "$2" > /dev/null 2>&1; then
    echo "verify_fork.sh: half of the evidence was accepted" >&2
    exit 1
fi
