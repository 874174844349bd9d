#pragma once

#include <memory>
#include <span>

#include "base/result.hpp"
#include "search/search.hpp"
#include "search/segment_builder.hpp"
#include "search/segment_reader.hpp"

namespace ggen::search_index {

/// A segment of few documents that never was a file: the same bytes as SegmentBuilder's, but for the trained dictionary
/// of the store, held in memory. Sees documents in any order. Any thread. Errors: too_large.
[[nodiscard]] Result<std::shared_ptr<SegmentReader const>> make_memory_segment(
    std::span<SearchDocument const> documents, Analyser const& analyser);

}  // namespace ggen::search_index
