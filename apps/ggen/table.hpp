#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exit_code.hpp"

/// One declaration per command and flag. Parser, help, man page, docs/cli.md and completion are all made
/// from these tables and from nothing else.
namespace ggen::cli {

class Context;

/// Where the words that complete an argument come from.
enum class Complete : std::uint8_t {
    nothing,
    file,
    directory,
    package,    ///< Names in the catalogues.
    installed,  ///< Names in the project's lockfile.
    registry,   ///< Aliases.
    command,
    error_code,
    config_key,
};

struct FlagSpec {
    std::string_view name;  ///< Without the two hyphens.
    char letter = 0;        ///< The short form; 0 = none.
    std::string_view value = {};  ///< Name of its value in help; "" = a switch.
    std::string_view doc = {};
    bool repeatable = false;      ///< Otherwise the last one counts.
    std::string_view choices = {};  ///< "a|b|c": nothing else is accepted.
    std::string_view fallback = {};  ///< The default, shown in help.
    Complete complete = Complete::nothing;
};

struct PositionalSpec {
    std::string_view name;
    std::string_view doc = {};
    bool required = false;
    bool repeatable = false;  ///< Only the last one of a command.
    Complete complete = Complete::nothing;
};

struct ExampleSpec {
    std::string_view line;  ///< Without "ggen ".
    std::string_view doc;
};

using Handler = Result<ExitCode> (*)(Context&);

struct CommandSpec {
    std::string_view path;   ///< "install", "registry create".
    std::string_view group;  ///< Heading in the overview.
    std::string_view summary;
    std::string_view description = {};  ///< More sentences, for its own page.
    std::vector<ExampleSpec> examples = {};
    std::vector<PositionalSpec> positionals = {};
    std::vector<FlagSpec> flags = {};  ///< Common ones first.
    std::vector<std::string_view> aliases = {};
    bool hidden = false;
    Handler run = nullptr;
};

struct NamedText {
    std::string_view name;
    std::string_view text;
};

/// Every command, in the order of the overview.
[[nodiscard]] std::vector<CommandSpec> const& command_table();
/// Flags that every command takes.
[[nodiscard]] std::vector<FlagSpec> const& global_flags();
/// Files and environment variables, for help and man page.
[[nodiscard]] std::vector<NamedText> const& file_rows();
[[nodiscard]] std::vector<NamedText> const& environment_rows();

/// By path or alias; null when there is none.
[[nodiscard]] CommandSpec const* find_command(std::string_view path);
/// Whether commands stand below `path` ("registry").
[[nodiscard]] bool is_command_group(std::string_view path);
/// The words that may follow `path` ("" = first words), hidden ones left out.
[[nodiscard]] std::vector<std::string> next_words(std::string_view path);

// Flags that several commands share.
[[nodiscard]] FlagSpec dry_run_flag();

// The parts of the table, one file each.
[[nodiscard]] std::vector<CommandSpec> consumer_commands();
[[nodiscard]] std::vector<CommandSpec> author_commands();
[[nodiscard]] std::vector<CommandSpec> operator_commands();
[[nodiscard]] std::vector<CommandSpec> network_commands();  ///< within those of operators
[[nodiscard]] std::vector<CommandSpec> inspector_commands();

}  // namespace ggen::cli
