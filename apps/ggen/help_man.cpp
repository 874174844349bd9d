#include <fmt/format.h>

#include "base/error_id.hpp"
#include "help.hpp"

namespace ggen::cli {
namespace {

/// Text that mdoc(7) prints as it stands: ASCII, no escapes, no macro at the start of a line.
std::string mdoc_text(std::string_view text) {
    std::string safe;
    bool at_line_start = true;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i).starts_with("…")) {
            safe += "...";
            i += std::string_view{"…"}.size() - 1;
        } else if (text[i] == '\\') {
            safe += "\\e";
        } else if (text[i] == '-') {
            safe += "\\-";
        } else if (at_line_start && (text[i] == '.' || text[i] == '\'')) {
            safe += fmt::format("\\&{}", text[i]);
        } else if (text[i] == '`') {
            safe += "\\(ga";
        } else if (text[i] == '~') {
            safe += "\\(ti";
        } else if (text[i] == '^') {
            safe += "\\(ha";
        } else if (text[i] == '\'') {
            safe += "\\(aq";
        } else if (text[i] == '"') {
            safe += "\\(dq";
        } else {
            safe += text[i];
        }
        at_line_start = false;
    }
    return safe;
}

/// Lines of at most 78 bytes; a word that would be taken for a macro is shielded.
std::string folded(std::string_view text) {
    std::string page;
    std::size_t column = 0;
    while (!text.empty()) {
        auto const end = text.find_first_of(" \n");
        auto word = std::string{text.substr(0, end)};
        bool const breaks = column > 0 && column + 1 + word.size() > 78;
        if (breaks) page += "\n";
        else if (column > 0) page += " ";
        column = breaks || column == 0 ? word.size() : column + 1 + word.size();
        if (breaks && word.starts_with('.')) word.insert(0, "\\&");
        page += word;
        if (end == std::string_view::npos) break;
        if (text[end] == '\n') {
            page += "\n";
            column = 0;
        }
        text.remove_prefix(end + 1);
    }
    return page;
}

/// Sentences on lines of their own, as mdoc(7) wants them.
std::string mdoc_sentences(std::string_view text) {
    auto safe = mdoc_text(text);
    for (std::string_view const end : {". ", "? "}) {
        for (std::size_t at = 0; (at = safe.find(end, at)) != std::string::npos; ++at) {
            // "DIR. Default" ends a sentence; "e.g. x" would not, so the tables avoid it.
            safe.replace(at + 1, 1, "\n");
        }
    }
    return folded(safe);
}

std::string tagged(std::string_view tag, std::string_view text) {
    return fmt::format(".It {}\n{}\n", tag, mdoc_sentences(text));
}

std::string flag_list(std::vector<FlagSpec> const& flags) {
    if (flags.empty()) return {};
    std::string page = ".Bl -tag -width Ds\n";
    for (auto const& flag : flags) {
        std::string tag = flag.letter != 0 ? fmt::format("Fl {} , Fl \\-{}", flag.letter, mdoc_text(flag.name))
                                           : fmt::format("Fl \\-{}", mdoc_text(flag.name));
        if (!flag.value.empty()) tag += fmt::format(" Ar {}", mdoc_text(flag.value));
        page += tagged(tag, flag_text(flag));
    }
    return page + ".El\n";
}

std::string command_entry(CommandSpec const& command) {
    auto page = fmt::format(".Ss ggen {}\n{}.\n.Pp\n.Dl ggen {}\n", mdoc_text(command.path),
                            mdoc_text(command.summary), mdoc_text(usage_line(command)));
    if (!command.description.empty()) page += ".Pp\n" + mdoc_sentences(command.description) + "\n";
    for (auto const& [line, doc] : command.examples) {
        page += ".Pp\n";
        if (!doc.empty()) page += fmt::format("Example: {}:\n", mdoc_text(doc));
        page += fmt::format(".Dl ggen {}\n", mdoc_text(line));
    }
    page += flag_list(command.flags);
    return page;
}

}  // namespace

std::string manual_page() {
    std::string page =
        ".Dd November 23, 2026\n.Dt GGEN 1\n.Os\n.Sh NAME\n.Nm ggen\n"
        ".Nd package marketplace on a verifiable log\n"
        ".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar argument ...\n.Op Ar flag ...\n"
        ".Sh DESCRIPTION\n.Nm\nfinds, installs, publishes and verifies packages.\n"
        "A registry is a folder of static files:\n"
        "a log of signed records and the archives they name.\n"
        "Every install is proven against the signed log before a file is written.\n"
        ".Pp\n"
        "These flags are taken by every command:\n";
    page += flag_list(global_flags());
    page += ".Sh COMMANDS\n";
    for (auto const& command : command_table()) {
        if (!command.hidden) page += command_entry(command);
    }
    page += ".Sh ENVIRONMENT\n.Bl -tag -width Ds\n";
    for (auto const& [name, text] : environment_rows()) page += tagged(fmt::format("Ev {}", mdoc_text(name)), text);
    page += ".El\n.Sh FILES\n.Bl -tag -width Ds\n";
    for (auto const& [name, text] : file_rows()) page += tagged(fmt::format("Pa {}", mdoc_text(name)), text);
    page += ".El\n.Sh EXIT STATUS\n.Bl -tag -width Ds\n";
    for (auto const& [code, meaning] : exit_code_rows()) {
        page += tagged(fmt::format("{}", static_cast<int>(code)), meaning);
    }
    page += ".El\n.Sh DIAGNOSTICS\nErrors carry a code that\n.Ic ggen explain\nexplains.\n.Bl -tag -width Ds\n";
    for (auto const& row : error_explanations()) page += tagged(error_id_text(row.id), row.title);
    return page + ".El\n";
}

}  // namespace ggen::cli
