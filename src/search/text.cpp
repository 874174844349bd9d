#include "search/text.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include "codec/utf8.hpp"
#include "search/little_endian.hpp"
#include "search/words.hpp"

namespace ggen::search_index {
namespace {

enum class Class : std::uint8_t { gap, lower, upper, digit };

constexpr std::array<Class, 128> k_ascii_classes = [] {
    std::array<Class, 128> out{};
    for (int c = 'a'; c <= 'z'; ++c) out[static_cast<std::size_t>(c)] = Class::lower;
    for (int c = 'A'; c <= 'Z'; ++c) out[static_cast<std::size_t>(c)] = Class::upper;
    for (int c = '0'; c <= '9'; ++c) out[static_cast<std::size_t>(c)] = Class::digit;
    return out;
}();

Class ascii_class(char c) { return k_ascii_classes[static_cast<unsigned char>(c) & 0x7fU]; }

char lowered(char c) { return ascii_class(c) == Class::upper ? static_cast<char>(c + ('a' - 'A')) : c; }

/// A new part begins between `a` and `b`: aB, a1, 1a. `next` is what follows b: HTTPServer parts before "Server".
bool is_border(Class a, Class b, Class next) {
    if ((a == Class::digit) != (b == Class::digit)) return true;
    if (a == Class::lower && b == Class::upper) return true;
    return a == Class::upper && b == Class::upper && next == Class::lower;
}

/// At most `bytes_max` bytes of `text`, cut before a character.
std::string_view cut(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    auto size = bytes_max;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80) --size;
    return text.substr(0, size);
}

/// A run of bytes that are no blanks or ASCII punctuation; folding never joins two of them.
std::size_t end_of_chunk(std::string_view text, std::size_t at) {
    while (at < text.size() &&
           (static_cast<unsigned char>(text[at]) >= 0x80 || ascii_class(text[at]) != Class::gap))
        ++at;
    return at;
}

bool is_cjk(char32_t c) {
    return (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x4E00 && c <= 0x9FFF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x3FFFF);
}

std::string_view trimmed(std::string_view text) {
    auto const begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

bool begins_with_cjk(std::string_view word) {
    auto const point = decode_utf8(word);
    return point && is_cjk(point->value);
}

}  // namespace

void Tokenizer::add(std::size_t begin, std::size_t end, std::uint32_t source_begin, std::uint32_t source_end) {
    if (tokens_.size() == k_tokens_a_document_max) return;
    // Views are set once `folded_` moves no more.
    auto const text = cut(std::string_view{folded_}.substr(begin, end - begin), k_token_bytes_max);
    if (!text.empty()) tokens_.push_back({text, source_begin, source_end});
}

void Tokenizer::split(std::string_view text) {
    tokens_.clear();
    if (is_ascii(text)) split_ascii(text, true);
    else split_unicode(text, true);
}

void Tokenizer::split_words(std::string_view text) {
    tokens_.clear();
    if (is_ascii(text)) split_ascii(text, false);
    else split_unicode(text, false);
}

void Tokenizer::split_ascii(std::string_view text, bool with_parts) {
    folded_.resize(text.size());
    std::transform(text.begin(), text.end(), folded_.begin(), lowered);
    std::size_t at = 0;
    while (at < text.size()) {
        if (ascii_class(text[at]) == Class::gap) {
            ++at;
            continue;
        }
        auto const begin = at;
        at = end_of_chunk(text, at);
        add(begin, at, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(at));
        if (!with_parts) continue;
        auto part = begin;
        for (auto i = begin + 1; i < at; ++i) {
            auto const next = i + 1 < at ? ascii_class(text[i + 1]) : Class::gap;
            if (!is_border(ascii_class(text[i - 1]), ascii_class(text[i]), next)) continue;
            add(part, i, static_cast<std::uint32_t>(part), static_cast<std::uint32_t>(i));
            part = i;
        }
        if (part != begin) add(part, at, static_cast<std::uint32_t>(part), static_cast<std::uint32_t>(at));
    }
}

void Tokenizer::split_unicode(std::string_view text, bool with_parts) {
    // Chunk by chunk, so that each token knows where it comes from. The folded words are collected first: views
    // into `folded_` would not survive its growth.
    struct Piece {
        std::size_t begin, end;
        std::uint32_t source_begin, source_end;
    };
    std::vector<Piece> pieces;
    folded_.clear();
    auto const keep = [&](std::string_view word, std::size_t from, std::size_t to) {
        auto const begin = folded_.size();
        folded_.append(word);
        pieces.push_back({begin, folded_.size(), static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to)});
    };
    std::size_t at = 0;
    while (at < text.size() && pieces.size() < k_tokens_a_document_max) {
        if (ascii_class(text[at]) == Class::gap && static_cast<unsigned char>(text[at]) < 0x80) {
            ++at;
            continue;
        }
        auto const begin = at;
        at = end_of_chunk(text, at);
        auto const chunk = text.substr(begin, at - begin);
        if (is_ascii(chunk)) {
            Tokenizer inner;
            inner.split_ascii(chunk, with_parts);
            for (auto const& token : inner.tokens_) keep(token.text, begin + token.begin, begin + token.end);
            continue;
        }
        // Characters of scripts without blanks come one by one: neighbours make bigrams, a lone one stands alone.
        auto const words = search::words_of(chunk);
        for (std::size_t i = 0; i < words.size(); ++i) {
            bool const is_char = begins_with_cjk(words[i]);
            bool const has_next = is_char && i + 1 < words.size() && begins_with_cjk(words[i + 1]);
            bool const had_previous = is_char && i > 0 && begins_with_cjk(words[i - 1]);
            if (has_next) keep(words[i] + words[i + 1], begin, at);
            else if (!had_previous) keep(words[i], begin, at);
        }
    }
    for (auto const& piece : pieces) add(piece.begin, piece.end, piece.source_begin, piece.source_end);
}

