#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace ggen {

/// What search knows about a package: its newest listed version.
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
};

enum class SearchSort : std::uint8_t { relevance, downloads, stars, recency, name };

struct SearchQuery {
    static constexpr std::size_t k_text_bytes_max = 512;
    static constexpr std::size_t k_limit_max = 1'000;

    static constexpr std::size_t k_words_max = 32;

    /// Every word must be found somewhere in the package. Blank = everything that passes the filters.
    /// Words after the first k_words_max do not count.
    std::string text;
    std::string category;
    std::vector<std::string> tags;      ///< All must be present.
    std::vector<std::string> keywords;  ///< All must be present.
    std::string author;                 ///< Part of an author's text, case folded.
    std::string license;
    std::uint64_t stars_min = 0;
    std::uint64_t downloads_min = 0;
    SearchSort sort = SearchSort::relevance;
    bool ascending = false;  ///< Default: best, most, newest first; names a to z.
    bool fuzzy = false;      ///< Also words within 1 edit (2 from 6 letters; none under 3).
    std::size_t offset = 0;
    std::size_t limit = 10;
};

struct SearchHit {
    SearchDocument document;
    double score = 0;
};

struct SearchPage {
    std::vector<SearchHit> hits;
    std::size_t total = 0;  ///< Before offset and limit.
};

/// Port: answers queries. Immutable; thread-safe.
class SearchIndex {
public:
    virtual ~SearchIndex() = default;
    /// Deterministic: equal scores by downloads, then name. Errors: too_large (text, limit),
    /// invalid (text is not UTF-8).
    virtual Result<SearchPage> search(SearchQuery const& query) const = 0;
    [[nodiscard]] virtual std::size_t document_count() const = 0;
};

/// Scores every document of a list: right for small registries and the oracle of faster engines.
[[nodiscard]] std::unique_ptr<SearchIndex> make_scan_index(std::vector<SearchDocument> documents);

}  // namespace ggen
