#pragma once

#include <array>
#include <vector>

#include "base/result.hpp"
#include "measure.hpp"
#include "peers/product_engine.hpp"
#include "peers/queries.hpp"
#include "peers/search_engine.hpp"

/// How long queries take.
namespace ggen::bench {

/// Every query is run once to warm up, then five times in a row; the least counts, which keeps other load out.
constexpr int k_runs_per_query = 5;
/// Engines that need longer than this for the warm-up are run once more instead of five times.
constexpr std::uint64_t k_slow_query_ns = 50'000'000;

struct KindTimes {
    Samples first;  ///< First run of each query after the index was opened: caches of the processor cold.
    Samples least;
};
using LatencyTimes = std::array<KindTimes, k_query_kind_count>;

/// Times `engine` alone: one pass over all queries to warm up, then each query.
Result<LatencyTimes> time_alone(Engine& engine, std::vector<LatencyQuery> const& queries);

/// Times several engines query by query, so that load from elsewhere meets all of them alike. One result per engine.
/// `every` > 1 takes only each so-many-th query of a kind.
Result<std::vector<LatencyTimes>> time_side_by_side(std::vector<Engine*> const& engines,
                                                    std::vector<LatencyQuery> const& queries, std::size_t every);

struct BoxTimes {
    Samples first;
    Samples least;
    std::vector<std::vector<std::string>> answers;  ///< Of each query, best first.
};
Result<BoxTimes> time_search_box(Product& product, std::vector<JudgedQuery> const& queries);

struct UpdateTimes {
    Samples visible;  ///< Until a search on another thread had found the change.
    Samples durable;  ///< Until the writer said that it is on disk.
};
/// Changes `document` of the index in `directory` `count` times, each time to a word that no other package has.
/// Errors: the writer's; internal (a change was not found).
Result<UpdateTimes> time_updates(std::string const& directory, SearchDocument document, std::size_t count);

struct Throughput {
    unsigned threads = 1;
    double queries_per_s = 0;
    double cpu_ns_per_query = 0;  ///< Of all threads: what other load on the machine does not change.
};
/// What `threads` threads answer together in about `run_ns`.
Result<Throughput> throughput(Product& product, std::vector<JudgedQuery> const& queries, unsigned threads,
                          std::uint64_t run_ns);

}  // namespace ggen::bench
