#!/usr/bin/env bash
# How often the quick gate stops a change that changes nothing: runs it N times on the build that is there and counts.
#   gate_alarms.sh PROGRAM N NOTES
# Each run is one line of NOTES; the same command goes on where it was ended. Exit 1: there was a false alarm.
set -euo pipefail
program=$1 wanted=$2 notes=$3
cd "$(dirname "$0")/../.."
touch "$notes"
while [ "$(wc -l < "$notes")" -lt "$wanted" ]; do
  begin=$(date +%s) status=0
  "$program" gate --exact > "$notes.last" 2>/dev/null || status=$?
  echo "exit $status, $(( $(date +%s) - begin )) s, load $(cut -d' ' -f1 /proc/loadavg)" >> "$notes"
  [ "$status" = 0 ] || cp "$notes.last" "$notes.alarm-$(wc -l < "$notes")"
done
alarms=$(grep -vc '^exit 0,' "$notes" || true)
echo "quick gate: $(wc -l < "$notes") runs of one build, $alarms false alarms"
[ "$alarms" = 0 ]
