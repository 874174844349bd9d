#!/bin/sh
# The acceptance set of the simulator, small: expectations and invariants hold.
#   acceptance.sh GGEN-SIM                          each twice: one seed gives one line
#   acceptance.sh GGEN-SIM SEEDS [JOBS] [SCENARIO]  each scenario, or one, with the seeds 1 to SEEDS (attacks by hundreds
#                                                   of nodes: a fiftieth of them), JOBS (2) processes at a time
# With many seeds no invariant may break and every expectation has to hold, but two kinds: how many copies of a message
# arrive and how long things take are promised for 1,000 nodes, so of these small networks one in twenty may miss them.
set -eu
program=$1
seeds=${2:-}
jobs=${3:-2}
only=${4:-}
chunk=25
fail() {
    echo "acceptance: $1" >&2
    exit 1
}
many() { # scenario, nodes, seeds
    log=$(mktemp)
    # What is wrong is in the lines; xargs would stop at the first program that fails.
    seq 1 $chunk "$3" | xargs -P "$jobs" -I SEED sh -c '
        last=$((SEED + '$chunk' - 1))
        [ "$last" -gt '"$3"' ] && last='"$3"'
        "$0" --scenario "$1" --nodes "$2" --seed SEED --seeds $((last - SEED + 1)) 2>&1 || true' \
        "$program" "sim/scenarios/$1.json" "$2" > "$log"
    good=$(grep -c " ok digest=" "$log" || true)
    small="^ggen-sim: .* --seed [0-9]+: ((copies|[a-z0-9_]+_ms) is [0-9.]+, not -inf to [0-9.]+(; )?)+$"
    missed=$(grep -cE "$small" "$log" || true)
    [ $((good + missed)) -eq "$3" ] || fail "$1: $(grep -E "^ggen-sim: " "$log" | grep -vE "$small" | head -3)"
    [ $((missed * 20)) -le "$3" ] || fail "$1: slower or more copies than promised with $missed of $3 seeds"
    echo "$1 $2 nodes: $good of $3 seeds, $missed slower or with more copies than promised for 1,000 nodes, 0 invariants broken"
    rm -f "$log"
}
twice() { # scenario, nodes, seed
    run() { "$program" --scenario "sim/scenarios/$1.json" --nodes "$2" --seed "$3"; }
    first=$(run "$@") || fail "$1, $2 nodes, seed $3: $first"
    second=$(run "$@") || fail "$1, $2 nodes, seed $3: the second run failed"
    # All but the processor time it took.
    first=${first%% cpu_s=*}
    second=${second%% cpu_s=*}
    [ "$first" = "$second" ] || fail "$1, seed $3: two runs, two results:
$first
$second"
    echo "$first"
}
while read -r scenario nodes seed; do
    [ -z "$only" ] || [ "$only" = "$scenario" ] || continue
    case $seed in
        many) [ -z "$seeds" ] || many "$scenario" "$nodes" $(((seeds + 49) / 50)) ;;
        1) if [ -n "$seeds" ]; then many "$scenario" "$nodes" "$seeds"; else twice "$scenario" "$nodes" 1; fi ;;
        *) [ -n "$seeds" ] || twice "$scenario" "$nodes" "$seed" ;;
    esac
done <<'SET'
echo 40 1
echo 40 2
flood 40 1
gossip-1k 40 1
gossip-1k 40 2
gossip-large 30 1
gossip-wire 20 1
kad 40 1
exchange-90 200 1
exchange-90 200 2
exchange-small 200 1
exchange-100 200 1
split-view 24 1
split-view 24 2
split-view 24 3
attack-eclipse-target 40 many
attack-eclipse-publishers 40 many
attack-eclipse-network 40 many
attack-censor 40 many
attack-degrade 40 many
attack-cold-boot 40 many
attack-covert-flash 40 many
attack-dawn 40 many
attack-colocation 40 many
SET
