#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "search/part.hpp"
#include "search/search.hpp"

namespace ggen::search_index {

/// An index in motion: a segment from disk, which of its documents are dead, and small segments in memory with what
/// came since. Immutable: a change makes a new one that shares nearly everything with the old.
///
/// Small segments grow as in a log-structured merge: four of one size become one of the next, so a change costs a few
/// small builds on average, and a search looks into few segments. Thread-safe.
class Delta {
public:
    /// Nothing changed yet. `base` may be null: an index without a segment on disk.
    static std::shared_ptr<Delta const> empty(std::shared_ptr<SegmentReader const> base);

    /// With `changes` applied on top, in their order. Errors: those of reading `base`, too_large (a document).
    [[nodiscard]] Result<std::shared_ptr<Delta const>> with(std::span<IndexChange const> changes) const;

    /// What a search runs over.
    [[nodiscard]] Parts const& parts() const { return parts_; }
    /// Documents in memory and dead ones: what a merge would save.
    [[nodiscard]] std::uint64_t record_count() const;
    /// Every live document. Errors: those of `visit` and of reading.
    Result<void> for_each_live(std::function<Result<void>(SearchDocument const&)> const& visit) const;

private:
    struct Place {
        std::size_t part = 0;
        DocId doc = 0;
    };
    [[nodiscard]] std::optional<Place> find(std::string_view origin, std::string_view name) const;
    [[nodiscard]] bool is_at(Part const& part, DocId doc, std::string_view origin, std::string_view name) const;
    Result<void> bury(std::size_t part, std::vector<DocId> const& docs);
    Result<void> merge_small_parts();

    Parts parts_;
    bool has_base_ = false;  ///< Then it is the first part.
};

}  // namespace ggen::search_index
