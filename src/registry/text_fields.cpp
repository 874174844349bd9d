#include "registry/text_fields.hpp"

#include <limits>
#include <utility>

namespace ggen::detail {

FieldReader::FieldReader(std::string_view text, ErrorId id, std::string what)
    : rest_(text), id_(id), what_(std::move(what)) {}

bool FieldReader::next_is(std::string_view field) const {
    return rest_.size() > field.size() && rest_.substr(0, field.size()) == field &&
           rest_[field.size()] == ' ';
}

Result<std::string_view> FieldReader::take_line() {
    auto const end = rest_.find('\n');
    if (end == std::string_view::npos) return error("the text ends too early");
    auto const line = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    ++line_;
    return line;
}

Result<std::string_view> FieldReader::take(std::string_view field) {
    if (!next_is(field)) return error("the field \"" + std::string{field} + "\" is expected next");
    ASSIGN_OR_RETURN(auto line, take_line());
    line.remove_prefix(field.size() + 1);
    return line;
}

Result<void> FieldReader::expect(std::string_view line) {
    ASSIGN_OR_RETURN(auto const found, take_line());
    if (found != line) return error("the line \"" + std::string{line} + "\" is expected");
    return ok();
}

Result<void> FieldReader::expect_end() {
    if (!rest_.empty()) return error("there is text after the last field");
    return ok();
}

Result<std::uint64_t> FieldReader::take_number(std::string_view field) {
    ASSIGN_OR_RETURN(auto const text, take(field));
    auto const number = parse_canonical_number(text);
    if (!number) return error("\"" + std::string{field} + "\" is not a plain number");
    return *number;
}

Result<merkle::VerifierKey> FieldReader::take_key(std::string_view field) {
    ASSIGN_OR_RETURN(auto const text, take(field));
    auto key = merkle::VerifierKey::parse(text);
    if (!key) return error(key.error().context);
    return key;
}

Error FieldReader::error(std::string_view problem) const {
    return Error{Errc::invalid, id_,
                 what_ + ": line " + std::to_string(line_ + 1) + ": " + std::string{problem}};
}

std::optional<std::uint64_t> parse_canonical_number(std::string_view text) {
    if (text.empty() || text.size() > 19 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
    std::uint64_t number = 0;
    for (char const c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return number;
}

std::pair<std::string_view, std::string_view> split_at_space(std::string_view text) {
    auto const space = text.find(' ');
    if (space == std::string_view::npos) return {text, {}};
    return {text.substr(0, space), text.substr(space + 1)};
}

}  // namespace ggen::detail
