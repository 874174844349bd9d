#include "handlers.hpp"
#include "table.hpp"

namespace ggen::cli {
namespace {

constexpr std::string_view k_group = "Publish packages";

std::vector<FlagSpec> reason_flags() {
    return {{.name = "reason", .value = "CODE", .doc = "Why; logs carry codes, no free text.",
             .choices = "unspecified|broken|security|license|replaced|mistake", .fallback = "unspecified"},
            {.name = "replacement", .value = "NAME", .doc = "The package to use instead (with --reason replaced).",
             .complete = Complete::package}};
}

std::vector<PositionalSpec> release_positional() {
    return {{.name = "NAME@VERSION", .doc = "The release.", .required = true, .complete = Complete::package}};
}

std::vector<CommandSpec> make_commands() {
    return {
        {.path = "init",
         .group = k_group,
         .summary = "Start a package: write gpack.toml and example files",
         .examples = {{"init", "in this directory"},
                      {"init review --kind skill --name acme/review", "a new directory with an agent skill"}},
         .positionals = {{.name = "DIR", .doc = "Where; this directory by default.", .complete = Complete::directory}},
         .flags = {{.name = "name", .value = "NAME", .doc = "The name.",
                    .fallback = "namespace of your key / name of the directory"},
                   {.name = "kind", .value = "KIND", .doc = "Which example files to write.",
                    .choices = "template|skill|code|data", .fallback = "template"},
                   {.name = "force", .letter = 'f', .doc = "Overwrite files that exist."}},
         .run = run_init},
        {.path = "pack",
         .group = k_group,
         .summary = "Write the archive that publish would sign",
         .examples = {{"pack", "<name>-<version>.gpack in the working directory"},
                      {"pack review -o /tmp/review.gpack", "another directory, another place"}},
         .positionals = {{.name = "PATH", .doc = "The package; this directory by default.",
                          .complete = Complete::directory}},
         .flags = {{.name = "output", .letter = 'o', .value = "FILE", .doc = "Write here.", .complete = Complete::file},
                   {.name = "tag", .letter = 't', .value = "VERSION", .doc = "Use this version instead of the "
                    "manifest's."}},
         .run = run_pack},
        {.path = "publish",
         .group = k_group,
         .summary = "Sign packages and append them to a registry",
         .description = "Acknowledged only when the release is proven to be in a durable, signed checkpoint. A "
                        "published version never changes. Several paths make one checkpoint.",
         .examples = {{"publish", "this directory, to the only or default registry"},
                      {"publish packs/a packs/b --registry main", "two at once"},
                      {"publish --tag 1.3.0", "with this version"},
                      {"publish --dry-run", "pack and check, sign nothing"}},
         .positionals = {{.name = "PATH", .doc = "Packages; this directory by default.", .repeatable = true,
                          .complete = Complete::directory}},
         .flags = {dry_run_flag(),
                   {.name = "tag", .letter = 't', .value = "VERSION", .doc = "Use this version instead of the "
                    "manifest's; one path only."},
                   {.name = "force", .letter = 'f', .doc = "Kept for old scripts: a published version never changes, "
                    "with or without it."}},
         .run = run_publish},
    };
}

std::vector<CommandSpec> status_commands() {
    auto deprecate_flags = reason_flags();
    deprecate_flags.push_back({.name = "undo", .doc = "Take the deprecation back."});
    return {
        {.path = "yank",
         .group = k_group,
         .summary = "Hide a release from new installs",
         .description = "Lockfiles that name it keep working, with a warning.",
         .examples = {{"yank acme/web@1.2.0 --reason broken", "nobody new gets it"}},
         .positionals = release_positional(),
         .flags = reason_flags(),
         .run = run_yank},
        {.path = "unyank",
         .group = k_group,
         .summary = "Take a yank back",
         .examples = {{"unyank acme/web@1.2.0", ""}},
         .positionals = release_positional(),
         .flags = reason_flags(),
         .run = run_unyank},
        {.path = "deprecate",
         .group = k_group,
         .summary = "Warn whoever installs a release",
         .examples = {{"deprecate acme/web@1.2.0 --reason replaced --replacement acme/site", ""}},
         .positionals = release_positional(),
         .flags = std::move(deprecate_flags),
         .run = run_deprecate},
        {.path = "key new",
         .group = k_group,
         .summary = "Make the key that signs your packages",
         .description = "The first part of the name is your namespace: the key acme/laptop publishes acme/….",
         .examples = {{"key new acme/laptop", "namespace acme, this machine"}},
         .positionals = {{.name = "NAME", .doc = "<namespace>/<device>; <user>/<host> by default."}},
         .flags = {{.name = "force", .letter = 'f', .doc = "Replace the key that is there. What it signed stays "
                    "valid, but you cannot publish as its owner again."}},
         .run = run_key_new},
        {.path = "key show",
         .group = k_group,
         .summary = "Show the public half of your key",
         .examples = {{"key show", ""}},
         .run = run_key_show},
    };
}

}  // namespace

std::vector<CommandSpec> author_commands() {
    auto commands = make_commands();
    for (auto& command : status_commands()) commands.push_back(std::move(command));
    return commands;
}

}  // namespace ggen::cli
