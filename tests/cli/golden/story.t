# The main job, as a person sees it.
$ ggen key new acme/laptop
  acme/laptop+KEYID+KEY
! the private half is in $ROOM/config/keys/publisher.key

$ ggen registry create "$ROOM/registry" --origin example/main --alias main
  alias          main
  origin         example/main
  folder         $ROOM/registry
  log key        example/main+KEYID+KEY
  fingerprint    sha256:HEX
! others add it with: ggen registry add LOCATION --fingerprint sha256:HEX

$ pack acme/base 1.0.0; pack acme/tool 1.0.0 '"acme/base" = "^1.0.0"'; pack acme/app 1.0.0 '"acme/tool" = "^1.0.0"'

$ ggen publish packs/acme-base-1.0.0 --dry-run
  acme/base@1.0.0  258 B
! 1 package would be published to main; nothing was signed

$ ggen publish packs/acme-base-1.0.0 packs/acme-tool-1.0.0 packs/acme-app-1.0.0
  acme/base@1.0.0  258 B  entry 2
  acme/tool@1.0.0  279 B  entry 3
  acme/app@1.0.0  279 B  entry 4
! 3 packages published to main (example/main), whose log has 6 entries now

$ ggen publish packs/acme-base-1.0.0
  acme/base@1.0.0  258 B  entry 2  (published before)
! nothing new: main (example/main) has this already

$ ggen search app
  NAME      VERSION  DESCRIPTION
  acme/app  1.0.0    the acme/app of the tests

$ ggen search
  NAME       VERSION  DESCRIPTION
  acme/app   1.0.0    the acme/app of the tests
  acme/base  1.0.0    the acme/base of the tests
  acme/tool  1.0.0    the acme/tool of the tests

$ ggen search ap --plain
  acme/app	1.0.0	the acme/app of the tests

$ ggen search tool --detailed
  acme/tool 1.0.0
  description    the acme/tool of the tests
  category       tools
  tags           test
  keywords       golden
  authors        Ann Author
  license        MIT
  registry       example/main
  released       2027-01-15T08:00:00Z


$ ggen search acme/bsae
  NAME       VERSION  DESCRIPTION
  acme/app   1.0.0    the acme/app of the tests
  acme/base  1.0.0    the acme/base of the tests
  acme/tool  1.0.0    the acme/tool of the tests

$ ggen search bsae --fuzzy
  NAME       VERSION  DESCRIPTION
  acme/base  1.0.0    the acme/base of the tests

$ ggen info acme/app
  acme/app 1.0.0
  description    the acme/app of the tests
  license        MIT
  authors        Ann Author
  category       tools
  tags           test
  keywords       golden
  dependencies   acme/tool ^1.0.0
  archive        279 B, sha256:HEX
  registry       main (example/main)
  owner          acme/laptop+KEYID+KEY
  log index      4
  first seen     2027-01-15T08:00:00Z
  versions       1.0.0

$ ggen install acme/app --dry-run
  + acme/app 1.0.0
  + acme/base 1.0.0
  + acme/tool 1.0.0
! install: 3 packages would change; nothing was written

$ ggen install acme/app
  + acme/app 1.0.0
  + acme/base 1.0.0
  + acme/tool 1.0.0
! install: 3 packages changed, 3 in all; 3 fetched (816 B); 3 proofs checked; resolve TIME, verify TIME, fetch TIME, link TIME; TIME

$ ggen install acme/app
! install: 0 packages changed, 3 in all; 3 reused; TIME

$ ggen install --frozen
! install: 0 packages changed, 3 in all; known to this machine, nothing read anew; TIME

$ ggen list
  NAME       VERSION  REGISTRY      STATE
  acme/app   1.0.0    example/main
  acme/base  1.0.0    example/main  dependency
  acme/tool  1.0.0    example/main  dependency

$ ggen list --plain
  acme/app	1.0.0	example/main	
  acme/base	1.0.0	example/main	dependency
  acme/tool	1.0.0	example/main	dependency

$ ggen list --detailed
  acme/app 1.0.0
  directory      $ROOM/work/gpacks/acme/app
  registry       example/main
  archive        sha256:HEX, 279 B
  tree           sha256:HEX
  log index      4
  dependencies   acme/tool ^1.0.0

  acme/base 1.0.0
  directory      $ROOM/work/gpacks/acme/base
  registry       example/main
  archive        sha256:HEX, 258 B
  tree           sha256:HEX
  log index      2

  acme/tool 1.0.0
  directory      $ROOM/work/gpacks/acme/tool
  registry       example/main
  archive        sha256:HEX, 279 B
  tree           sha256:HEX
  log index      3
  dependencies   acme/base ^1.0.0


$ ggen why acme/base
  acme/base 1.0.0
  your project -> acme/app 1.0.0 (*) -> acme/tool 1.0.0 (^1.0.0) -> acme/base 1.0.0 (^1.0.0)

$ ggen tree
  your project
  └─ acme/app 1.0.0 (*)
     └─ acme/tool 1.0.0 (^1.0.0)
        └─ acme/base 1.0.0 (^1.0.0)

$ ggen verify --offline
  ok   acme/app 1.0.0  example/main
  ok   acme/base 1.0.0  example/main
  ok   acme/tool 1.0.0  example/main
! 3 packages, 3 proofs, 6 files (687 B) checked in TIME

$ ggen verify --offline --plain
  ok	acme/app	1.0.0
  ok	acme/base	1.0.0
  ok	acme/tool	1.0.0
! 3 packages, 3 proofs, 6 files (687 B) checked in TIME

$ ggen outdated
! everything is up to date

$ pack acme/base 1.1.0; ggen publish packs/acme-base-1.1.0 >/dev/null
! 1 package published to main (example/main), whose log has 8 entries now

$ ggen outdated
  NAME       CURRENT  WANTED  LATEST  RANGE
  acme/base  1.0.0    1.1.0   1.1.0   -
! `ggen update --all` moves to the wanted versions

$ ggen outdated --exit-code
  NAME       CURRENT  WANTED  LATEST  RANGE
  acme/base  1.0.0    1.1.0   1.1.0   -
! `ggen update --all` moves to the wanted versions
[10]

$ ggen update --all --dry-run
  ~ acme/base 1.0.0 -> 1.1.0
! update: 1 package would change; nothing was written

$ ggen update acme/base
  ~ acme/base 1.0.0 -> 1.1.0
! update: 1 package changed, 3 in all; 2 reused; 1 fetched (257 B); 1 proof checked; 2 proofs checked before; resolve TIME, verify TIME, fetch TIME, link TIME; TIME

$ ggen verify --offline -q
  ok   acme/app 1.0.0  example/main
  ok   acme/base 1.1.0  example/main
  ok   acme/tool 1.0.0  example/main

$ ggen lock
! lock: 0 packages changed, 3 in all; 3 proofs checked before; TIME

$ ggen remove acme/app --dry-run
  - acme/app 1.0.0
  - acme/base 1.1.0
  - acme/tool 1.0.0
! remove: 3 packages would change; nothing was written

$ ggen remove acme/app
  - acme/app 1.0.0
  - acme/base 1.1.0
  - acme/tool 1.0.0
! remove: 3 packages changed, 0 in all; TIME

$ ggen list
! nothing is installed here; `ggen install NAME` installs something

$ ggen marketplace list --json
  {
    "schema": "ggen.list/1",
    "packages": []
  }
