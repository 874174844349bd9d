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
../have_packages || skip "npm cannot fetch helia"
exec python3 bitswap.py "$ggen" "$here/node_modules/.bin/node"
