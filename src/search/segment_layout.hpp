#pragma once

#include <cstddef>

/// Sizes of the frame around the sections; docs/formats/search-segment.md, "frame".
namespace ggen::search_index {

inline constexpr std::size_t k_segment_head_bytes = 64;
inline constexpr std::size_t k_segment_trailer_bytes = 64;
inline constexpr std::size_t k_section_entry_bytes = 64;

}  // namespace ggen::search_index