void append_joined(std::string_view name, std::string& out) {
    auto const start = out.size();
    if (is_ascii(name)) {
        for (char const c : name) {
            if (out.size() - start == k_joined_bytes_max) return;
            if (ascii_class(c) != Class::gap) out += lowered(c);
        }
    } else {
        for (auto const& word : search::words_of(name)) {
            auto const room = k_joined_bytes_max - (out.size() - start);
            auto const taken = cut(word, room);
            out += taken;
            if (taken.size() < word.size()) return;
        }
    }
    // A name without letters, such as "-": it must be found all the same.
    if (out.size() == start) out += cut(trimmed(name), k_joined_bytes_max);
}

std::string_view without_scope(std::string_view name) {
    auto const slash = name.find('/');
    return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

bool has_inner_blank(std::string_view text) {
    return trimmed(text).find_first_of(" \t\r\n") != std::string_view::npos;
}

std::uint32_t count_code_points(std::string_view utf8) {
    return static_cast<std::uint32_t>(std::count_if(
        utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

std::string fold_value(std::string_view text) { return search::fold(text); }

void DocumentAnalyser::add(std::string_view text, std::uint8_t flags) {
    if (text.empty()) return;
    found_.push_back({texts_.size(), text.size(), leading_bytes(text), flags});
    texts_.append(text);
}

void DocumentAnalyser::add_tokens(std::string_view text, std::uint8_t flags) {
    tokenizer_.split(text);
    for (auto const& token : tokenizer_.tokens()) add(token.text, flags);
}

void DocumentAnalyser::analyse(SearchDocument const& document, std::vector<IndexedString>& strings) {
    texts_.clear();
    found_.clear();
    strings.clear();
    add_tokens(document.name, k_in_name);
    add_tokens(document.description, k_in_text);
    for (auto const& tag : document.tags) add_tokens(tag, k_in_text);
    for (auto const& keyword : document.keywords) add_tokens(keyword, k_in_text);
    joined_.clear();
    append_joined(document.name, joined_);
    add(joined_, k_joined_whole);
    joined_.clear();
    append_joined(without_scope(document.name), joined_);
    add(joined_, k_joined_unscoped);

    auto const text_of = [&](Found const& found) {
        return std::string_view{texts_}.substr(found.begin, found.length);
    };
    std::sort(found_.begin(), found_.end(), [&](Found const& a, Found const& b) {
        return a.leading != b.leading ? a.leading < b.leading : text_of(a) < text_of(b);
    });
    for (auto const& found : found_) {
        auto const text = text_of(found);
        if (!strings.empty() && strings.back().text == text) strings.back().flags |= found.flags;
        else strings.push_back({text, found.flags});
    }
}

Analyser make_analyser() {
    return [analyser = std::make_shared<DocumentAnalyser>()](SearchDocument const& document,
                                                             std::vector<IndexedString>& strings) {
        analyser->analyse(document, strings);
    };
}

}  // namespace ggen::search_index
