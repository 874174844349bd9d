#!/usr/bin/env bash
# The main job on the packs of examples/, in a temporary folder. Usage: demo.sh PATH_TO_GGEN
# Every time and figure printed is measured in this run; any step that does not do what it should
# ends the demo with an error.
set -euo pipefail
ggen=$1
top=$(cd "$(dirname "$0")/.." && pwd)
room=$(mktemp -d)
nodes=()
trap 'for pid in "${nodes[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  chmod -R u+w "$room" 2>/dev/null; rm -rf "$room"' EXIT
export GGEN_CONFIG_DIR=$room/config GGEN_CACHE_DIR=$room/cache GGEN_DATA_DIR=$room/data
export GGEN_STATE_DIR=$room/state NO_COLOR=1
unset GGEN_KEY GGEN_REGISTRY_URL 2>/dev/null || true
mkdir "$room/project"
cd "$room/project"

# Installed by name; pulls in several others, one of which has newer versions to update to.
pack=ggen/release-notes-skill
dependency=ggen/commit-messages-skill

rows=()
show() { # the command line as a user would type it
  printf '\n$ ggen %s\n' "$*" | sed "s|$room/project|.|g; s|$room|..|g; s|$top/||g"
}
step() { # title command… : runs it, shows what it prints, remembers how long it took
  local title=$1 started ended
  shift
  show "$@"
  started=${EPOCHREALTIME/./}
  "$ggen" "$@" 2>&1 | sed "s|$room|.|g"
  ended=${EPOCHREALTIME/./}
  rows+=("$(printf '%-46s %8.1f ms' "$title" "$(((ended - started) / 100))e-1")")
}
expect_refusal() { # title exit-code command…
  local title=$1 code=$2 started ended status=0
  shift 2
  show "$@"
  started=${EPOCHREALTIME/./}
  "$ggen" "$@" >"$room/out" 2>&1 || status=$?
  ended=${EPOCHREALTIME/./}
  sed "s|$room|.|g" "$room/out"
  if [ "$status" != "$code" ]; then
    echo "demo: expected exit code $code, got $status" >&2
    exit 1
  fi
  echo "(exit code $status, as it should be)"
  rows+=("$(printf '%-46s %8.1f ms' "$title" "$(((ended - started) / 100))e-1")")
}

step "make a signing key" key new ggen/demo
step "make a registry: a folder" registry create "$room/registry" --origin example/demo --alias demo

# The older versions first, so that there is something to update to.
mapfile -t first < <(find "$top/examples/packs" -name gpack.toml -printf '%h\n' | sort -V |
  awk -F/ '{ if ($(NF-1) != last) { print; last = $(NF-1) } }')
mapfile -t later < <(find "$top/examples/packs" -name gpack.toml -printf '%h\n' | sort -V |
  awk -F/ '{ if ($(NF-1) == last) print; last = $(NF-1) }')
step "publish ${#first[@]} packs in one checkpoint" publish "${first[@]}"

step "search" search review
step "search with a typing mistake" search revew --fuzzy --limit 3
step "install one with its dependencies" install "$pack"
step "list" list
step "verify offline: log, signatures, files" verify --offline

victim=$(find -L "$room/project/gpacks" -type f -name '*.md' | sort | head -1)
printf '\n# one byte of %s is changed\n' "${victim#"$room"/project/}"
chmod u+w "$victim"
printf 'X' | dd of="$victim" bs=1 seek=10 conv=notrunc status=none
expect_refusal "verify names the changed file" 6 verify --offline
step "put the published file back" install --force
step "verify again" verify --offline

printf '\n# one byte of every archive in the registry is changed; a machine with an empty cache installs\n'
cp -a "$room/registry/blob" "$room/blob-aside"
find "$room/registry/blob" -type f -exec chmod u+w {} + \
  -exec sh -c 'for f; do printf "\377" | dd of="$f" bs=1 seek=20 conv=notrunc status=none; done' sh {} +
