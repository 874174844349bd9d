#!/bin/sh
# Has npm's @sigstore/verify check tlog-proof files that ggen wrote.
#
#   run.sh VKEY PROOF...             proofs with the entry in their extra line, or in PROOF.entry
#   run.sh --test-log BUILD-DIR [N]  proofs of a log of N entries from make_test_log
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

for tool in node npm; do
    if ! command -v "$tool" > /dev/null 2>&1; then
        echo "SKIPPED: $tool is not installed"
        exit 77
    fi
done
if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 17) ? 0 : 1)'; then
    echo "SKIPPED: @sigstore/verify needs node 20.17, this is $(node --version)"
    exit 77
fi
if [ ! -d "$here/node_modules/@sigstore/verify" ] && ! (cd "$here" && npm ci --silent --no-audit --no-fund); then
    echo "SKIPPED: npm cannot fetch @sigstore/verify"
    exit 77
fi

if [ "${1:-}" != --test-log ]; then
    exec node "$here/verify.mjs" "$@"
fi
build=$(CDPATH='' cd -- "${2:?usage: run.sh --test-log BUILD-DIR [N]}" && pwd)
if [ ! -x "$build/bin/make_test_log" ]; then
    echo "run.sh: $build/bin/make_test_log is not built" >&2
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$build/bin/make_test_log" "$work/log" "${3:-1000}"
node "$here/verify.mjs" "$(cat "$work/log/vkey")" "$work"/log/proofs/*.tlog-proof
