# The overview, a command, a group: examples first, exit codes and files last.
$ ggen
  ggen: a package marketplace whose registry is a signed, verifiable log

  Examples
    ggen search review                  find packages
    ggen install acme/review            install one with its dependencies
    ggen verify --offline               prove that it is what was published
    ggen publish                        publish the package in this directory

  Use packages
    search              Find packages
    info                Show a package: versions, owner, dependencies
    install             Install packages and their dependencies
    list                List what is installed
    update              Move to newer versions within the ranges
    outdated            Show packages that have newer versions
    remove              Remove packages and what only they needed
    rollback            Go back to what was installed before
    why                 Explain why a package is installed
    tree                Show the tree of dependencies
    verify              Prove that what is installed is what was published
    lock                Resolve and write ggen.lock, without installing

  Publish packages
    init                Start a package: write gpack.toml and example files
    pack                Write the archive that publish would sign
    publish             Sign packages and append them to a registry
    yank                Hide a release from new installs
    unyank              Take a yank back
    deprecate           Warn whoever installs a release
    key new             Make the key that signs your packages
    key show            Show the public half of your key

  Run registries
    registry create     Make a registry: a folder with a signed log
    registry add        Trust and use a registry
    registry list       List the known registries
    registry remove     Forget a registry; its folder stays
    registry fsck       Check a registry folder down to every byte
    registry rebuild    Rebuild the search catalogue from the log
    witness list        Show who cosigns the log of a registry, and how many must
    witness add         Ask one more witness before a checkpoint of your registry becomes public
    witness remove      Ask a witness no more
    witness quorum      Say how many witnesses must have cosigned a checkpoint
    import npm          Bring npm packages with their dependencies into a registry
    import tree         Publish every package below a directory

  The network
    p2p start           Run the node of this profile
    p2p stop            End the node of this profile
    p2p status          Show the node: who can reach it, what it provides, what to do next
    p2p unit            Print a systemd user unit that runs the node
    p2p publish         Publish packages in the registry of this node
    p2p search          Find packages here and in registries that connected peers know
    p2p blocks          List what nodes of IPFS can fetch from this node, by CID
    p2p recover         Bring the registry of this node back from peers that mirror it
    follow              Follow a registry among peers
    unfollow            Stop following a registry of a peer
    p2p peer-list       List the connected peers
    p2p peer-info       Show one connected peer
    p2p bootstrap       Connect the node to peers to come in by
    p2p connect         Connect the node to a peer
    p2p disconnect      Close the node's connections to a peer
    p2p ping            Ask a libp2p peer whether it answers
    p2p identify        Ask a libp2p peer who it is and what it speaks
    p2p perf            Measure transfers to and from a libp2p peer

  This machine
    cache list          List the packages and generations in the store
    cache gc            Remove packages from the store that were not used for long
    cache verify        Hash every file of the store again
    config list         List the settings
    config get          Print one setting
    config set          Change one setting of this user
    doctor              Check this machine: directories, keys, registries, network

  Look inside
    inspect log         Check a log folder against its key and list its records
    inspect proof       Check one proof of a log (C2SP tlog-proof)
    inspect archive     Check a package archive and list its files
    semver              Print the versions that satisfy ranges, ascending
    resolve             Resolve against an index file, offline

  Help
    help                Show the overview or the page of a command
    explain             Explain an error code
    completion          Print the completion script of a shell
    man                 Print the manual page
    version             Print the version

  Flags of every command
    -h, --help                  Show the page of this command.
    -j, --json                  One JSON document on standard output; errors as JSON on standard
                                error.
    --registry ALIAS            Use this registry (alias, origin or folder).
    --offline                   Open no network connection.
    --project DIR               The project directory. Default: the working directory.
    --events                    What happens, as it happens: one JSON line an event on standard
                                error.
    -q, --quiet                 Errors only.
    -v, --verbose               Say what is done; -vv says more.
    --color WHEN                Colours. One of auto, always, never. Default: auto.
    --plain                     One record a line, fields separated by tabs, no headings.
    --no-input                  Ask nothing.

  `ggen help COMMAND` shows one command. `ggen marketplace VERB` means `ggen VERB`.

  Exit codes
    0     done
    1     failed: disk, configuration or manifest; a check found a fault
    2     the command line cannot be understood
    3     the package, version, registry or file does not exist
    4     no signing key, or a key that does not own the name
    5     it exists already, cannot change, or somebody else holds it
    6     integrity, signature or policy says no
    7     a server cannot be reached or does not answer as it should
    8     no set of versions satisfies every requirement
    9     the network is off and the file is not in the cache
    10    outdated --exit-code: a newer version exists
    130   stopped by Ctrl-C

  Files
    gpack.toml                          the manifest of a package or project
    ggen.lock                           exact versions, origins and digests of what is installed;
                                        commit it
    ggen.lock.proofs                    proofs of the registry's log, for verify --offline; commit
                                        it
    gpacks/                             installed packages
    ./.ggen/config.toml                 settings of the project
    $XDG_CONFIG_HOME/ggen/config.toml   settings of the user (~/.config/ggen)
    /etc/ggen/config.toml               settings of the machine
    $XDG_CONFIG_HOME/ggen/keys/         private keys, readable by the user alone
    $XDG_CACHE_HOME/ggen/               store, verified registry files and catalogues; may be
                                        deleted
    $XDG_STATE_HOME/ggen/               last verified and last signed checkpoints of registries;
                                        keep

