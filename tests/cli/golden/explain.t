$ ggen explain GM0312
$ ggen explain 312 --json
$ ggen explain GM9999
$ ggen explain --plain | head -4
