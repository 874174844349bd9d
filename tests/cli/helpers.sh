# What the transcripts share. Sourced by every line, so a world is made with one word.

# pack NAME VERSION [DEPENDENCY-LINE…]: a package directory, named after both.
pack() {
    dir=packs/$(echo "$1" | tr / -)-$2
    mkdir -p "$dir"
    {
        printf '[gpack]\nname = "%s"\nversion = "%s"\ndescription = "the %s of the tests"\n' "$1" "$2" "$1"
        printf 'license = "MIT"\nauthors = ["Ann Author"]\ntags = ["test"]\ncategory = "tools"\n'
        printf 'keywords = ["golden"]\n'
    } >"$dir/gpack.toml"
    printf '# %s %s\n' "$1" "$2" >"$dir/README.md"
    if [ $# -gt 2 ]; then
        printf '\n[dependencies]\n' >>"$dir/gpack.toml"
        shift 2
        for line in "$@"; do printf '%s\n' "$line" >>"$dir/gpack.toml"; done
    fi
}

# A registry `main` with acme/base 1.0.0, acme/tool 1.0.0 (needs base ^1) and acme/app 1.0.0 (needs tool).
world() {
    {
        ggen key new acme/laptop
        ggen registry create "$ROOM/registry" --origin example/main --alias main
        pack acme/base 1.0.0
        pack acme/tool 1.0.0 '"acme/base" = "^1.0.0"'
        pack acme/app 1.0.0 '"acme/tool" = "^1.0.0"' '"acme/base" = ">=1.0.0"'
        ggen publish packs/acme-base-1.0.0 packs/acme-tool-1.0.0 packs/acme-app-1.0.0
    } >/dev/null 2>&1 || echo "the world could not be made" >&2
}

