#pragma once

#include <cstddef>
#include <vector>

#include "search/search.hpp"

namespace ggen::bench {

/// `count` packages with names, descriptions, categories, tags and popularity as registries have them; the
/// same every time. "zod-parser" is always among them, and its category is "validation".
[[nodiscard]] std::vector<SearchDocument> make_documents(std::size_t count);

}  // namespace ggen::bench
