#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "harness/peer_tables.hpp"
#include "harness/result.hpp"

struct sqlite3;

namespace ggen::bench {

/// What a list of runs shows.
struct RunRow {
    std::string id;
    std::string label;
    UnixTime started;
    bool is_complete = false;
    std::string commit;
    std::string machine_key;
    std::string toolchain_key;
};
struct Baseline {
    std::string name;
    std::string run_id;
    UnixTime saved;
};
/// One place of the history of a figure: the median of its values in one run.
struct HistoryPoint {
    std::string run_id;
    UnixTime started;
    std::string commit;
    double value = 0;
};

/// Results on disk: SQLite in WAL mode. A run is written in one transaction, so that a full disk or a kill
/// leaves either the whole of it or nothing. Not thread-safe; several processes may share the file (they wait
/// up to 5 s for each other).
class ResultStore {
public:
    /// Makes the file when it is missing. Errors: corrupt (not a result store; says how to set it aside),
    /// refused (made by a newer version), io.
    [[nodiscard]] static Result<ResultStore> open(std::string const& path);
    ResultStore(ResultStore&&) noexcept = default;
    ResultStore& operator=(ResultStore&&) noexcept = default;

    /// Errors: io (disk full: nothing of the run is kept), conflict (a run of that id).
    [[nodiscard]] Result<void> save(Run const& run);
    /// The run in the place of the one of that id, or as a new one. Errors: io (nothing changes).
    [[nodiscard]] Result<void> replace(Run const& run);
    /// By id, label (the newest), baseline name, or "latest". Errors: not_found, corrupt.
    [[nodiscard]] Result<Run> load(std::string const& name);
    [[nodiscard]] Result<std::vector<RunRow>> runs();
    /// The newest `count_max` of one figure on one machine and toolchain, oldest first.
    [[nodiscard]] Result<std::vector<HistoryPoint>> history(std::string const& test_id,
                                                            std::string const& metric,
                                                            std::string const& machine_key,
                                                            std::size_t count_max);

    /// Names a stored run; a name that is taken moves. Errors: not_found.
    [[nodiscard]] Result<void> save_baseline(std::string const& name, std::string const& run);
    [[nodiscard]] Result<std::vector<Baseline>> baselines();
    /// Errors: not_found.
    [[nodiscard]] Result<void> remove_baseline(std::string const& name);

    /// Errors: io (disk full: nothing of it is kept), conflict (one of that kind and second).
    [[nodiscard]] Result<void> save_peers(PeerComparison const& comparison);
    /// The newest of each kind that was made on one machine, by kind. Errors: corrupt.
    [[nodiscard]] Result<std::vector<PeerComparison>> peers(std::string const& machine_key);

private:
    struct Close {
        void operator()(sqlite3* db) const;
    };
    ResultStore(std::string path, sqlite3* db) : path_(std::move(path)), db_(db) {}
    [[nodiscard]] Result<void> prepare_schema();
    [[nodiscard]] Result<void> insert(Run const& run);
    [[nodiscard]] Result<std::string> resolve(std::string const& name);

    std::string path_;
    std::unique_ptr<sqlite3, Close> db_;
};

}  // namespace ggen::bench
