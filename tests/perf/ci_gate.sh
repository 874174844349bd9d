#!/usr/bin/env bash
# Whether continuous integration stops when the quick gate says no: .ci/run with everything before it replaced.
#   ci_gate.sh SOURCE-DIRECTORY
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
mkdir -p "$room/.ci" "$room/build/release/bin"
cp "$1/.ci/run" "$room/.ci/run"
printf '#!/bin/sh\nexit 0\n' > "$room/run"
chmod +x "$room/run" "$room/.ci/run"
for status in 0 1 3; do
  printf '#!/bin/sh\n[ "$*" = "gate --exact" ] || exit 9\nexit %s\n' "$status" > "$room/build/release/bin/ggen-bench"
  chmod +x "$room/build/release/bin/ggen-bench"
  got=0
  "$room/.ci/run" 2>/dev/null || got=$?
  [ "$got" = "$status" ] || { echo "FAILED: the gate ends with $status and .ci/run with $got"; exit 1; }
done
echo "ci gate: .ci/run ends as the gate does"
