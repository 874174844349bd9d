# Exit code 2: every mistake on the command line is named, with the way out.
$ ggen instal acme/app
! error[GM0801]: there is no command `instal`
!   help: did you mean `install`?
[2]

$ ggen regsitry list
! error[GM0801]: there is no command `regsitry`
!   help: did you mean `registry`?
[2]

$ ggen registry lst
! error[GM0801]: there is no command `registry lst`
!   help: did you mean `list`?
[2]

$ ggen xyzzy
! error[GM0801]: there is no command `xyzzy`
!   help: `ggen help` lists the commands
[2]

$ ggen key
! error[GM0801]: `key` needs one of: new, show
!   help: `ggen help key` shows the flags with examples
[2]

$ ggen info
! error[GM0801]: `info` needs NAME[@RANGE]
!   help: `ggen help info` shows the flags with examples
[2]

$ ggen tree extra
! error[GM0801]: `tree` does not take `extra`
!   help: `ggen help tree` shows the flags with examples
[2]

$ ggen install acme/app --forzen
! error[GM0801]: there is no flag --forzen for `install`
!   help: did you mean `--frozen`, `--force`?
[2]

$ ggen install acme/app --frozen
! error[GM0801]: --frozen installs what ggen.lock says; it takes no names
!   help: leave --frozen out to add a package
[2]

$ ggen --dry-run install acme/app
! error[GM0801]: there is no flag --dry-run
!   help: flags of a command stand after it
[2]

$ ggen search --limit
! error[GM0801]: --limit needs a value: N
!   help: `ggen help search` shows the flags with examples
[2]

$ ggen search --limit ten
! error[GM0801]: --limit needs a whole number from 0 to 1000, not `ten`
[2]

$ ggen search --limit 5000
! error[GM0801]: --limit needs a whole number from 0 to 1000, not `5000`
[2]

$ ggen search --sort star
! error[GM0801]: --sort does not know `star`
!   help: did you mean `stars`?
[2]

$ ggen list --detailed=yes
! error[GM0801]: --detailed takes no value
!   help: `ggen help list` shows the flags with examples
[2]

$ ggen install Acme/App
! error[GM0101]: package name "Acme/App": 'A' is not allowed in a name
!   cause: the package name is not valid
!   help: did you mean acme/app?
[2]

$ ggen install 'acme/app@>>1'
! error[GM0103]: version range ">>1": it is not a range such as ^1.2.3, ~1.2, >=1 <3 or 1.x
!   cause: the version range cannot be read
!   help: `ggen explain GM0103` says more
[2]

$ ggen yank acme/app
! error[GM0801]: `acme/app` names no version
!   help: write acme/app@1.2.3
[2]

$ ggen yank acme/app@one
! error[GM0102]: version "one": it is not MAJOR.MINOR.PATCH[-prerelease][+build]
!   cause: the version is not a SemVer 2.0.0 version
!   help: `ggen explain GM0102` says more
[2]

$ ggen update
! error[GM0801]: `update` needs names or --all
!   help: ggen update --all
[2]

$ ggen update acme/app --all
! error[GM0801]: `update` takes names or --all, not both
!   help: ggen update --all
[2]

$ ggen update acme/app@1.2.0
! error[GM0801]: `acme/app@1.2.0` has a version, but this command takes names alone
!   help: leave @1.2.0 out; `ggen install NAME@RANGE` chooses versions
[2]

$ ggen key new laptop
! error[GM0101]: the key name "laptop" has no namespace
!   cause: the package name is not valid
!   help: write laptop/laptop: the first part is the namespace that it will own
[2]

$ ggen publish a b --tag 1.0.0
! error[GM0801]: --tag gives one version; publish one path with it
[2]

$ ggen import npm left-pad
! error[GM0801]: `import npm` needs --into
!   help: `ggen help import npm` shows the flags with examples
[2]

$ ggen import npm left-pad --into main
! error[GM0801]: `import npm` needs --namespace
!   help: `ggen help import npm` shows the flags with examples
[2]

$ ggen import npm left-pad --into main --namespace npm --from ftp://x
! error[GM0801]: --from needs an address that begins with http:// or https://
[2]

$ ggen completion tcsh
! error[GM0801]: there is no completion for `tcsh`
!   help: bash, zsh and fish are known
[2]

$ ggen help instal
! error[GM0801]: there is no command `instal`
!   help: did you mean `install`?
[2]

$ ggen inspect log .
! error[GM0801]: `inspect log` needs --key
!   help: `ggen help inspect log` shows the flags with examples
[2]

$ ggen inspect log . --key nonsense
! error[GM0301]: --key: a key is written name+id+base64, with an Ed25519 key of type 1 or 4
!   cause: a signed note does not follow its grammar
!   help: `ggen explain GM0301` says more
[2]

$ ggen registry add /nowhere --fingerprint abc
! error: --fingerprint: a digest is 64 lower-case hex digits
[2]

# The old spelling makes the same mistakes.
$ ggen marketplace instal acme/app
! error[GM0801]: there is no command `instal`
!   help: did you mean `install`?
[2]

$ ggen market search --sort star
! error[GM0801]: --sort does not know `star`
!   help: did you mean `stars`?
[2]

# As JSON on standard error; standard output stays empty.
$ ggen instal --json
! {
!   "schema": "ggen.error/1",
!   "code": "GM0801",
!   "kind": "invalid",
!   "title": "the command line cannot be understood",
!   "detail": "there is no command `instal`",
!   "help": "did you mean `install`?",
!   "causes": [
!     "there is no command `instal`"
!   ],
!   "exit_code": 2
! }
[2]

$ ggen search --json --limit ten
! {
!   "schema": "ggen.error/1",
!   "code": "GM0801",
!   "kind": "invalid",
!   "title": "the command line cannot be understood",
!   "detail": "--limit needs a whole number from 0 to 1000, not `ten`",
!   "help": "",
!   "causes": [
!     "--limit needs a whole number from 0 to 1000, not `ten`"
!   ],
!   "exit_code": 2
! }
[2]
