# As npm's semver command: ascending, "v" forgiven, build metadata cut, 1 when nothing satisfies.
$ ggen semver -r '^1.2' 1.2.0 1.10.0 2.0.0 1.9.0
  1.2.0
  1.9.0
  1.10.0

$ ggen semver -r '>=1 <2' -r '~1.4' 1.4.2 1.5.0 1.4.0
  1.4.0
  1.4.2

$ ggen semver v2.0.0 1.0.0+build junk 1.0.0-rc.1
  1.0.0-rc.1
  1.0.0
  2.0.0

$ ggen semver -r '^1.0.0-rc.1' 1.0.0-rc.1 1.0.0-rc.0 1.0.1-rc.1
  1.0.0-rc.1

$ ggen semver -r 1.x 2.0.0
[1]

$ ggen semver junk
[1]

$ ggen semver -r '>>1' 1.0.0
! error[GM0103]: version range ">>1": it is not a range such as ^1.2.3, ~1.2, >=1 <3 or 1.x
!   cause: the version range cannot be read
!   help: `ggen explain GM0103` says more
[1]

$ ggen semver -r 1.x 1.0.0 1.2.0 --json
  {
    "schema": "ggen.semver/1",
    "versions": [
      "1.0.0",
      "1.2.0"
    ]
  }
