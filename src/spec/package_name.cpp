#include "spec/package_name.hpp"

#include <algorithm>
#include <array>

#include "spec/text_checks.hpp"

namespace ggen {
namespace {

/// What Windows opens as a device whatever the folder, with or without an extension.
constexpr std::array<std::string_view, 22> k_reserved_stems{
    "aux",  "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "con",
    "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9", "nul",  "prn"};

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_separator(char c) { return c == '.' || c == '_' || c == '-'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// What is wrong with one part of a name; "" when nothing is.
std::string part_problem(std::string_view part, std::string_view which) {
    if (part.empty()) return std::string{which} + " is empty";
    for (std::size_t i = 0; i < part.size(); ++i) {
        if (is_letter_or_digit(part[i])) continue;
        if (!is_separator(part[i])) {
            return described_character(part.substr(i)) + " is not allowed in a name";
        }
        // A next character that is not allowed anywhere is reported on its own turn.
        bool const follows_letter = i > 0 && is_letter_or_digit(part[i - 1]);
        bool const precedes_letter = i + 1 < part.size() && !is_separator(part[i + 1]);
        if (!follows_letter || !precedes_letter) {
            return described_character(part.substr(i)) + " must stand alone between letters or digits";
        }
    }
    auto const stem = part.substr(0, part.find('.'));
    if (std::binary_search(k_reserved_stems.begin(), k_reserved_stems.end(), stem)) {
        return quoted(stem) + " is reserved by an operating system";
    }
    return {};
}

std::string name_problem(std::string_view text) {
    if (text.empty()) return "it is empty";
    if (text.size() > PackageName::k_bytes_max) {
        return "it is longer than " + std::to_string(PackageName::k_bytes_max) + " bytes";
    }
    auto const slash = text.find('/');
    if (slash == std::string_view::npos) return part_problem(text, "it");
    if (auto problem = part_problem(text.substr(0, slash), "the scope"); !problem.empty()) {
        return problem;
    }
    auto const base = text.substr(slash + 1);
    if (base.find('/') != std::string_view::npos) return "it has more than one '/'";
    return part_problem(base, "the part after the scope");
}

/// Lower case, blanks and a leading '@' cut, blanks inside as hyphens: what people mean most often.
std::string likely_spelling(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    if (!text.empty() && text.front() == '@') text.remove_prefix(1);
    std::string spelling{text};
    for (char& c : spelling) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == ' ') c = '-';
    }
    return spelling;
}

}  // namespace

Result<PackageName> PackageName::parse(std::string_view text) {
    auto const problem = name_problem(text);
    if (problem.empty()) return PackageName{std::string{text}};
    Error error{Errc::invalid, ErrorId::name_invalid, "package name " + quoted(text) + ": " + problem};
    if (text.size() <= 2 * k_bytes_max) {
        auto const spelling = likely_spelling(text);
        if (name_problem(spelling).empty()) error.help = "did you mean " + spelling + "?";
    }
    return error;
}

std::string_view PackageName::scope() const {
    auto const slash = text_.find('/');
    return slash == std::string::npos ? std::string_view{} : std::string_view{text_}.substr(0, slash);
}

std::string_view PackageName::base() const {
    auto const slash = text_.find('/');
    return slash == std::string::npos ? std::string_view{text_} : std::string_view{text_}.substr(slash + 1);
}

std::string PackageName::skeleton() const {
    std::string out;
    for (char c : text_) {
        if (is_separator(c)) continue;
        if (c == '0') c = 'o';
        if (c == '1' || c == 'i') c = 'l';
        char const before = out.empty() ? '/' : out.back();
        if (before == 'r' && c == 'n') {
            out.back() = 'm';
        } else if (before == 'v' && c == 'v') {
            out.back() = 'w';
        } else {
            out += c;
        }
    }
    return out;
}

}  // namespace ggen
