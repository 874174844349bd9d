# This machine: settings, store, checks.
$ world
$ ggen config list --plain | cut -f1 | sort
$ ggen config get link_mode
$ ggen config set link_mode hardlink; ggen config get link_mode
$ ggen config list --origin --plain | grep link_mode
$ ggen config set link_mode sideways
$ ggen config set lnk_mode copy
$ ggen config get lnk_mode
$ ggen config set link_mode ''; ggen config get link_mode --json
$ ggen install acme/app >/dev/null 2>&1; ggen cache list --plain | cut -f1,3
$ ggen cache verify
$ ggen cache gc --dry-run
$ ggen cache gc --min-age 0
$ ggen registry list --plain | cut -f1-3
$ ggen registry fsck
$ ggen registry rebuild main
$ ggen registry rebuild main --json
$ ggen key show
