#include "handlers.hpp"
#include "table.hpp"

namespace ggen::cli {
namespace {

constexpr std::string_view k_group = "Use packages";

CommandSpec search_command() {
    return {
        .path = "search",
        .group = k_group,
        .summary = "Find packages",
        .description = "Searches names, descriptions, tags and keywords of the packages of all known registries, in an "
                       "index on this machine that follows their logs. Without words it lists everything that "
                       "passes the filters.",
        .examples = {{"search web server", "packages that have to do with both words"},
                     {"search revew --fuzzy", "also names that are nearly this"},
                     {"search --tag ai --sort recency -l 5", "the five newest with a tag"},
                     {"search review --facets --min-age 30", "counts per category, licence and registry"},
                     {"search review --json", "for programs"}},
        .positionals = {{.name = "QUERY", .doc = "Words to look for.", .repeatable = true}},
        .flags = {{.name = "limit", .letter = 'l', .value = "N", .doc = "Show at most N.", .fallback = "10"},
                  {.name = "detailed", .letter = 'd', .doc = "Several lines for each package."},
                  {.name = "fuzzy", .doc = "Forgive typing mistakes."},
                  {.name = "category", .letter = 'c', .value = "NAME", .doc = "Only this category."},
                  {.name = "keyword", .letter = 'k', .value = "WORD", .doc = "Only with this keyword.",
                   .repeatable = true},
                  {.name = "author", .letter = 'a', .value = "TEXT", .doc = "Only by authors that contain TEXT."},
                  {.name = "tag", .value = "TAG", .doc = "Only with this tag.", .repeatable = true},
                  {.name = "license", .value = "ID", .doc = "Only under this licence."},
                  {.name = "min-stars", .value = "N", .doc = "At least N stars."},
                  {.name = "min-downloads", .value = "N", .doc = "At least N downloads."},
                  {.name = "min-age", .value = "DAYS", .doc = "Only versions that have been out for DAYS."},
                  {.name = "signed", .doc = "Only versions that their publisher signed."},
                  {.name = "origin", .value = "REGISTRY", .doc = "Only from this registry (alias or origin).",
                   .repeatable = true, .complete = Complete::registry},
                  {.name = "facets", .doc = "Also count all results by category, licence and registry."},
                  {.name = "sort", .value = "BY", .doc = "Order of the results.",
                   .choices = "relevance|downloads|stars|recency|name", .fallback = "relevance"},
                  {.name = "order", .value = "DIRECTION", .doc = "Direction of the order; best, most and newest "
                   "first by default, names from a to z.", .choices = "asc|desc"},
                  {.name = "offset", .value = "N", .doc = "Leave out the first N.", .fallback = "0"},
                  {.name = "after", .value = "CURSOR", .doc = "Go on behind the page that printed this cursor."}},
        .run = run_search,
    };
}

CommandSpec info_command() {
    return {
        .path = "info",
        .group = k_group,
        .summary = "Show a package: versions, owner, dependencies",
        .examples = {{"info acme/web", "the newest version"}, {"info acme/web@^1.2", "the newest of a range"}},
        .positionals = {{.name = "NAME[@RANGE]", .doc = "The package.", .required = true,
                         .complete = Complete::package}},
        .aliases = {"show"},
        .run = run_info,
    };
}

CommandSpec install_command() {
    return {
        .path = "install",
        .group = k_group,
        .summary = "Install packages and their dependencies",
        .description = "Without a name it installs what gpack.toml and ggen.lock of the project say. Every package "
                       "is proven to be in the registry's signed log before a file is written; the old tree stays "
                       "until the new one is complete. No code of a package is run.",
        .examples = {{"install acme/web", "the newest release"},
                     {"install 'acme/web@^1.2' acme/log", "two packages, one with a range"},
                     {"install --frozen", "exactly what ggen.lock says, or fail"},
                     {"install acme/web --dry-run --json", "the plan, for programs"}},
        .positionals = {{.name = "NAME[@RANGE]", .doc = "Packages to add; ranges as npm writes them.",
                         .repeatable = true, .complete = Complete::package}},
        .flags = {dry_run_flag(),
                  {.name = "frozen", .doc = "Fail when ggen.lock would have to change."},
                  {.name = "force", .letter = 'f', .doc = "Put back edited files; replace what stands in the way."},
                  {.name = "target", .letter = 't', .value = "DIR", .doc = "Install here.",
                   .fallback = "gpacks in the project", .complete = Complete::directory},
                  {.name = "no-dependencies", .doc = "Only the packages named."},
                  {.name = "link", .value = "MODE", .doc = "How files get from the store into the project.",
                   .choices = "copy|hardlink|symlink", .fallback = "copy"}},
        .aliases = {"add", "i"},
        .run = run_install,
    };
}

std::vector<CommandSpec> change_commands() {
    return {
        {.path = "list",
         .group = k_group,
         .summary = "List what is installed",
         .examples = {{"list", "name, version, registry"}, {"list --detailed", "with digests and log index"}},
         .flags = {{.name = "detailed", .letter = 'd', .doc = "Several lines for each package."}},
         .aliases = {"ls"},
         .run = run_list},
        {.path = "update",
         .group = k_group,
         .summary = "Move to newer versions within the ranges",
         .examples = {{"update --all", "everything"},
                      {"update acme/web", "one package, and what it then needs"},
                      {"update --all --dry-run", "what would change"}},
         .positionals = {{.name = "NAME", .doc = "Packages to update.", .repeatable = true,
                          .complete = Complete::installed}},
         .flags = {{.name = "all", .letter = 'a', .doc = "Update everything."},
                   dry_run_flag(),
                   {.name = "link", .value = "MODE", .doc = "How files get from the store into the project.",
                    .choices = "copy|hardlink|symlink", .fallback = "copy"}},
         .aliases = {"upgrade"},
         .run = run_update},
        {.path = "outdated",
         .group = k_group,
         .summary = "Show packages that have newer versions",
         .examples = {{"outdated", "current, wanted and latest"},
                      {"outdated --exit-code", "for scripts: exit code 10 when there are any"}},
         .flags = {{.name = "exit-code", .doc = "Exit with 10 when something is outdated."}},
         .run = run_outdated},
        {.path = "remove",
         .group = k_group,
         .summary = "Remove packages and what only they needed",
         .examples = {{"remove acme/web", "and its dependencies that nothing else needs"}},
         .positionals = {{.name = "NAME", .doc = "Packages to remove.", .required = true, .repeatable = true,
                          .complete = Complete::installed}},
         .flags = {dry_run_flag()},
         .aliases = {"rm", "uninstall"},
         .run = run_remove},
    };
}

std::vector<CommandSpec> look_commands() {
    return {
        {.path = "why",
         .group = k_group,
         .summary = "Explain why a package is installed",
         .examples = {{"why acme/log", "every way from the project to it"}},
         .positionals = {{.name = "NAME", .doc = "An installed package.", .required = true,
                          .complete = Complete::installed}},
         .run = run_why},
        {.path = "tree",
         .group = k_group,
         .summary = "Show the tree of dependencies",
         .examples = {{"tree", "from the project down"}},
         .run = run_tree},
        {.path = "verify",
         .group = k_group,
         .summary = "Prove that what is installed is what was published",
         .description = "Walks root file, log key, checkpoint, inclusion proof, publisher's signature, digests and "
                        "every installed file. Exit code 6 names what does not hold.",
         .examples = {{"verify --offline", "from ggen.lock and its proofs alone"}},
         .run = run_verify},
        {.path = "lock",
         .group = k_group,
         .summary = "Resolve and write ggen.lock, without installing",
         .examples = {{"lock", "after editing gpack.toml or joining two branches"}},
         .flags = {dry_run_flag()},
         .run = run_lock},
    };
}

}  // namespace

std::vector<CommandSpec> consumer_commands() {
    std::vector<CommandSpec> commands{search_command(), info_command(), install_command()};
    for (auto& command : change_commands()) commands.push_back(std::move(command));
    for (auto& command : look_commands()) commands.push_back(std::move(command));
    return commands;
}

}  // namespace ggen::cli
