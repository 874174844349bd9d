#pragma once

#include "codec/json.hpp"
#include "search/search.hpp"

namespace ggen {

/// What every list of search results says of a package: name, version, description, category, tags, keywords, authors,
/// license.
[[nodiscard]] Json json_package(SearchDocument const& document);
/// {"name": [[begin, end], …], "description": …}, in bytes.
[[nodiscard]] Json json_highlights(SearchHit const& hit);

}  // namespace ggen
