#!/bin/sh
# A small acceptance set of the simulator, each run twice: expectations and invariants hold, and one seed gives one line.
#   acceptance.sh GGEN-SIM
set -eu
program=$1
fail() {
    echo "acceptance: $1" >&2
    exit 1
}
while read -r scenario nodes seed; do
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
exchange-90 200 1
exchange-90 200 2
exchange-small 200 1
exchange-100 200 1
split-view 24 1
split-view 24 2
split-view 24 3
SET
