#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "search/search.hpp"
#include "search/segment_builder.hpp"

/// From texts to what is compared: tokens and joined names. docs/search.md, "Words".
namespace ggen::search_index {

inline constexpr std::size_t k_token_bytes_max = 64;         ///< Longer tokens are cut at a character.
inline constexpr std::size_t k_joined_bytes_max = 128;       ///< Longer joined names too.
inline constexpr std::size_t k_tokens_a_document_max = 4'096;  ///< Later ones of a text do not count.

/// A token and where it stands in the text that it was taken from.
struct Token {
    std::string_view text;   ///< Folded; of the tokenizer's own memory.
    std::uint32_t begin = 0; ///< Bytes of the source; a run that folding changed as a whole counts whole.
    std::uint32_t end = 0;
};

/// Splits texts. Keeps its memory, so that after a while nothing is allocated. One thread.
class Tokenizer {
public:
    /// Replaces the tokens by those of `text`, in order; of runs with inner borders (camelCase, letters beside digits)
    /// first the whole run, then its parts. Any bytes; time linear in their number. The views stand until the next
    /// call.
    void split(std::string_view text);
    [[nodiscard]] std::span<Token const> tokens() const { return tokens_; }

    /// As `split`, but runs only, without their parts: the words of a query.
    void split_words(std::string_view text);

private:
    void split_ascii(std::string_view text, bool with_parts);
    void split_unicode(std::string_view text, bool with_parts);
    void add(std::size_t begin, std::size_t end, std::uint32_t source_begin, std::uint32_t source_end);

    std::string folded_;
    std::vector<Token> tokens_;
};

/// Appends the letters and digits of `name`, folded, without anything between them, to `out`; at most
/// k_joined_bytes_max bytes. Of "@a/b": "ab". A name without any is taken as it is.
void append_joined(std::string_view name, std::string& out);
/// The part after the scope: "b" of "@a/b" and "a/b"; all of a name without scope.
[[nodiscard]] std::string_view without_scope(std::string_view name);
/// Whether words are written apart: an ASCII blank stands between other characters.
[[nodiscard]] bool has_inner_blank(std::string_view text);
[[nodiscard]] std::uint32_t count_code_points(std::string_view utf8);

/// Folded as values of filters are compared.
[[nodiscard]] std::string fold_value(std::string_view text);

/// Distinct strings of documents with their flags. Keeps its memory. One thread.
class DocumentAnalyser {
public:
    void analyse(SearchDocument const& document, std::vector<IndexedString>& strings);

private:
    struct Found {
        std::size_t begin = 0;  // In `texts_`.
        std::size_t length = 0;
        std::uint64_t leading = 0;  // Its first bytes; tells most strings apart.
        std::uint8_t flags = 0;
    };
    void add(std::string_view text, std::uint8_t flags);
    void add_tokens(std::string_view text, std::uint8_t flags);

    Tokenizer tokenizer_;
    std::string texts_;
    std::string joined_;
    std::vector<Found> found_;
};

/// What builds segments: a DocumentAnalyser as a function.
[[nodiscard]] Analyser make_analyser();

}  // namespace ggen::search_index
