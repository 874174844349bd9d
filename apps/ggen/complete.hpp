#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "parse.hpp"

namespace ggen::cli {

/// What the last of `words` may become. `source` says where values come from that the tables do not
/// know; `candidates` are "word TAB description" and already begin with the last word.
struct Completion {
    Complete source = Complete::nothing;
    std::string prefix;  ///< What `source` should complete.
    std::vector<std::string> candidates;
};

/// Pure: from the tables alone.
[[nodiscard]] Completion complete_words(std::vector<std::string> const& words);

}  // namespace ggen::cli
