#!/bin/sh
# The acceptance set of the simulator, small: expectations and invariants hold.
#   acceptance.sh GGEN-SIM                 each twice: one seed gives one line
#   acceptance.sh GGEN-SIM SEEDS [JOBS]    each scenario with the seeds 1 to SEEDS, JOBS (2) processes at a time
set -eu
program=$1
seeds=${2:-}
jobs=${3:-2}
chunk=25
fail() {
    echo "acceptance: $1" >&2
    exit 1
}
many() {
    log=$(mktemp)
    seq 1 $chunk "$seeds" | xargs -P "$jobs" -I SEED sh -c '
        last=$((SEED + '$chunk' - 1))
        [ "$last" -gt '"$seeds"' ] && last='"$seeds"'
        exec "$0" --scenario "$1" --nodes "$2" --seed SEED --seeds $((last - SEED + 1))' \
        "$program" "sim/scenarios/$1.json" "$2" > "$log" || fail "$1: $(grep -v " ok " "$log" | head -3)"
    echo "$1 $2 nodes: $(grep -c " ok " "$log") of $seeds seeds"
    rm -f "$log"
}
while read -r scenario nodes seed; do
    if [ -n "$seeds" ]; then
        [ "$seed" != 1 ] || many "$scenario" "$nodes"
        continue
    fi
    run() { "$program" --scenario "sim/scenarios/$scenario.json" --nodes "$nodes" --seed "$seed"; }
    first=$(run) || fail "$scenario, $nodes nodes, seed $seed: $first"
    second=$(run) || fail "$scenario, $nodes nodes, seed $seed: the second run failed"
    # All but the processor time it took.
    first=${first%% cpu_s=*}
    second=${second%% cpu_s=*}
    [ "$first" = "$second" ] || fail "$scenario, seed $seed: two runs, two results:
$first
$second"
    echo "$first"
done <<'SET'
echo 40 1
echo 40 2
flood 40 1
gossip-1k 40 1
gossip-1k 40 2
gossip-large 30 1
gossip-wire 20 1
exchange-90 200 1
exchange-90 200 2
exchange-small 200 1
exchange-100 200 1
split-view 24 1
split-view 24 2
split-view 24 3
SET
