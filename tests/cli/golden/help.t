# The overview, a command, a group: examples first, exit codes and files last.
$ ggen
$ ggen help search
$ ggen registry --help
$ ggen help marketplace install | head -3
$ ggen version
$ ggen --version
$ ggen version --json
