# This machine: settings, store, checks.
$ world
! the world could not be made

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
! 0 packages, 0 B in $ROOM/cache/store

$ ggen cache verify
  0 packages, 0 files (0 B): sound

$ ggen cache gc --dry-run
  would remove 0 packages (0 B), kept 0 (0 B)

$ ggen cache gc --min-age 0
  removed 0 packages (0 B), kept 0 (0 B)

$ ggen registry list --plain | cut -f1-3
  main	example/main	1

$ ggen registry fsck
  1 entry, 0 releases, 0 blobs (0 B): sound

$ ggen registry rebuild main
  main: 0 packages, 0 releases from 1 entry; the same bytes as before

$ ggen registry rebuild main --json
  {
    "schema": "ggen.registry-rebuild/1",
    "catalogues": [
      {
        "alias": "main",
        "log_size": 1,
        "packages": 0,
        "releases": 0,
        "catalogue": "sha256:HEX",
        "was_identical": true
      }
    ]
  }

$ ggen key show
  acme/laptop+KEYID+KEY
! the private half is in $ROOM/config/keys/publisher.key
