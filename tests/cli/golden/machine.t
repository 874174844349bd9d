# This machine: settings, store, checks.
$ world

$ ggen config list --plain | cut -f1 | sort
  default_registry
  download_parallel
  link_mode
  min_release_age_seconds
  offline
  registry.main

$ ggen config get link_mode
  copy

$ ggen config set link_mode hardlink; ggen config get link_mode
  hardlink

$ ggen config list --origin --plain | grep link_mode
  link_mode	hardlink	$ROOM/config/config.toml

$ ggen config set link_mode sideways
! error[GM0802]: link_mode: "sideways" is none of copy, hardlink, symlink
!   cause: a configuration file has a mistake
!   help: `ggen explain GM0802` says more
[2]

$ ggen config set lnk_mode copy
! error[GM0802]: there is no setting "lnk_mode"
!   cause: a configuration file has a mistake
!   help: `ggen config list` shows the settings
[2]

$ ggen config get lnk_mode
! error: there is no setting `lnk_mode`
!   help: did you mean `link_mode`?
[3]

$ ggen config set link_mode ''; ggen config get link_mode --json
  {
    "schema": "ggen.config-get/1",
    "key": "link_mode",
    "value": "copy",
    "origin": "default"
  }

$ ggen install acme/app >/dev/null 2>&1; ggen cache list --plain | cut -f1,3
  acme/app@1.0.0	2
  acme/base@1.0.0	2
  acme/tool@1.0.0	2
! 3 packages, 711 B in $ROOM/cache/store

$ ggen cache verify
  3 packages, 6 files (711 B): sound

$ ggen cache gc --dry-run
  would remove 0 packages (0 B), kept 3 (711 B)

$ ggen cache gc --min-age 0
  removed 0 packages (0 B), kept 3 (711 B)

$ ggen registry list --plain | cut -f1-3
  main	example/main	6

$ ggen registry fsck
  6 entries, 3 releases, 6 blobs (1.5 KiB): sound

$ ggen registry rebuild main
  main: 3 packages, 3 releases from 6 entries
  search index: sha256:HEX

$ ggen registry rebuild main --json
  {
    "schema": "ggen.registry-rebuild/1",
    "catalogues": [
      {
        "alias": "main",
        "log_size": 6,
        "packages": 3,
        "releases": 3,
        "catalogue": "sha256:HEX",
        "was_identical": true,
        "index": "sha256:HEX",
        "index_was_identical": true
      }
    ]
  }

$ ggen key show
  acme/laptop+KEYID+KEY
! the private half is in $ROOM/config/keys/publisher.key
