#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.hpp"
#include "base/result.hpp"
#include "market/config.hpp"

/// What the search index of this machine covers (docs/formats/search-coverage.md).
namespace ggen::detail {

/// One registry in the index.
struct CoveredRegistry {
    std::string key;             ///< origin_key() of its documents.
    std::uint64_t log_size = 0;  ///< Entries of its log.
    std::uint64_t packages = 0;
    std::string popularity;      ///< Digest of the popularity file that counts, as text; "" = none.
    friend bool operator==(CoveredRegistry const&, CoveredRegistry const&) = default;
};

/// How far the files of an index have come: they only grow, and a new segment has a higher number.
struct IndexPosition {
    std::uint64_t number = 0;         ///< In CURRENT.
    std::uint64_t changes_bytes = 0;  ///< Of the log of changes behind that segment.
    friend auto operator<=>(IndexPosition const&, IndexPosition const&) = default;
};

/// Written behind the index: what it says is in the index, but the index may hold more. So what comes after it can
/// always be applied again.
class SearchCoverage {
public:
    static constexpr std::size_t k_bytes_max = k_mib;

    /// Errors: corrupt (not such a document, another version), too_large.
    static Result<SearchCoverage> parse(std::string_view text);
    /// Errors: not_found, io, and parse()'s.
    static Result<SearchCoverage> load(FileSystem& files, std::string const& path);
    [[nodiscard]] std::string text() const;

    [[nodiscard]] CoveredRegistry const* find(std::string_view key) const;
    /// Adds or replaces the entry of that key. Entries stand in the order of their keys.
    void put(CoveredRegistry entry);
    /// Where the index stood when this was written. One that stands before it has lost something.
    [[nodiscard]] IndexPosition position() const { return position_; }
    void set_position(IndexPosition position) { position_ = position; }
    [[nodiscard]] std::vector<CoveredRegistry> const& registries() const { return registries_; }

private:
    IndexPosition position_;
    std::vector<CoveredRegistry> registries_;
};

/// What `SearchDocument::origin` holds in the index: the origin and, behind U+001E, the first 12 hex digits of the
/// pinned root, so that two registries with one origin stay apart.
[[nodiscard]] std::string origin_key(KnownRegistry const& known);
/// The origin alone.
[[nodiscard]] std::string origin_of_key(std::string_view key);

}  // namespace ggen::detail
