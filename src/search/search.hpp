#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace ggen {

/// What search knows about a package: its newest listed version. Origin and name together are its key.
struct SearchDocument {
    std::string name;
    std::string version;
    std::string description;
    std::string category;
    std::vector<std::string> tags;
    std::vector<std::string> keywords;
    std::vector<std::string> authors;
    std::string license;
    std::string origin;  ///< Of the registry.
    std::uint64_t downloads = 0;
    std::uint64_t stars = 0;
    std::int64_t released_unix = 0;
    bool is_signed = false;
    friend bool operator==(SearchDocument const&, SearchDocument const&) = default;
};

/// One step of an index from what it held to what it holds.
struct IndexChange {
    enum class Kind : std::uint8_t {
        upsert,      ///< Adds the document or puts it in place of the one with its origin and name.
        remove,      ///< Only origin and name count. Removing what is not there is fine.
        popularity,  ///< Sets downloads and stars of the document with that origin and name, if there is one.
    };
    Kind kind = Kind::upsert;
    SearchDocument document;
};

enum class SearchSort : std::uint8_t { relevance, downloads, stars, recency, name };

/// A question. docs/search.md says what matches and how it is scored.
struct SearchQuery {
    static constexpr std::size_t k_text_bytes_max = 512;
    static constexpr std::size_t k_limit_max = 1'000;
    static constexpr std::size_t k_offset_max = 100'000;
    static constexpr std::size_t k_words_max = 16;  ///< Later words do not count.

    /// Blank = everything that passes the filters.
    std::string text;
    bool prefix = true;   ///< The last word may be the beginning of a word: search as you type.
    bool fuzzy = false;   ///< Also 1 edit from 4 letters on and 2 from 8, where nothing better is found.
    /// Filters; values are compared case folded. A value that no document has is no error: nothing is found.
    std::string category;
    std::vector<std::string> tags;      ///< All must be present.
    std::vector<std::string> keywords;  ///< All must be present.
    std::string author;                 ///< Part of an author's text.
    std::string license;
    std::vector<std::string> origins;   ///< One of these, compared exactly; empty = all.
    std::uint64_t stars_min = 0;
    std::uint64_t downloads_min = 0;
    std::int64_t released_before_unix = 0;  ///< Released at this second or earlier; 0 = any time.
    bool signed_only = false;
    SearchSort sort = SearchSort::relevance;
    bool ascending = false;  ///< Default: best, most, newest first; names a to z.
    std::size_t offset = 0;
    std::size_t limit = 10;
    std::string after;       ///< The `next` of an earlier page of the same query: what follows it. Not with offset.
    bool want_facets = false;  ///< Counts over all documents that have every word and pass the filters.
    bool names_only = false;   ///< Hits carry name and origin alone and no highlights: for completion.
};

/// Half open, of bytes, at borders of characters.
struct ByteRange {
    std::size_t begin = 0;
    std::size_t end = 0;
    friend bool operator==(ByteRange, ByteRange) = default;
};

struct SearchHit {
    SearchDocument document;
    double score = 0;
    /// What the query matched: ascending, apart from each other.
    std::vector<ByteRange> name_highlights;
    std::vector<ByteRange> description_highlights;
};

/// How often the values of a field occur, most frequent first, then by value.
struct SearchFacet {
    std::string field;  ///< category, license, origin.
    std::vector<std::pair<std::string, std::uint64_t>> counts;
};

struct SearchPage {
    std::vector<SearchHit> hits;
    std::size_t total = 0;       ///< Matches before offset and limit; at least so many when not exact.
    bool is_total_exact = true;  ///< False when the best hits were known before all matches were seen.
    std::string next;            ///< For SearchQuery::after; empty when this page holds the last hit.
    std::vector<SearchFacet> facets;
};

/// Port: answers queries. Immutable; thread-safe.
class SearchIndex {
public:
    virtual ~SearchIndex() = default;
    /// Deterministic: equal scores by downloads, stars, newest, name, origin. Errors: too_large (text, limit, offset),
    /// invalid (text is not UTF-8, a cursor that is none), corrupt and io (a damaged index).
    virtual Result<SearchPage> search(SearchQuery const& query) const = 0;
    [[nodiscard]] virtual std::size_t document_count() const = 0;
};

}  // namespace ggen
