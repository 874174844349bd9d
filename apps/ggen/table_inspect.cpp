#include "handlers.hpp"
#include "table.hpp"

namespace ggen::cli {
namespace {

constexpr std::string_view k_group = "Look inside";
constexpr std::string_view k_help = "Help";

FlagSpec key_flag() { return {.name = "key", .value = "VKEY", .doc = "The log's public key (needed)."}; }

std::vector<CommandSpec> inspect_commands() {
    return {
        {.path = "inspect log",
         .group = k_group,
         .summary = "Check a log folder against its key and list its records",
         .examples = {{"inspect log ~/registry --key acme/main+1a2b3c4d+AX…", "every leaf is hashed again"}},
         .positionals = {{.name = "DIR", .doc = "A registry folder.", .required = true,
                          .complete = Complete::directory}},
         .flags = {key_flag(), {.name = "entries", .doc = "List every record."}},
         .run = run_inspect_log},
        {.path = "inspect proof",
         .group = k_group,
         .summary = "Check one proof of a log (C2SP tlog-proof)",
         .examples = {{"inspect proof state/head --key acme/main+1a2b3c4d+AX…", "the leaf is in the proof"},
                      {"inspect proof foo.proof --key VKEY --leaf 5e…", "the leaf hash is given"}},
         .positionals = {{.name = "FILE", .doc = "The proof.", .required = true, .complete = Complete::file}},
         .flags = {key_flag(),
                   {.name = "leaf", .value = "HEX", .doc = "Hash of the leaf that is to be proven."},
                   {.name = "entry", .value = "FILE", .doc = "The leaf itself.", .complete = Complete::file}},
         .run = run_inspect_proof},
        {.path = "inspect archive",
         .group = k_group,
         .summary = "Check a package archive and list its files",
         .examples = {{"inspect archive acme-web-1.2.0.gpack", ""}},
         .positionals = {{.name = "FILE", .doc = "The archive.", .required = true, .complete = Complete::file}},
         .run = run_inspect_archive},
        {.path = "semver",
         .group = k_group,
         .summary = "Print the versions that satisfy ranges, ascending",
         .description = "As npm's semver command. Exit code 1 when none does.",
         .examples = {{"semver -r '^1.2' 1.2.0 1.10.0 2.0.0", "prints 1.2.0 and 1.10.0"}},
         .positionals = {{.name = "VERSION", .doc = "Versions.", .required = true, .repeatable = true}},
         .flags = {{.name = "range", .letter = 'r', .value = "RANGE", .doc = "All given ranges must hold.",
                    .repeatable = true}},
         .run = run_semver},
        {.path = "resolve",
         .group = k_group,
         .summary = "Resolve against an index file, offline",
         .description = "The index has one JSON object a line: {\"name\", \"version\", \"dependencies\": {name: "
                        "range}, \"yanked\"?}. Prints the solution as JSON, or why there is none (exit code 8).",
         .examples = {{"resolve --index packages.jsonl 'a/web@^1' a/log", ""}},
         .positionals = {{.name = "NAME[@RANGE]", .doc = "What is wanted.", .required = true, .repeatable = true}},
         .flags = {{.name = "index", .value = "FILE", .doc = "The index (needed).", .complete = Complete::file}},
         .run = run_resolve},
    };
}

std::vector<CommandSpec> help_commands() {
    return {
        {.path = "help",
         .group = k_help,
         .summary = "Show the overview or the page of a command",
         .examples = {{"help install", ""}},
         .positionals = {{.name = "COMMAND", .doc = "The command.", .repeatable = true,
                          .complete = Complete::command}},
         .flags = {{.name = "markdown", .doc = "The whole reference as Markdown (docs/cli.md)."}},
         .run = run_help},
        {.path = "explain",
         .group = k_help,
         .summary = "Explain an error code",
         .examples = {{"explain GM0312", ""}, {"explain", "list them all"}},
         .positionals = {{.name = "CODE", .doc = "As printed in error[…].", .complete = Complete::error_code}},
         .run = run_explain},
        {.path = "completion",
         .group = k_help,
         .summary = "Print the completion script of a shell",
         .examples = {{"completion bash > ~/.local/share/bash-completion/completions/ggen", ""},
                      {"completion zsh > ~/.zfunc/_ggen", ""},
                      {"completion fish > ~/.config/fish/completions/ggen.fish", ""}},
         .positionals = {{.name = "SHELL", .doc = "bash, zsh or fish.", .required = true}},
         .run = run_completion},
        {.path = "man",
         .group = k_help,
         .summary = "Print the manual page",
         .examples = {{"man | man -l -", ""}},
         .run = run_man},
        {.path = "version",
         .group = k_help,
         .summary = "Print the version",
         .examples = {{"version --json", ""}},
         .run = run_version},
        {.path = "__complete",
         .group = k_help,
         .summary = "Words that complete a command line",
         .positionals = {{.name = "WORD", .repeatable = true}},
         .hidden = true,
         .run = run_complete},
    };
}

}  // namespace

std::vector<CommandSpec> inspector_commands() {
    auto commands = inspect_commands();
    for (auto& command : help_commands()) commands.push_back(std::move(command));
    return commands;
}

}  // namespace ggen::cli
