#include "spec/toml_guard.hpp"

#include <fmt/format.h>

#include <vector>

#include "spec/text_checks.hpp"

namespace ggen {
namespace {

/// Follows brackets, dots and keys of a document; strings and comments are skipped.
class Walker {
public:
    Walker(std::string_view text, TomlLimits const& limits) : text_(text), limits_(limits) {}

    /// The offset where a limit is passed, or the size of the text.
    std::size_t walk() {
        while (at_ < text_.size() && !is_over()) step();
        return is_over() ? at_ - 1 : text_.size();
    }
    [[nodiscard]] bool is_too_deep() const { return depth_ + dots_ > limits_.depth_max; }

private:
    struct Level {
        char bracket;
        std::size_t dots;  // Of the key before the bracket.
    };

    [[nodiscard]] bool is_over() const { return is_too_deep() || keys_ > limits_.keys_max; }

    void step() {
        char const c = text_[at_];
        if (c == '"' || c == '\'') return skip_string(c);
        if (c == '#') return skip_comment();
        ++at_;
        bool const was_at_line_start = is_at_line_start_;
        if (c != ' ' && c != '\t') is_at_line_start_ = false;
        switch (c) {
            case '\n':
                on_newline();
                break;
            case '[':
                if (was_at_line_start && levels_.empty()) return open_header();
                [[fallthrough]];
            case '{':
                open(c);
                break;
            case ']':
            case '}':
                close();
                break;
            case ',':
                on_comma();
                break;
            case '=':
                ++keys_;
                is_value_ = true;
                break;
            case '.':
                if (is_value_) break;
                ++keys_;
                ++dots_;
                break;
            default:
                break;
        }
    }

    void on_newline() {
        if (!levels_.empty()) return;
        is_at_line_start_ = true;
        is_value_ = false;
        is_header_ = false;
        dots_ = 0;
    }

    void open_header() {
        if (at_ < text_.size() && text_[at_] == '[') ++at_;
        ++keys_;
        is_header_ = true;
        is_value_ = false;
        header_depth_ = 1;
        depth_ = 1;
        dots_ = 0;
    }

    void open(char bracket) {
        levels_.push_back({bracket, dots_});
        depth_ += dots_ + 1;
        dots_ = 0;
        is_value_ = bracket == '[';
    }

    void close() {
        if (is_header_ && levels_.empty()) {
            header_depth_ += dots_;
            depth_ = header_depth_;
            dots_ = 0;
            is_header_ = false;
            is_value_ = true;  // Only a second ']' or a comment may follow on this line.
            return;
        }
        if (levels_.empty()) return;
        dots_ = levels_.back().dots;
        depth_ -= dots_ + 1;
        levels_.pop_back();
        is_value_ = true;
    }

    void on_comma() {
        if (levels_.empty()) return;
        dots_ = 0;
        is_value_ = levels_.back().bracket == '[';
    }

    void skip_comment() {
        auto const end = text_.find('\n', at_);
        at_ = end == std::string_view::npos ? text_.size() : end;
    }

    void skip_string(char quote) {
        is_at_line_start_ = false;
        bool const is_multi_line = text_.substr(at_, 3) == std::string_view{quote == '"' ? "\"\"\"" : "'''"};
        at_ += is_multi_line ? 3 : 1;
        while (at_ < text_.size()) {
            char const c = text_[at_];
            if (c == '\n' && !is_multi_line) return;
            if (c == '\\' && quote == '"') {
                at_ += 2;
                continue;
            }
            ++at_;
            if (c != quote) continue;
            if (!is_multi_line) return;
            bool const is_end = at_ + 1 < text_.size() && text_[at_] == quote && text_[at_ + 1] == quote;
            if (!is_end) continue;
            at_ += 2;
            // Up to two quotes may stand right before the closing three.
            while (at_ < text_.size() && text_[at_] == quote) ++at_;
            return;
        }
        at_ = text_.size();
    }

    std::string_view text_;
    TomlLimits limits_;
    std::size_t at_ = 0;
    std::size_t keys_ = 0;
    std::size_t depth_ = 0;  // Of the header and the open brackets.
    std::size_t header_depth_ = 0;
    std::size_t dots_ = 0;  // Of the key being read.
    bool is_at_line_start_ = true;
    bool is_header_ = false;
    bool is_value_ = false;
    std::vector<Level> levels_;  // At most depth_max + 1.
};

Error refused(Errc code, std::string_view text, std::string_view source_name, std::size_t at,
              std::string_view problem) {
    return {code, ErrorId::manifest_invalid,
            place_text(source_name, position_at(text, at)) + std::string{problem}};
}

}  // namespace

Result<void> check_toml_limits(std::string_view text, std::string_view source_name,
                               TomlLimits const& limits) {
    if (text.size() > limits.bytes_max) {
        return Error{Errc::too_large, ErrorId::manifest_invalid,
                     fmt::format("{}: it has {} bytes, at most {} are allowed", source_name, text.size(),
                                 limits.bytes_max)};
    }
    if (text.starts_with("\xEF\xBB\xBF")) {
        return refused(Errc::invalid, text, source_name, 0,
                       "a byte order mark is not allowed; save the file as plain UTF-8");
    }
    if (auto const nul = text.find('\0'); nul != std::string_view::npos) {
        return refused(Errc::invalid, text, source_name, nul, "a NUL byte is not allowed");
    }
    if (auto const bad = first_invalid_utf8(text)) {
        return refused(
            Errc::invalid, text, source_name, *bad,
            fmt::format("byte 0x{:02x} is not valid UTF-8", static_cast<unsigned char>(text[*bad])));
    }
    Walker walker{text, limits};
    auto const at = walker.walk();
    if (at == text.size()) return ok();
    auto const problem = walker.is_too_deep()
                             ? fmt::format("nested more than {} levels deep", limits.depth_max)
                             : fmt::format("more than {} keys", limits.keys_max);
    return refused(Errc::too_large, text, source_name, at, problem);
}

}  // namespace ggen
