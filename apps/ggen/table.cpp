#include "table.hpp"

#include <algorithm>
#include <array>

namespace ggen::cli {

namespace {

/// A part of the table, made when it is asked for.
template <auto Make>
std::vector<CommandSpec> const& made() {
    static auto const part = Make();
    return part;
}
constexpr std::array k_parts{&made<&consumer_commands>, &made<&author_commands>, &made<&operator_commands>,
                             &made<&inspector_commands>};

}  // namespace

std::vector<CommandSpec> const& command_table() {
    static std::vector<CommandSpec> const table = [] {
        std::vector<CommandSpec> all;
        for (auto* const part : k_parts) all.insert(all.end(), part().begin(), part().end());
        return all;
    }();
    return table;
}

std::vector<FlagSpec> const& global_flags() {
    static std::vector<FlagSpec> const flags = {
        {.name = "help", .letter = 'h', .doc = "Show the page of this command."},
        {.name = "json", .letter = 'j',
         .doc = "One JSON document on standard output; errors as JSON on standard error."},
        {.name = "registry", .value = "ALIAS", .doc = "Use this registry (alias, origin or folder).",
         .complete = Complete::registry},
        {.name = "offline", .doc = "Open no network connection."},
        {.name = "project", .value = "DIR", .doc = "The project directory.", .fallback = "the working directory",
         .complete = Complete::directory},
        {.name = "events", .doc = "What happens, as it happens: one JSON line an event on standard error."},
        {.name = "quiet", .letter = 'q', .doc = "Errors only."},
        {.name = "verbose", .letter = 'v', .doc = "Say what is done; -vv says more.", .repeatable = true},
        {.name = "color", .value = "WHEN", .doc = "Colours.", .choices = "auto|always|never", .fallback = "auto"},
        {.name = "plain", .doc = "One record a line, fields separated by tabs, no headings."},
        {.name = "no-input", .doc = "Ask nothing."},
    };
    return flags;
}

std::vector<NamedText> const& file_rows() {
    static std::vector<NamedText> const rows = {
        {"gpack.toml", "the manifest of a package or project"},
        {"ggen.lock", "exact versions, origins and digests of what is installed; commit it"},
        {"ggen.lock.proofs", "proofs of the registry's log, for verify --offline; commit it"},
        {"gpacks/", "installed packages"},
        {"./.ggen/config.toml", "settings of the project"},
        {"$XDG_CONFIG_HOME/ggen/config.toml", "settings of the user (~/.config/ggen)"},
        {"/etc/ggen/config.toml", "settings of the machine"},
        {"$XDG_CONFIG_HOME/ggen/keys/", "private keys, readable by the user alone"},
        {"$XDG_CACHE_HOME/ggen/", "store, verified registry files and catalogues; may be deleted"},
        {"$XDG_STATE_HOME/ggen/", "last verified and last signed checkpoints of registries; keep"},
    };
    return rows;
}

std::vector<NamedText> const& environment_rows() {
    static std::vector<NamedText> const rows = {
        {"GGEN_CONFIG_DIR", "configuration directory"},
        {"GGEN_CACHE_DIR", "cache directory"},
        {"GGEN_DATA_DIR", "data directory"},
        {"GGEN_STATE_DIR", "state directory"},
        {"GGEN_KEY", "file of the publishing key"},
        {"GGEN_OFFLINE", "1 = as --offline"},
        {"GGEN_FAKE_TIME", "seconds since 1970: freezes the clock for reproducible runs"},
        {"NO_COLOR", "any value: no colours"},
        {"http_proxy, https_proxy, no_proxy", "proxies, as curl reads them"},
    };
    return rows;
}

FlagSpec dry_run_flag() {
    return {.name = "dry-run", .doc = "Show what would happen and change nothing."};
}

CommandSpec const* find_command(std::string_view path) {
    // A run names one command: the parts after that of its command are never made.
    for (auto* const part : k_parts) {
        for (auto const& command : part()) {
            bool const is_alias =
                std::find(command.aliases.begin(), command.aliases.end(), path) != command.aliases.end();
            if (command.path == path || is_alias) return &command;
        }
    }
    return nullptr;
}

bool is_command_group(std::string_view path) {
    return std::any_of(command_table().begin(), command_table().end(), [&](auto const& command) {
        return command.path.size() > path.size() && command.path.starts_with(path) &&
               command.path[path.size()] == ' ';
    });
}

std::vector<std::string> next_words(std::string_view path) {
    std::vector<std::string> words;
    for (auto const& command : command_table()) {
        if (command.hidden) continue;
        auto rest = command.path;
        if (!path.empty()) {
            if (!rest.starts_with(path) || rest.size() <= path.size() || rest[path.size()] != ' ') continue;
            rest.remove_prefix(path.size() + 1);
        }
        std::string word{rest.substr(0, rest.find(' '))};
        if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(std::move(word));
    }
    return words;
}

}  // namespace ggen::cli
