#!/bin/sh
# helia fetches archives by CID from a running node.
#
#   tests/interop/bitswap/run.sh GGEN
#
# The peer's packages come through npm with pinned versions. Exit code 77: SKIPPED, with the reason.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
ggen=$(readlink -f -- "$1")
skip() {
    echo "SKIPPED: $1"
    exit 77
}
cd "$here"
for tool in node npm; do
    command -v "$tool" > /dev/null 2>&1 || skip "$tool is not installed"
done
# helia needs Node 22, which npm has as a package. Fetched anew when an older lockfile brought what is here.
if ! cmp -s package-lock.json node_modules/.installed-lock.json; then
    npm ci --silent --no-audit --no-fund || skip "npm cannot fetch helia"
    cp package-lock.json node_modules/.installed-lock.json
fi
exec python3 bitswap.py "$ggen" "$here/node_modules/.bin/node"
