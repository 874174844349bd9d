#!/bin/sh
# What -DGGEN_P2P=OFF gives: a program without the network that says so, and a tree that configures without its parts.
#   without_p2p.sh PROGRAM CMAKE BUILD-DIR
set -eu
program=$1
cmake=$2
build=$3
fail() {
    echo "without_p2p: $1" >&2
    exit 1
}

peer=/ip4/127.0.0.1/tcp/1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN
for command in ping identify perf; do
    code=0
    said=$("$program" p2p "$command" "$peer" 2>&1) || code=$?
    [ "$code" = 1 ] || fail "p2p $command ends with $code"
    case "$said" in
        *"built without the peer-to-peer network"*) ;;
        *) fail "p2p $command says: $said" ;;
    esac
done
"$program" version > /dev/null

off=$build/without-p2p
rm -rf "$off"
"$cmake" -S . -B "$off" -G Ninja -DGGEN_P2P=OFF -DGGEN_TESTS=ON > "$build/without-p2p.log" 2>&1 ||
    fail "the tree does not configure: see $build/without-p2p.log"
if "$cmake" --build "$off" --target help | grep -E '^(p2p_|net_p2p|ggen_p2p|ggen_net_p2p|libp2p_peer)'; then
    fail "targets of the network are left"
fi
"$cmake" --build "$off" --target help | grep -q '^ggen: ' || fail "the program is no target"
rm -rf "$off"
echo "without the network: 3 commands refused, the tree configures"
