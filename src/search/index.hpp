#pragma once

#include <memory>

#include "search/part.hpp"
#include "search/search.hpp"

namespace ggen::search_index {

/// Answers queries over `parts`. Immutable, thread-safe; each thread that searches keeps some memory of its own.
[[nodiscard]] std::shared_ptr<SearchIndex const> make_parts_index(Parts parts);

}  // namespace ggen::search_index
