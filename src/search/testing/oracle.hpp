#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "search/score.hpp"
#include "search/search.hpp"

namespace ggen::testing {

/// The rules of docs/search.md by brute force: every document is scored, every distance computed by the book.
struct OracleHit {
    std::string origin;
    std::string name;
    double score = 0;
    friend bool operator==(OracleHit const&, OracleHit const&) = default;
};

/// All matches in order, whatever offset and limit say. Only for queries that a search accepts.
[[nodiscard]] std::vector<OracleHit> oracle_search(std::vector<SearchDocument> const& documents,
                                                   SearchQuery const& query);

}  // namespace ggen::testing
