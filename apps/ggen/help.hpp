#pragma once

#include <string>
#include <string_view>

#include "table.hpp"

/// Pages made from the tables alone. Pure.
namespace ggen::cli {

/// What `ggen` and `ggen help` print.
[[nodiscard]] std::string overview_page();
/// The page of one command: examples, flags (common ones first), exit codes, files.
[[nodiscard]] std::string command_page(CommandSpec const& command);
/// The page of a group ("registry"): its commands.
[[nodiscard]] std::string group_page(std::string_view path);
/// docs/cli.md below its introduction.
[[nodiscard]] std::string markdown_reference();
/// ggen(1) in mdoc(7).
[[nodiscard]] std::string manual_page();
/// The completion script of `shell`; "" for a shell that is not known.
[[nodiscard]] std::string completion_script(std::string_view shell);

/// "install [NAME[@RANGE]]… [flags]".
[[nodiscard]] std::string usage_line(CommandSpec const& command);
/// "-l, --limit N".
[[nodiscard]] std::string flag_heading(FlagSpec const& flag);
/// Its sentence with choices and default.
[[nodiscard]] std::string flag_text(FlagSpec const& flag);

}  // namespace ggen::cli
