# Each row of the exit code table that a person can meet.
$ world

$ ggen install acme/nothing
! error[GM0502]: acme/nothing: there is no such package
!   cause: the package does not exist in the registry
!   help: `ggen search` finds names
[3]

$ ggen install acme/ap
! error[GM0502]: acme/ap: there is no such package
!   cause: the package does not exist in the registry
!   help: did you mean `acme/app`?
[3]

$ ggen info acme/bass
! error[GM0502]: main has no package acme/bass
!   cause: the package does not exist in the registry
!   help: did you mean `acme/base`, `acme/app`?
[3]

$ ggen install acme/base@^9
! error[GM0501]: Your project needs acme/base ^9, but no version of acme/base matches (1.0.0 exists).
!   cause: no set of versions satisfies every requirement
!   help: it works with acme/base 1.0.0 instead of ^9
[8]

$ ggen install acme/base@2.0.0 --json
! {
!   "schema": "ggen.error/1",
!   "code": "GM0501",
!   "kind": "refused",
!   "title": "no set of versions satisfies every requirement",
!   "detail": "Your project needs acme/base 2.0.0, but no version of acme/base matches (1.0.0 exists).",
!   "help": "it works with acme/base 1.0.0 instead of 2.0.0",
!   "causes": [
!     "Your project needs acme/base 2.0.0, but no version of acme/base matches (1.0.0 exists)."
!   ],
!   "exit_code": 8
! }
[8]

$ ggen why acme/app
! error[GM0607]: acme/app is not installed here
!   cause: the package is not installed here
!   help: ggen list shows what is
[3]

$ ggen remove acme/app
! error[GM0607]: acme/app is not installed here
!   cause: the package is not installed here
!   help: ggen list shows what is installed
[3]

$ ggen registry remove man
! error[GM0402]: no registry is called "man"
!   cause: no registry is known by this name or place
!   help: did you mean main?
[3]

$ ggen install acme/app --registry other
! error[GM0402]: no registry is called "other"
!   cause: no registry is known by this name or place
!   help: `ggen registry list` shows the known ones
[3]

# 4: no key, or the wrong one.
$ GGEN_CONFIG_DIR=$ROOM/empty ggen key show
! error[GM0406]: there is no key at $ROOM/empty/keys/publisher.key
!   cause: there is no signing key
!   help: ggen key new NAMESPACE/DEVICE
[4]

$ pack other/pack 1.0.0; mkdir -p "$ROOM/thief"; cp -r "$ROOM/config/." "$ROOM/thief/"

$ GGEN_CONFIG_DIR=$ROOM/thief ggen key new evil/laptop --force >/dev/null 2>&1; pack acme/base 1.0.1; GGEN_CONFIG_DIR=$ROOM/thief ggen publish packs/acme-base-1.0.1
! error[GM0405]: the namespace acme belongs to acme/laptop, not to evil/laptop
!   cause: this key may not publish under this name
!   help: `ggen key show` shows your key
[4]

# 5: it exists and cannot change.
$ ggen registry create "$ROOM/registry" --origin example/other
! error[GM0401]: there is a registry in $ROOM/registry
!   cause: a registry exists here already
!   help: `ggen explain GM0401` says more
[5]

$ echo changed >>packs/acme-base-1.0.0/README.md; ggen publish packs/acme-base-1.0.0
! error[GM0404]: acme/base@1.0.0 is published already, with other content
!   cause: this version is published already
!   help: raise the version in gpack.toml, or publish with --tag VERSION
[5]

$ mkdir -p gpacks/acme/base; echo mine >gpacks/acme/base/notes.txt; ggen install acme/base
! error[GM0605]: $ROOM/work/gpacks/acme is in the way: ggen.lock does not name it
!   cause: something that ggen did not install stands in the way
!   help: move it away, or replace it with --force
[5]

$ rm -r gpacks; ggen install acme/app >/dev/null 2>&1; ggen list --plain
  acme/app	1.0.0	example/main	
  acme/base	1.0.0	example/main	dependency
  acme/tool	1.0.0	example/main	dependency

# 6: changed files.
$ chmod -R u+w gpacks; echo x >>gpacks/acme/base/README.md; ggen verify --offline
  ok   acme/app 1.0.0  example/main
  BAD  acme/base 1.0.0  example/main
       changed: README.md
  ok   acme/tool 1.0.0  example/main
! 3 packages, 3 proofs, 6 files (713 B) checked in TIME
! error[GM0314]: acme/base@1.0.0 is not what was published
!   cause: installed files differ from what was published
!   help: `ggen install --force` puts the published files back
[6]

$ ggen verify --offline --json 2>/dev/null | grep -c '"sound": false'
  2

$ ggen install --force >/dev/null 2>&1; ggen verify --offline -q >/dev/null

# 8: versions that contradict each other.
$ pack acme/old 1.0.0 '"acme/base" = "^0.9"'; ggen publish packs/acme-old-1.0.0 >/dev/null 2>&1; ggen install acme/old
! error[GM0501]: Because your project needs acme/old, which needs acme/base ^0.9, but no version of acme/base matches (1.0.0 exists), the requirements of your project cannot all be met.
!   cause: no set of versions satisfies every requirement
!   help: no other version of acme/old helps; leave it out
[8]

# 9: the network is off.
$ rm -rf "$ROOM/cache"; ggen registry list --plain | cut -f1,2; ggen install acme/tool --offline --target elsewhere
  main	example/main
! error[GM0608]: registry main: the checkpoint of example/main is not in the cache
!   cause: the network is off and the file is not in the cache
!   help: `ggen explain GM0608` says more
[9]

# 1: a manifest with a mistake, at its line and column.
$ mkdir -p bad; printf '[gpack]\nname = "acme/bad"\nversion = "one"\n' >bad/gpack.toml; ggen pack bad
! error[GM0102]: $ROOM/work/bad/gpack.toml:3:11: version "one": it is not MAJOR.MINOR.PATCH[-prerelease][+build]
!   cause: the version is not a SemVer 2.0.0 version
!   help: `ggen explain GM0102` says more
[1]

$ mkdir -p none; ggen publish none
! error[GM0105]: there is no gpack.toml in $ROOM/work/none
!   cause: there is no gpack.toml here
!   help: ggen init $ROOM/work/none
[3]

# 7: nobody answers.
$ ggen registry add http://127.0.0.1:9 --alias gone
! error[GM0701]: http://127.0.0.1:PORT: GET http://127.0.0.1:PORT/root/1: Couldn't connect to server (tried 6 times)
!   cause: the server did not answer as expected
!   help: `ggen explain GM0701` says more
[7]
