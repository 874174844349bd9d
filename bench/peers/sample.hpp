#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace ggen::bench {

struct SampleOptions {
    std::vector<std::string> corpus;
    std::string queries;  ///< Judged queries.
    std::string results;  ///< What an engine found for them in the whole corpus: `query TAB names joined by |`.
    std::size_t rows = 8'000;
    std::string out;      ///< The .tsv.zst to write.
};

/// Cuts a corpus down to what a set of judged queries needs and what is in their way: the expected packages, the
/// results of an engine over the whole corpus, then the most downloaded ones until there are `rows`. Writes them by
/// name with the columns origin, name, version, downloads_a_month, month, summary.
/// Errors: of the files; invalid (the corpus lacks an expected name).
Result<void> make_sample(SampleOptions const& options);

}  // namespace ggen::bench
