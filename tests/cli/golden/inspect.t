# Looking inside, without any configuration.
$ world; ggen inspect log "$ROOM/registry" --key "$(sed -n 's/^log //p' "$ROOM/registry/root/1" | head -1)" --entries
  origin         example/main
  size           6
  root           HEX
  releases       3
  blobs          6 (1.5 KiB)
  state          sound: every entry, tile, state object and blob was hashed again
  INDEX  RECORD   SUBJECT
  0      state    2027-01-15T08:00:00Z
  1      claim    acme
  2      release  acme/base@1.0.0
  3      release  acme/tool@1.0.0
  4      release  acme/app@1.0.0
  5      state    2027-01-15T08:00:00Z

$ ggen inspect log "$ROOM/registry" --key "$(sed -n 's/^key //p' "$ROOM/registry/root/1" | head -1)"
! error[GM0303]: $ROOM/registry: checkpoint: it is of example/main, not of example/main/root
!   cause: the checkpoint of the registry cannot be read
!   help: `ggen explain GM0303` says more
[6]

$ ggen inspect proof "$ROOM/registry/state/head" --key "$(sed -n 's/^log //p' "$ROOM/registry/root/1" | head -1)"
  origin         example/main
  size           6
  root           HEX
  index          5
  leaf           HEX
  proof          holds, 2 hashes

$ ggen inspect proof "$ROOM/registry/checkpoint" --key "$(sed -n 's/^log //p' "$ROOM/registry/root/1" | head -1)"
! error[GM0306]: $ROOM/registry/checkpoint: log proof: the first line is not c2sp.org/tlog-proof@v1
!   cause: a proof does not lead to the signed root
!   help: `ggen explain GM0306` says more
[6]

$ ggen pack packs/acme-base-1.0.0 -o base.gpack; ggen inspect archive base.gpack
  base.gpack
  top            acme-base-1.0.0
  archive        sha256:HEX, 258 B
  tree           sha256:HEX, 3.0 KiB
  MODE  BYTES  PATH
  644   18     README.md
  644   186    gpack.toml
! acme/base@1.0.0: 2 files, 258 B packed, 204 B unpacked, sha256:HEX

$ head -c 100 base.gpack >cut.gpack; ggen inspect archive cut.gpack
! error[GM0204]: cut.gpack: compressed archive: it ends within the frame
!   cause: the archive ends too early
!   help: `ggen explain GM0204` says more
[6]

$ ggen inspect archive nowhere.gpack
! error: open nowhere.gpack: No such file or directory
[3]
