# Exit code 2: every mistake on the command line is named, with the way out.
$ ggen instal acme/app
$ ggen regsitry list
$ ggen registry lst
$ ggen xyzzy
$ ggen key
$ ggen info
$ ggen tree extra
$ ggen install acme/app --forzen
$ ggen install acme/app --frozen
$ ggen --dry-run install acme/app
$ ggen search --limit
$ ggen search --limit ten
$ ggen search --limit 5000
$ ggen search --sort star
$ ggen list --detailed=yes
$ ggen install Acme/App
$ ggen install 'acme/app@>>1'
$ ggen yank acme/app
$ ggen yank acme/app@one
$ ggen update
$ ggen update acme/app --all
$ ggen publish a b --tag 1.0.0
$ ggen import npm left-pad
$ ggen import npm left-pad --into main
$ ggen import npm left-pad --into main --namespace npm --from ftp://x
$ ggen completion tcsh
$ ggen help instal
$ ggen inspect log .
$ ggen inspect log . --key nonsense
$ ggen registry add /nowhere --fingerprint abc
# The old spelling makes the same mistakes.
$ ggen marketplace instal acme/app
$ ggen market search --sort star
# As JSON on standard error; standard output stays empty.
$ ggen instal --json
$ ggen search --json --limit ten
