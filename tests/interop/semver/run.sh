#!/bin/sh
# Compares ggen's versions and ranges with npm's semver package: run.sh BUILD-DIR [PAIRS] [SEED]
set -eu
build=${1:?usage: run.sh BUILD-DIR [PAIRS] [SEED]}
pairs=${2:-120000}
seed=${3:-1}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
peer=$(CDPATH='' cd -- "$build" && pwd)/bin/semver_peer

for tool in node npm; do
    if ! command -v "$tool" > /dev/null 2>&1; then
        echo "SKIPPED: $tool is not installed"
        exit 77
    fi
done
if [ ! -x "$peer" ]; then
    echo "run.sh: $peer is not built (target semver_peer)" >&2
    exit 1
fi
cd "$here"
if [ ! -d node_modules/semver ] && ! npm ci --silent --no-audit --no-fund; then
    echo "SKIPPED: npm cannot fetch the semver package"
    exit 77
fi
exec node diff.mjs "$peer" "$pairs" "$seed"
