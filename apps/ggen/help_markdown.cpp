#include <fmt/format.h>

#include "base/error_id.hpp"
#include "help.hpp"

namespace ggen::cli {
namespace {

std::string flag_table(std::vector<FlagSpec> const& flags) {
    if (flags.empty()) return {};
    std::string page = "| flag | meaning |\n|---|---|\n";
    for (auto const& flag : flags) page += fmt::format("| `{}` | {} |\n", flag_heading(flag), flag_text(flag));
    return page + "\n";
}

std::string command_section(CommandSpec const& command) {
    auto page = fmt::format("### ggen {}\n{}.\n\n```\n", command.path, command.summary);
    for (auto const& [line, doc] : command.examples) {
        page += fmt::format("ggen {}{}{}\n", line, doc.empty() ? "" : "   # ", doc);
    }
    page += fmt::format("```\nUsage: `ggen {}`", usage_line(command));
    for (auto const& alias : command.aliases) page += fmt::format(", also `ggen {}`", alias);
    page += "\n\n";
    if (!command.description.empty()) page += fmt::format("{}\n\n", command.description);
    return page + flag_table(command.flags);
}

}  // namespace

std::string markdown_reference() {
    std::string page = "## Flags of every command\n" + flag_table(global_flags());
    page += "## Exit codes\n| code | meaning |\n|---|---|\n";
    for (auto const& [code, meaning] : exit_code_rows()) {
        page += fmt::format("| {} | {} |\n", static_cast<int>(code), meaning);
    }
    page += "\n## Files\n| path | what it holds |\n|---|---|\n";
    for (auto const& [name, text] : file_rows()) page += fmt::format("| `{}` | {} |\n", name, text);
    page += "\n## Environment\n| variable | meaning |\n|---|---|\n";
    for (auto const& [name, text] : environment_rows()) page += fmt::format("| `{}` | {} |\n", name, text);
    std::string_view group;
    for (auto const& command : command_table()) {
        if (command.hidden) continue;
        if (command.group != group) page += fmt::format("\n## {}\n", command.group);
        group = command.group;
        page += command_section(command);
    }
    page += "## Error codes\n| code | meaning |\n|---|---|\n";
    for (auto const& row : error_explanations()) {
        page += fmt::format("| {} | {} |\n", error_id_text(row.id), row.title);
    }
    return page;
}

}  // namespace ggen::cli
