# Filters, pages, counts and bad input of `search`.
$ world

$ ggen search --category tools --tag test --license mit --author ann
  NAME       VERSION  DESCRIPTION
  acme/app   1.0.0    the acme/app of the tests
  acme/base  1.0.0    the acme/base of the tests
  acme/tool  1.0.0    the acme/tool of the tests

$ ggen search tool --origin main --origin example/main
  NAME       VERSION  DESCRIPTION
  acme/tool  1.0.0    the acme/tool of the tests

$ ggen search --origin nowhere
! error[GM0402]: no registry is called "nowhere"
!   cause: no registry is known by this name or place
!   help: `ggen registry list` shows the known ones
[3]

$ ggen search --facets -l 1 --sort name
  NAME      VERSION  DESCRIPTION
  acme/app  1.0.0    the acme/app of the tests

  BY        VALUE         COUNT
  category  tools         3
  license   MIT           3
  origin    example/main  3
! 1 of 3; next: --after CURSOR

$ ggen search --signed -l 1 --offset 2 --sort name
  NAME       VERSION  DESCRIPTION
  acme/tool  1.0.0    the acme/tool of the tests
! 1 of 3

$ ggen search --offset 100000
! 3 found, none behind this place

$ ggen search --offset 100001
! error[GM0801]: --offset needs a whole number from 0 to 100000, not `100001`
[2]

$ ggen search --min-age 1
! nothing found in 3 packages

$ GGEN_FAKE_TIME=1800200000 ggen search --min-age 1 --plain
  acme/app	1.0.0	the acme/app of the tests
  acme/base	1.0.0	the acme/base of the tests
  acme/tool	1.0.0	the acme/tool of the tests

$ ggen search --min-age -1
! error[GM0801]: --min-age needs a whole number from 0 to 36500, not `-1`
[2]

$ ggen search --after nonsense
! error: the cursor is not one that a search printed
[2]

$ ggen search --category "no such category"
! nothing found in 3 packages

$ ggen search "$(head -c 600 /dev/zero | tr '\0' x)"
! error: the words to search for are longer than 512 bytes
[1]

$ ggen search "$(printf '\377\376')"
! error: the words to search for are not UTF-8
[2]

$ ggen search '+++' '***'
! nothing found in 3 packages

$ ggen search bsae tol --fuzzy
  NAME       VERSION  DESCRIPTION
  acme/base  1.0.0    the acme/base of the tests

$ ggen search -l 2 --sort name --plain --after "$(ggen search -l 1 --sort name --json | sed -n 's/.*"next": "\(.*\)",/\1/p')"
  acme/base	1.0.0	the acme/base of the tests
  acme/tool	1.0.0	the acme/tool of the tests
! 2 of 3
