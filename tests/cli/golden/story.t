# The main job, as a person sees it.
$ ggen key new acme/laptop
$ ggen registry create "$ROOM/registry" --origin example/main --alias main
$ pack acme/base 1.0.0; pack acme/tool 1.0.0 '"acme/base" = "^1.0.0"'; pack acme/app 1.0.0 '"acme/tool" = "^1.0.0"'
$ ggen publish packs/acme-base-1.0.0 --dry-run
$ ggen publish packs/acme-base-1.0.0 packs/acme-tool-1.0.0 packs/acme-app-1.0.0
$ ggen publish packs/acme-base-1.0.0
$ ggen search app
$ ggen search
$ ggen search ap --plain
$ ggen search tool --detailed
$ ggen search acme/bsae
$ ggen search bsae --fuzzy
$ ggen info acme/app
$ ggen install acme/app --dry-run
$ ggen install acme/app
$ ggen install acme/app
$ ggen install --frozen
$ ggen list
$ ggen list --plain
$ ggen list --detailed
$ ggen why acme/base
$ ggen tree
$ ggen verify --offline
$ ggen verify --offline --plain
$ ggen outdated
$ pack acme/base 1.1.0; ggen publish packs/acme-base-1.1.0 >/dev/null
$ ggen outdated
$ ggen outdated --exit-code
$ ggen update --all --dry-run
$ ggen update acme/base
$ ggen verify --offline -q
$ ggen lock
$ ggen remove acme/app --dry-run
$ ggen remove acme/app
$ ggen list
$ ggen marketplace list --json
