$ ggen explain GM0312
  GM0312: a file from the registry has other bytes than promised
  The digest in the signed record does not match what was served. Nothing of it was used. Try again or use another mirror.

$ ggen explain 312 --json
  {
    "schema": "ggen.explain/1",
    "code": "GM0312",
    "title": "a file from the registry has other bytes than promised",
    "text": "The digest in the signed record does not match what was served. Nothing of it was used. Try again or use another mirror."
  }

$ ggen explain GM9999
! error: there is no error code `GM9999`
!   help: `ggen explain` lists them
[3]

$ ggen explain --plain | head -4
  GM0101	the package name is not valid
  GM0102	the version is not a SemVer 2.0.0 version
  GM0103	the version range cannot be read
  GM0104	gpack.toml has a mistake
