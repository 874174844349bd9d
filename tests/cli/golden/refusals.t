# Each row of the exit code table that a person can meet.
$ world
$ ggen install acme/nothing
$ ggen install acme/ap
$ ggen info acme/bass
$ ggen install acme/base@^9
$ ggen install acme/base@2.0.0 --json
$ ggen why acme/app
$ ggen remove acme/app
$ ggen registry remove man
$ ggen install acme/app --registry other
# 4: no key, or the wrong one.
$ GGEN_CONFIG_DIR=$ROOM/empty ggen key show
$ pack other/pack 1.0.0; mkdir -p "$ROOM/thief"; cp -r "$ROOM/config/." "$ROOM/thief/"
$ GGEN_CONFIG_DIR=$ROOM/thief ggen key new evil/laptop --force >/dev/null 2>&1; pack acme/base 1.0.1; GGEN_CONFIG_DIR=$ROOM/thief ggen publish packs/acme-base-1.0.1
# 5: it exists and cannot change.
$ ggen registry create "$ROOM/registry" --origin example/other
$ echo changed >>packs/acme-base-1.0.0/README.md; ggen publish packs/acme-base-1.0.0
$ mkdir -p gpacks/acme/base; echo mine >gpacks/acme/base/notes.txt; ggen install acme/base
$ rm -r gpacks; ggen install acme/app >/dev/null 2>&1; ggen list --plain
# 6: changed files.
$ chmod -R u+w gpacks; echo x >>gpacks/acme/base/README.md; ggen verify --offline
$ ggen verify --offline --json 2>/dev/null | grep -c '"sound": false'
$ ggen install --force >/dev/null 2>&1; ggen verify --offline -q >/dev/null
# 8: versions that contradict each other.
$ pack acme/old 1.0.0 '"acme/base" = "^0.9"'; ggen publish packs/acme-old-1.0.0 >/dev/null 2>&1; ggen install acme/old
# 9: the network is off.
$ rm -rf "$ROOM/cache"; ggen registry list --plain | cut -f1,2; ggen install acme/tool --offline --target elsewhere
# 1: a manifest with a mistake, at its line and column.
$ mkdir -p bad; printf '[gpack]\nname = "acme/bad"\nversion = "one"\n' >bad/gpack.toml; ggen pack bad
$ mkdir -p none; ggen publish none
# 7: nobody answers.
$ ggen registry add http://127.0.0.1:9 --alias gone