$ ggen help search
  Find packages

  Examples
    ggen search web server                            packages that have to do with both words
    ggen search revew --fuzzy                         also names that are nearly this
    ggen search --tag ai --sort recency -l 5          the five newest with a tag
    ggen search review --facets --min-age 30          counts per category, licence and registry
    ggen search review --json                         for programs

  Usage
    ggen search [QUERY]… [flags]

  Searches names, descriptions, tags and keywords of the packages of all known registries, in an
  index on this machine that follows their logs. Without words it lists everything that passes the
  filters.

  Arguments
    QUERY                       Words to look for.

  Flags
    -l, --limit N               Show at most N. Default: 10.
    -d, --detailed              Several lines for each package.
    --fuzzy                     Forgive typing mistakes.
    -c, --category NAME         Only this category.
    -k, --keyword WORD          Only with this keyword. May be given several times.
    -a, --author TEXT           Only by authors that contain TEXT.
    --tag TAG                   Only with this tag. May be given several times.
    --license ID                Only under this licence.
    --min-stars N               At least N stars.
    --min-downloads N           At least N downloads.
    --min-age DAYS              Only versions that have been out for DAYS.
    --signed                    Only versions that their publisher signed.
    --origin REGISTRY           Only from this registry (alias or origin). May be given several
                                times.
    --facets                    Also count all results by category, licence and registry.
    --sort BY                   Order of the results. One of relevance, downloads, stars, recency,
                                name. Default: relevance.
    --order DIRECTION           Direction of the order; best, most and newest first by default,
                                names from a to z. One of asc, desc.
    --offset N                  Leave out the first N. Default: 0.
    --after CURSOR              Go on behind the page that printed this cursor.

  Flags of every command
    -h, --help                  Show the page of this command.
    -j, --json                  One JSON document on standard output; errors as JSON on standard
                                error.
    --registry ALIAS            Use this registry (alias, origin or folder).
    --offline                   Open no network connection.
    --project DIR               The project directory. Default: the working directory.
    --events                    What happens, as it happens: one JSON line an event on standard
                                error.
    -q, --quiet                 Errors only.
    -v, --verbose               Say what is done; -vv says more.
    --color WHEN                Colours. One of auto, always, never. Default: auto.
    --plain                     One record a line, fields separated by tabs, no headings.
    --no-input                  Ask nothing.

  Exit codes
    0     done
    1     failed: disk, configuration or manifest; a check found a fault
    2     the command line cannot be understood
    3     the package, version, registry or file does not exist
    4     no signing key, or a key that does not own the name
    5     it exists already, cannot change, or somebody else holds it
    6     integrity, signature or policy says no
    7     a server cannot be reached or does not answer as it should
    8     no set of versions satisfies every requirement
    9     the network is off and the file is not in the cache
    10    outdated --exit-code: a newer version exists
    130   stopped by Ctrl-C

  Files
    gpack.toml                          the manifest of a package or project
    ggen.lock                           exact versions, origins and digests of what is installed;
                                        commit it
    ggen.lock.proofs                    proofs of the registry's log, for verify --offline; commit
                                        it
    gpacks/                             installed packages
    ./.ggen/config.toml                 settings of the project
    $XDG_CONFIG_HOME/ggen/config.toml   settings of the user (~/.config/ggen)
    /etc/ggen/config.toml               settings of the machine
    $XDG_CONFIG_HOME/ggen/keys/         private keys, readable by the user alone
    $XDG_CACHE_HOME/ggen/               store, verified registry files and catalogues; may be
                                        deleted
    $XDG_STATE_HOME/ggen/               last verified and last signed checkpoints of registries;
                                        keep

$ ggen registry --help
  ggen registry COMMAND

  Commands
    registry create     Make a registry: a folder with a signed log
    registry add        Trust and use a registry
    registry list       List the known registries
    registry remove     Forget a registry; its folder stays
    registry fsck       Check a registry folder down to every byte
    registry rebuild    Rebuild the search catalogue from the log

  `ggen help registry COMMAND` shows one of them.

  Exit codes
    0     done
    1     failed: disk, configuration or manifest; a check found a fault
    2     the command line cannot be understood
    3     the package, version, registry or file does not exist
    4     no signing key, or a key that does not own the name
    5     it exists already, cannot change, or somebody else holds it
    6     integrity, signature or policy says no
    7     a server cannot be reached or does not answer as it should
    8     no set of versions satisfies every requirement
    9     the network is off and the file is not in the cache
    10    outdated --exit-code: a newer version exists
    130   stopped by Ctrl-C

  Files
    gpack.toml                          the manifest of a package or project
    ggen.lock                           exact versions, origins and digests of what is installed;
                                        commit it
    ggen.lock.proofs                    proofs of the registry's log, for verify --offline; commit
                                        it
    gpacks/                             installed packages
    ./.ggen/config.toml                 settings of the project
    $XDG_CONFIG_HOME/ggen/config.toml   settings of the user (~/.config/ggen)
    /etc/ggen/config.toml               settings of the machine
    $XDG_CONFIG_HOME/ggen/keys/         private keys, readable by the user alone
    $XDG_CACHE_HOME/ggen/               store, verified registry files and catalogues; may be
                                        deleted
    $XDG_STATE_HOME/ggen/               last verified and last signed checkpoints of registries;
                                        keep

$ ggen help marketplace install | head -3
  Install packages and their dependencies

  Examples

$ ggen version
  ggen 3.0.0

$ ggen --version
  ggen 3.0.0

$ ggen version --json
  {
    "schema": "ggen.version/1",
    "version": "3.0.0"
  }
