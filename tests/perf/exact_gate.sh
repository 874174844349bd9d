#!/usr/bin/env bash
# Whether a build that somebody made slower is stopped: ggen-bench's little sister counts its own tests and writes its
# baseline, then a build of it whose work takes an eighth more is judged by that baseline. The programs are
# those of build/release, since callgrind does not run programs with sanitizers.
#   exact_gate.sh DIRECTORY-OF-PROGRAMS
# Exit 77: no valgrind, or no release build.
set -euo pipefail
good=$1/ggen-bench-testing slower=$1/ggen-bench-testing-slower
command -v valgrind >/dev/null || { echo "SKIPPED: valgrind is not installed (./run peers)"; exit 77; }
[ -x "$good" ] && [ -x "$slower" ] || { echo "SKIPPED: no release build of ggen-bench-testing in $1"; exit 77; }
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"

cat > gate.toml <<'TOML'
[[check]]
section = "Performance"
name = "no test is gone"
judge = "count"
list = "tests.txt"
[[check]]
section = "Performance"
name = "every counted test ran"
judge = "tests"
[[check]]
section = "Performance"
name = "no loss"
judge = "regressions"
[[check]]
section = "Performance"
name = "the gate can fail"
judge = "self_test"
words = ["first/sum"]
TOML
export GGEN_BENCH_SCENE=
"$good" list --ids > tests.txt
"$good" run --quick --no-times --counts 2 2>run.log >run.txt || { cat run.log run.txt; exit 1; }
"$good" baseline export latest exact.json

# What other threads do for a test counts too: the same sum takes no less when a thread adds it up.
python3 - exact.json <<'PYTHON'
import json, sys
counts = {result["id"]: next(f["values"][0] for f in result["figures"] if f["metric"] == "instructions")
          for result in json.load(open(sys.argv[1]))["results"]}
assert counts["first/sum_in_a_thread"] > counts["first/sum"] > 1000, counts
PYTHON

expect() { # exit code, text, command…
  local wanted=$1 text=$2 got=0
  shift 2
  "$@" > out.txt 2> err.txt || got=$?
  if [ "$got" != "$wanted" ] || ! grep -qF -- "$text" out.txt; then
    echo "FAILED: $* ended with $got instead of $wanted, or did not say '$text'"
    cat out.txt err.txt
    exit 1
  fi
}
gate=(gate --exact --config gate.toml --baseline exact.json)
expect 0 "GO" "$good" "${gate[@]}"
# The same program from another, longer place, with another environment and other numbers of processes: the same counts.
mkdir -p "a/longer/place/than/before"
SOMETHING=$(printf 'x%.0s' {1..3000}) expect 0 "GO" "$good" --work "$room/a/longer/place/than/before" "${gate[@]}" --jobs 1
# A page about a stored run measures the same line anew.
touch budgets.toml
expect 0 "first/sum slowed by 15 % fails, and nothing else does" "$good" report latest --config gate.toml --baseline exact.json --budgets budgets.toml
expect 1 "first/sum instructions +12" "$slower" "${gate[@]}"
for scene in removed crash stubbed wrong; do
  GGEN_BENCH_SCENE=$scene expect 1 "NO-GO" "$good" "${gate[@]}"
done
# A loss of 2 % is found each time, in the right test alone.
expect 0 "good" "$good" prove --no-times --comparisons 3
# A baseline is not replaced by worse figures without a word.
cp exact.json worse.json
"$slower" run --quick --no-times --counts 1 2>run.log >run.txt || { cat run.log run.txt; exit 1; }
if "$slower" baseline export latest worse.json 2>err.txt || ! grep -qF -- '--reason' err.txt; then
  echo "FAILED: a baseline was replaced without a reason"; cat err.txt; exit 1
fi
"$slower" baseline export latest worse.json --reason "sums are an eighth longer on purpose"
python3 - worse.json <<'PYTHON'
import json, sys
change, = json.load(open(sys.argv[1]))["changes"]
assert change["reason"].startswith("sums are") and any("first/sum instructions +12" in f for f in change["figures"]), change
PYTHON
expect 0 "GO" "$slower" gate --exact --config gate.toml --baseline worse.json
sed -i 's/valgrind-[0-9.]* /valgrind-0.1 /' exact.json
expect 3 "counter" "$good" "${gate[@]}"
echo "exact gate: all as expected"
