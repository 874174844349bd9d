#include "spec/version_grammar.hpp"

namespace ggen::version_grammar {
namespace {

char at(std::string_view text, std::size_t i) { return i < text.size() ? text[i] : '\0'; }

std::size_t scan_identifier_characters(std::string_view text, std::size_t from) {
    while (from < text.size() && is_identifier_character(text[from])) ++from;
    return from;
}

/// Letters make an identifier a text ("01a" is one); without them it is a number ("01" is none).
std::size_t scan_prerelease_identifier(std::string_view text, std::size_t from) {
    auto const end = scan_identifier_characters(text, from);
    if (scan_digits(text, from) != end) return end;
    return scan_number(text, from);
}

template <class ScanIdentifier>
std::size_t scan_dotted(std::string_view text, std::size_t from, char lead, ScanIdentifier scan) {
    if (at(text, from) != lead) return from;
    auto end = scan(text, from + 1);
    if (end == from + 1) return from;
    while (at(text, end) == '.') {
        auto const next = scan(text, end + 1);
        if (next == end + 1) break;
        end = next;
    }
    return end;
}

}  // namespace

std::size_t scan_digits(std::string_view text, std::size_t from) {
    while (from < text.size() && is_digit(text[from])) ++from;
    return from;
}

std::size_t scan_number(std::string_view text, std::size_t from) {
    return at(text, from) == '0' ? from + 1 : scan_digits(text, from);
}

std::size_t scan_prerelease(std::string_view text, std::size_t from) {
    return scan_dotted(text, from, '-', scan_prerelease_identifier);
}

std::size_t scan_build(std::string_view text, std::size_t from) {
    return scan_dotted(text, from, '+', scan_identifier_characters);
}

std::optional<std::uint64_t> number_value(std::string_view digits) {
    if (digits.size() > 19) return std::nullopt;  // 19 digits never pass 2^64.
    std::uint64_t value = 0;
    for (char const c : digits) value = value * 10 + static_cast<std::uint64_t>(c - '0');
    return value <= k_number_max ? std::optional{value} : std::nullopt;
}

}  // namespace ggen::version_grammar
