#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace ggen::bench {

struct SearchComparisonOptions {
    std::vector<std::string> corpus;   ///< .tsv or .tsv.zst lists.
    std::string queries;               ///< Judged queries; "" = no quality, search box and throughput.
    std::string latency;               ///< Latency queries; "" = none.
    std::string results;               ///< Where `query TAB names` goes; "" = nowhere.
    std::vector<std::string> peers;    ///< sqlite, xapian.
    std::vector<std::string> sizes{"100", "1000", "100000", "all"};
    std::string work;                  ///< Where indexes are kept between runs; "" = a directory removed at the end.
    std::uint64_t throughput_ms = 1'500;  ///< How long each count of threads is measured, three times.
    std::size_t updates = 100;         ///< How many changes of one package are timed, at the whole corpus.
    std::string program;               ///< The ggen-bench for children; "" = this program.
    std::size_t peer_every = 1;        ///< Peers get each so-many-th query of a kind.
};

/// Builds indexes of the corpus, measures them and prints tables. Every figure printed was measured in this run.
/// Errors: of the files, of an engine; invalid (a size or peer nobody knows, an empty corpus).
Result<void> run_search_comparison(SearchComparisonOptions const& options);

}  // namespace ggen::bench
