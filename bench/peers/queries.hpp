#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

/// Query sets, and how good an answer is.
namespace ggen::bench {

enum class QueryKind : std::uint8_t { exact1, exact2, prefix, fuzzy1, fuzzy2, filtersort, facet, stress };
constexpr std::size_t k_query_kind_count = 8;
[[nodiscard]] std::string_view kind_name(QueryKind kind);

/// A query whose time is taken. Filters count for `filtersort` only, and only `facet` counts categories.
struct LatencyQuery {
    QueryKind kind = QueryKind::exact1;
    std::string text;
    std::string category;
    std::uint64_t downloads_min = 0;
};
/// Reads `kind query category min_downloads` rows below a head line. Errors: io, invalid (an unknown kind).
Result<std::vector<LatencyQuery>> load_latency_queries(std::string const& path);

/// A query whose answer is known.
struct JudgedQuery {
    std::string text;
    std::string kind;
    std::vector<std::string> expected;
};
/// Reads `query kind names-joined-by-|` rows below a head line. Errors: io, invalid (a row without names).
Result<std::vector<JudgedQuery>> load_judged_queries(std::string const& path);

struct Quality {
    std::size_t count = 0;
    double mrr10 = 0;      ///< Mean of 1 / rank of the first expected name among the first 10, else 0.
    double success10 = 0;  ///< Share of queries with an expected name among the first 10.
};
/// Means per kind, and over all queries under the key "all". `answers[i]` are the names found for `queries[i]`,
/// best first. Names are compared with letters a-z folded and runs of '-', '_' and '.' made equal; a name that
/// repeats keeps its first place and takes no second one.
[[nodiscard]] std::map<std::string, Quality> judge(std::vector<JudgedQuery> const& queries,
                                                   std::vector<std::vector<std::string>> const& answers);

}  // namespace ggen::bench
