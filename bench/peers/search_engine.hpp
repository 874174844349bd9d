#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "peers/queries.hpp"
#include "search/search.hpp"

namespace ggen::bench {

/// A search engine as the suite sees it: ours, or a peer over the same rows. One thread unless it says otherwise.
class Engine {
public:
    virtual ~Engine() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;
    /// Whether it can answer queries of `kind` at all.
    [[nodiscard]] virtual bool answers(QueryKind kind) const = 0;
    /// Answers one query: the names of the best ten, fetched, in `names` (replaced). Errors: the engine's.
    virtual Result<void> run(LatencyQuery const& query, std::vector<std::string>& names) = 0;
};

/// What a peer is built from: rows in the order of their popularity, most downloaded first.
using Rows = std::vector<SearchDocument>;

/// SQLite FTS5 (unicode61, external content, prefix indexes of 1 to 3 letters, bm25 with names ten times as
/// heavy) in the file `path`; built when the file is not there. Errors: io with SQLite's text.
Result<std::unique_ptr<Engine>> open_sqlite_peer(std::string const& path, Rows const& rows);

/// Xapian (names ten times as heavy, spelling dictionary, downloads and category as values) in the directory
/// `path`; built when it is not there. Nothing when this program was built without Xapian. Errors: io.
Result<std::optional<std::unique_ptr<Engine>>> open_xapian_peer(std::string const& path, Rows const& rows);

/// The words of a latency query as the peers' tokenizers see them: runs of letters, digits and bytes above 127.
[[nodiscard]] std::vector<std::string> peer_words(std::string_view text);

}  // namespace ggen::bench
