#include "help.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "output.hpp"

namespace ggen::cli {
namespace {

constexpr std::size_t k_page_columns = 96;

/// `text` in lines of at most k_page_columns, each after `indent` blanks.
std::string wrapped(std::string_view text, std::size_t indent) {
    std::string page;
    std::string line;
    while (!text.empty()) {
        auto const blank = text.find(' ');
        auto const word = text.substr(0, blank);
        if (!line.empty() && indent + display_width(line) + 1 + display_width(word) > k_page_columns) {
            page += std::string(indent, ' ') + line + "\n";
            line.clear();
        }
        line += (line.empty() ? "" : " ") + std::string{word};
        text = blank == std::string_view::npos ? std::string_view{} : text.substr(blank + 1);
    }
    if (!line.empty()) page += std::string(indent, ' ') + line + "\n";
    return page;
}

/// "  name      text", the text wrapped in its column.
std::string row(std::string_view name, std::string_view text, std::size_t column) {
    auto body = wrapped(text, column);
    std::string head = "  " + std::string{name};
    if (display_width(head) + 2 > column) return head + "\n" + body;
    if (body.empty()) return head + "\n";
    return head + std::string(column - display_width(head), ' ') + body.substr(column);
}

std::string exit_code_lines() {
    std::string page = "Exit codes\n";
    for (auto const& [code, meaning] : exit_code_rows()) {
        page += row(fmt::format("{}", static_cast<int>(code)), meaning, 8);
    }
    return page;
}

std::string file_lines() {
    std::string page = "Files\n";
    for (auto const& [name, text] : file_rows()) page += row(name, text, 38);
    return page;
}

std::string flag_lines(std::string_view heading, std::vector<FlagSpec> const& flags) {
    if (flags.empty()) return {};
    std::string page = std::string{heading} + "\n";
    for (auto const& flag : flags) page += row(flag_heading(flag), flag_text(flag), 30);
    return page + "\n";
}

std::string summary_rows(std::string_view group) {
    std::string page;
    for (auto const& command : command_table()) {
        if (command.hidden || command.group != group) continue;
        page += row(command.path, command.summary, 22);
    }
    return page;
}

}  // namespace

std::string usage_line(CommandSpec const& command) {
    std::string line{command.path};
    for (auto const& positional : command.positionals) {
        line += positional.required ? fmt::format(" {}", positional.name) : fmt::format(" [{}]", positional.name);
        if (positional.repeatable) line += "…";
    }
    return line + " [flags]";
}

std::string flag_heading(FlagSpec const& flag) {
    auto text = flag.letter != 0 ? fmt::format("-{}, --{}", flag.letter, flag.name) : fmt::format("--{}", flag.name);
    if (!flag.value.empty()) text += fmt::format(" {}", flag.value);
    return text;
}

std::string flag_text(FlagSpec const& flag) {
    std::string text{flag.doc};
    if (!flag.choices.empty()) {
        std::string choices{flag.choices};
        for (std::size_t at = 0; (at = choices.find('|', at)) != std::string::npos; at += 2) {
            choices.replace(at, 1, ", ");
        }
        text += fmt::format(" One of {}.", choices);
    }
    if (!flag.fallback.empty()) text += fmt::format(" Default: {}.", flag.fallback);
    if (flag.repeatable && !flag.value.empty()) text += " May be given several times.";
    return text;
}

std::string overview_page() {
    std::string page =
        "ggen: a package marketplace whose registry is a signed, verifiable log\n\n"
        "Examples\n"
        "  ggen search review                  find packages\n"
        "  ggen install acme/review            install one with its dependencies\n"
        "  ggen verify --offline               prove that it is what was published\n"
        "  ggen publish                        publish the package in this directory\n\n";
    std::vector<std::string_view> groups;
    for (auto const& command : command_table()) {
        if (command.hidden || std::find(groups.begin(), groups.end(), command.group) != groups.end()) continue;
        groups.push_back(command.group);
        page += std::string{command.group} + "\n" + summary_rows(command.group) + "\n";
    }
    page += flag_lines("Flags of every command", global_flags());
    page += "`ggen help COMMAND` shows one command. `ggen marketplace VERB` means `ggen VERB`.\n\n";
    return page + exit_code_lines() + "\n" + file_lines();
}

std::string group_page(std::string_view path) {
    auto page = fmt::format("ggen {} COMMAND\n\nCommands\n", path);
    for (auto const& command : command_table()) {
        if (command.path.starts_with(std::string{path} + " ")) page += row(command.path, command.summary, 22);
    }
    return page + fmt::format("\n`ggen help {} COMMAND` shows one of them.\n\n", path) + exit_code_lines() + "\n" +
           file_lines();
}

std::string command_page(CommandSpec const& command) {
    auto page = fmt::format("{}\n\nExamples\n", command.summary);
    for (auto const& [line, doc] : command.examples) {
        auto const shown = fmt::format("  ggen {}", line);
        if (doc.empty()) page += shown + "\n";
        else if (display_width(shown) < 50) page += fmt::format("{}{}  {}\n", shown,
                                                                std::string(50 - display_width(shown), ' '), doc);
        else page += fmt::format("{}\n{}{}\n", shown, std::string(52, ' '), doc);
    }
    page += fmt::format("\nUsage\n  ggen {}\n", usage_line(command));
    for (auto const& alias : command.aliases) page += fmt::format("  ggen {} …\n", alias);
    page += "\n";
    if (!command.description.empty()) page += wrapped(command.description, 0) + "\n";
    if (!command.positionals.empty()) {
        page += "Arguments\n";
        for (auto const& positional : command.positionals) page += row(positional.name, positional.doc, 30);
        page += "\n";
    }
    page += flag_lines("Flags", command.flags);
    page += flag_lines("Flags of every command", global_flags());
    return page + exit_code_lines() + "\n" + file_lines();
}

}  // namespace ggen::cli
