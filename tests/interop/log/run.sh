#!/bin/sh
# Has Debian's golang.org/x/mod verify a log that ggen wrote.
#
#   run.sh [-n N] [-cosigner VKEY] REGISTRY VKEY [PROOF...]   a registry, and tlog-proof files cut from it
#   run.sh --test-log BUILD-DIR [N]                           a log of N entries from make_test_log, then
#                                                             the same log with each kind of file damaged
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
sources=/usr/share/gocode

go=$(command -v go || true)
for candidate in /usr/lib/go-1.19/bin/go /usr/local/go/bin/go; do
    if [ -z "$go" ] && [ -x "$candidate" ]; then go=$candidate; fi
done
if [ -z "$go" ]; then
    echo "SKIPPED: go is not installed (Debian: golang-go)"
    exit 77
fi
if [ ! -d "$sources/src/golang.org/x/mod/sumdb/tlog" ]; then
    echo "SKIPPED: golang.org/x/mod is not installed (Debian: golang-golang-x-mod-dev)"
    exit 77
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${HOME:-}${XDG_CACHE_HOME:-}${GOCACHE:-}" ]; then export GOCACHE="$work/cache"; fi
GO111MODULE=off GOPATH=$sources GOFLAGS='' "$go" build -o "$work/verify" "$here/verify.go"

if [ "${1:-}" != --test-log ]; then
    "$work/verify" "$@"
    exit
fi

build=$(CDPATH='' cd -- "${2:?usage: run.sh --test-log BUILD-DIR [N]}" && pwd)
if [ ! -x "$build/bin/make_test_log" ]; then
    echo "run.sh: $build/bin/make_test_log is not built" >&2
    exit 1
fi
log=$work/log
"$build/bin/make_test_log" "$log" "${3:-1000}"
check() {
    "$work/verify" -cosigner "$(cat "$log/cosigner")" "$log/registry" "$(cat "$log/vkey")" "$log"/proofs/*.tlog-proof
}
check

# A verifier that says yes to everything would have passed so far.
refused=0
for file in registry/checkpoint registry/tile/entries/000 registry/tile/0/000 proofs/0.tlog-proof; do
    [ -e "$log/$file" ] || continue
    cp "$log/$file" "$work/kept"
    printf '~' | dd of="$log/$file" bs=1 seek=3 conv=notrunc status=none
    if cmp -s "$work/kept" "$log/$file"; then
        echo "run.sh: $file was not damaged" >&2
        exit 1
    fi
    if check > /dev/null 2>&1; then
        echo "run.sh: a damaged $file was accepted" >&2
        exit 1
    fi
    refused=$((refused + 1))
    cp "$work/kept" "$log/$file"
done
check > /dev/null
echo "x/mod refused $refused damaged files"
