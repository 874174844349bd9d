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
# A baseline that was counted elsewhere (3) is told and does not decide.
for pair in 0:0 1:1 2:2 3:0; do
  status=${pair%:*} wanted=${pair#*:}
  printf '#!/bin/sh\n[ "$*" = "gate --exact" ] || exit 9\nexit %s\n' "$status" > "$room/build/release/bin/ggen-bench"
  chmod +x "$room/build/release/bin/ggen-bench"
  got=0
  "$room/.ci/run" 2>/dev/null || got=$?
  [ "$got" = "$wanted" ] || { echo "FAILED: the gate ends with $status and .ci/run with $got"; exit 1; }
done
echo "ci gate: .ci/run is red where the gate says no"
