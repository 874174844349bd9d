#!/bin/sh
# Resolves random roots of Debian's package index and checks every answer.
# usage: debian_suite.sh RESOLVE_DEBIAN [ROOTS] [SEED]      exit 77: no index on this machine
set -eu
checker=$1
roots=${2:-1000}
seed=${3:-1}
here=$(dirname "$0")
index=$(mktemp)
trap 'rm -f "$index"' EXIT
code=0
python3 "$here/debian_index.py" --out "$index" || code=$?
[ "$code" = 0 ] || exit "$code"
"$checker" "$index" "$roots" "$seed"
