#!/usr/bin/env bash
# The suites that are too long for every change. Usage: nightly.sh RELEASE_BUILD SOAK_BUILD
set -euo pipefail
release=$1
soak=$2
cd "$(dirname "$0")/.."
echo "== kill -9 at injected system calls, 2,000 runs"
python3 tests/recovery/kill_harness.py "$release/bin/ggen" --runs 2000
echo "== 32 concurrent installs, 100 rounds"
python3 tests/recovery/concurrency.py "$release/bin/ggen" --rounds 100
echo "== every single-bit flip of a served 300-entry registry"
GGEN_FLIP_FULL=1 "$soak/bin/registry_flip_test"
echo "== 100,000 searches against the oracle, in memory and over indexes that grow"
GGEN_SEARCH_CASES=100000 GGEN_SEARCH_PACKAGES=5000 "$soak/bin/search_oracle_test"
echo "== faults at 1,000 injected calls"
python3 tests/recovery/faults.py "$release/bin/ggen" --points 1000
echo "== a real npm closure, and 1,000 random installs through a server that fails one response in ten"
python3 tests/interop/npm/closure.py "$release/bin/ggen" --flaky 1000
echo "== go-libp2p as a live peer: basics, kad, gossip"
tests/interop/run --peer go --suite all "$soak" || [ $? = 77 ]
