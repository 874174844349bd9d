#include "search/words.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "codec/utf8.hpp"

namespace ggen::search {
namespace {

std::string fold_ascii(std::string_view text) {
    std::string out{text};
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

/// `text` with every byte that belongs to no character as a blank.
std::string repaired(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        auto const point = decode_utf8(text);
        auto const bytes = point ? point->bytes : 1;
        if (point && point->value != 0) out.append(text.substr(0, bytes));
        else out += ' ';
        text.remove_prefix(bytes);
    }
    return out;
}

bool is_word_character(char32_t c) {
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO:
        case UTF8PROC_CATEGORY_MC:
        case UTF8PROC_CATEGORY_ND:
        case UTF8PROC_CATEGORY_NL:
        case UTF8PROC_CATEGORY_NO: return true;
        default: return false;
    }
}

/// Scripts that are written without blanks.
bool is_word_alone(char32_t c) {
    return (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x4E00 && c <= 0x9FFF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x3FFFF);
}

}  // namespace

std::string fold(std::string_view text) {
    if (is_ascii(text)) return fold_ascii(text);
    auto const whole = repaired(text);
    constexpr auto k_options = static_cast<utf8proc_option_t>(
        static_cast<unsigned>(UTF8PROC_STABLE) | static_cast<unsigned>(UTF8PROC_DECOMPOSE) |
        static_cast<unsigned>(UTF8PROC_COMPAT) | static_cast<unsigned>(UTF8PROC_CASEFOLD) |
        static_cast<unsigned>(UTF8PROC_IGNORE) | static_cast<unsigned>(UTF8PROC_STRIPMARK));
    utf8proc_uint8_t* mapped = nullptr;
    auto const size = utf8proc_map(reinterpret_cast<utf8proc_uint8_t const*>(whole.data()),
                                   static_cast<utf8proc_ssize_t>(whole.size()), &mapped, k_options);
    std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> const owner{mapped, std::free};
    if (size < 0) return fold_ascii(whole);
    return {reinterpret_cast<char const*>(mapped), static_cast<std::size_t>(size)};
}

std::vector<std::string> words_of(std::string_view text) {
    auto const folded = fold(text);
    std::vector<std::string> words;
    std::string word;
    auto const end_word = [&] {
        if (!word.empty()) words.push_back(std::move(word));
        word.clear();
    };
    for (std::string_view rest = folded; !rest.empty();) {
        auto const point = decode_utf8(rest);
        auto const bytes = point ? point->bytes : 1;
        if (!point || !is_word_character(point->value)) {
            end_word();
        } else if (is_word_alone(point->value)) {
            end_word();
            words.emplace_back(rest.substr(0, bytes));
        } else {
            word.append(rest.substr(0, bytes));
        }
        rest.remove_prefix(bytes);
    }
    end_word();
    return words;
}

std::u32string code_points(std::string_view utf8) {
    std::u32string out;
    while (!utf8.empty()) {
        auto const point = decode_utf8(utf8);
        out += point ? static_cast<char32_t>(point->value) : U'\uFFFD';
        utf8.remove_prefix(point ? point->bytes : 1);
    }
    return out;
}

std::size_t word_distance(std::u32string const& a, std::u32string const& b, std::size_t limit) {
    auto const longer = std::max(a.size(), b.size());
    if (longer - std::min(a.size(), b.size()) > limit) return limit + 1;
    std::vector<std::size_t> two_above(b.size() + 1);
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t k = 0; k <= b.size(); ++k) row[k] = k;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        two_above.swap(above);
        above.swap(row);
        row[0] = i;
        for (std::size_t k = 1; k <= b.size(); ++k) {
            row[k] = std::min({above[k] + 1, row[k - 1] + 1, above[k - 1] + (a[i - 1] == b[k - 1] ? 0 : 1)});
            bool const is_swap = i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1];
            if (is_swap) row[k] = std::min(row[k], two_above[k - 2] + 1);
        }
        if (*std::min_element(row.begin(), row.end()) > limit) return limit + 1;
    }
    return std::min(row[b.size()], limit + 1);
}

}  // namespace ggen::search