mkdir "$room/stranger"
GGEN_CACHE_DIR=$room/empty-cache expect_refusal "a tampered registry is refused" 6 \
  --project "$room/stranger" install "$pack"
[ ! -e "$room/stranger/gpacks" ] || { echo "demo: a refused install left files" >&2; exit 1; }
rm -rf "$room/registry/blob"
mv "$room/blob-aside" "$room/registry/blob"

step "publish ${#later[@]} newer versions" publish "${later[@]}"
step "what is out of date" outdated
step "update" update --all
step "verify the update offline" verify --offline
step "why is it here" why "$dependency"
step "check the whole registry" registry fsck

# The same among peers: three profiles of their own, on this machine alone, and no registry that all can reach.
peer=() address=()
profile() { # name : what follows is done by NAME
  local kind
  for kind in CONFIG CACHE DATA STATE; do export "GGEN_${kind}_DIR=$room/$1/${kind,,}"; done
  mkdir -p "$room/$1/project"
  cd "$room/$1/project"
  printf '\n# %s\n' "$1"
}
start_node() { # flags… : starts the node of the present profile and remembers it
  step "start a node" p2p start --daemon --listen /ip4/127.0.0.1/tcp/0 --no-mdns "$@"
  local report
  report=$("$ggen" p2p status --json)
  nodes+=("$(sed -n 's/^ *"pid": \([0-9]*\),*$/\1/p' <<<"$report" | head -1)")
  peer+=("$(sed -n 's/^ *"peer": "\(.*\)",*$/\1/p' <<<"$report" | head -1)")
  address+=("$(sed -n 's/^ *"\(\/ip4\/127[^"]*\)",*$/\1/p' <<<"$report" | head -1)/p2p/${peer[-1]}")
}
if [[ $("$ggen" p2p status 2>&1 || true) == *GM0705* ]]; then # a build with the network
  profile alice
  step "make a signing key" key new ggen/alice
  start_node
  step "publish among peers" p2p publish "$top/examples/packs/license-texts/1.0.0"
  profile bob
  start_node --bootstrap "${address[0]}"
  step "follow a peer's registry" follow "${peer[0]}" --alias alice
  step "search it" search license
  step "install from the peer" install ggen/license-texts
  step "verify offline" verify --offline
  profile carol
  start_node --bootstrap "${address[1]}"
  printf '\n# the publisher is killed\n'
  kill -9 "${nodes[0]}"
  step "follow when the publisher is gone" follow "${peer[0]}" --alias alice
  step "install from another follower" install ggen/license-texts
  step "verify offline" verify --offline
  printf '\n# one byte of every archive that bob and carol hold is changed; dave installs\n'
  find "$room"/{bob,carol}/state/p2p/mirrors/*/blob -type f -size +1k -exec chmod u+w {} + \
    -exec sh -c 'for f; do cp "$f" "$f.n"; printf "\377" | dd of="$f.n" bs=1 seek=200 conv=notrunc status=none
      mv -f "$f.n" "$f"; done' sh {} +
  profile dave
  start_node --bootstrap "${address[1]}"
  step "follow" follow "${peer[0]}" --alias alice
  expect_refusal "a forged byte is refused" 7 install ggen/license-texts
  [ ! -e gpacks ] || { echo "demo: a refused install left files" >&2; exit 1; }
fi

printf '\n%-46s %11s\n' "what was done" "took"
printf -- '-%.0s' {1..58}
printf '\n'
printf '%s\n' "${rows[@]}"
entries=$(find "$room/registry/tile" -type f | wc -l)
printf '\nregistry: %s files of log, %s in all; store and cache: %s; project: %s files\n' "$entries" \
  "$(du -sh "$room/registry" | cut -f1)" "$(du -sh "$room/cache" | cut -f1)" \
  "$(find -L "$room/project/gpacks" -type f | wc -l)"
