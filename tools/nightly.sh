#!/usr/bin/env bash
# The suites that are too long for every change. Usage: nightly.sh RELEASE_BUILD SOAK_BUILD [full]
# `full` takes the figures that the project promises (docs/install.md): some twelve hours on two cores.
set -euo pipefail
release=$1
soak=$2
kills=2000 flaky=1000 node_kills=1000 seeds=1000 limits=()
case "${3:-}" in
  full) kills=100000 flaky=10000 seeds=10000 limits=(--full) ;;
  "") ;;
  *) echo "nightly: no such set of figures: $3" >&2; exit 2 ;;
esac
cd "$(dirname "$0")/.."
echo "== kill -9 at injected system calls, $kills runs"
python3 tests/recovery/kill_harness.py "$release/bin/ggen" --runs "$kills"
echo "== 32 concurrent installs, 100 rounds"
python3 tests/recovery/concurrency.py "$release/bin/ggen" --rounds 100
echo "== packages and graphs at the limits"
python3 tests/recovery/limits.py "$release/bin/ggen" "${limits[@]}"
if [ "${3:-}" = full ]; then
  echo "== every enumerated power loss of installs"
  GGEN_CRASH_STATES=1 "$soak/bin/market_test" --gtest_filter='InstallPowerTest.*'
fi
echo "== every single-bit flip of a served 300-entry registry"
GGEN_FLIP_FULL=1 "$soak/bin/registry_flip_test"
echo "== 100,000 searches against the oracle, in memory and over indexes that grow"
GGEN_SEARCH_CASES=100000 GGEN_SEARCH_PACKAGES=5000 "$soak/bin/search_oracle_test"
echo "== faults at 1,000 injected calls"
python3 tests/recovery/faults.py "$release/bin/ggen" --points 1000
echo "== a real npm closure, and $flaky random installs through a server that fails one response in ten"
python3 tests/interop/npm/closure.py "$release/bin/ggen" --flaky "$flaky"
echo "== five hosts that find each other with no configuration"
python3 tests/p2p/hosts.py "$release/bin/ggen" --mib 64 || [ $? = 77 ]
echo "== fifty nodes on loopback"
python3 tests/p2p/fifty.py "$release/bin/ggen"
echo "== what the network costs: records and topics of 50 peers, the weight of a node, a thousand nodes"
python3 tests/p2p/ladder.py "$release/bin/ggen" "$soak/bin/libp2p_peer"
echo "== kill -9 of publishing commands and nodes, and old backups, $node_kills runs"
python3 tests/p2p/kill.py "$release/bin/ggen" --runs "$node_kills" --jobs "$(nproc)"
echo "== kad simulated with 1,000 nodes, a fifth of them dead: the bounds of the scenario hold"
"$release/bin/ggen-sim" --scenario sim/scenarios/kad.json --seed 1 --seeds 3
echo "== $seeds seeds each: installs among 180 hostile peers of 200, and a log with two histories"
for scenario in exchange-small exchange-90; do
  "$release/bin/ggen-sim" --scenario "sim/scenarios/$scenario.json" --seeds "$seeds" --jobs "$(nproc)" \
    --medians install_ms:clean_ms:3 | tail -2
done
for scenario in exchange-100 split-view; do
  "$release/bin/ggen-sim" --scenario "sim/scenarios/$scenario.json" --seeds "$seeds" --jobs "$(nproc)" | tail -1
done
echo "== go- and rust-libp2p as live peers: basics, kad, gossip, roles"
for peer in go rust; do
  tests/interop/run --peer "$peer" --suite all "$soak" || [ $? = 77 ]
done
