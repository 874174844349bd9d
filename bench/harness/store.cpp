#include "harness/store.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "base/file_system.hpp"
#include "harness/statistics.hpp"

namespace ggen::bench {
namespace {

constexpr std::int64_t k_schema_version = 1;
constexpr int k_busy_ms = 5'000;
/// "ggbr": marks the file as ours, so that no other database is taken for results.
constexpr std::int64_t k_application_id = 0x67676272;

constexpr char const* k_schema = R"sql(
CREATE TABLE run(id TEXT PRIMARY KEY, label TEXT NOT NULL, started INTEGER NOT NULL, seconds REAL NOT NULL,
    complete INTEGER NOT NULL, clock_jumped INTEGER NOT NULL, commit_id TEXT NOT NULL, machine TEXT NOT NULL,
    toolchain TEXT NOT NULL, head TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE result(run TEXT NOT NULL REFERENCES run(id), place INTEGER NOT NULL, test TEXT NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY(run, place)) STRICT, WITHOUT ROWID;
CREATE TABLE figure(run TEXT NOT NULL REFERENCES run(id), test TEXT NOT NULL, metric TEXT NOT NULL, unit TEXT NOT NULL,
    kind TEXT NOT NULL, count INTEGER NOT NULL, median REAL NOT NULL, least REAL NOT NULL,
    PRIMARY KEY(test, metric, run)) STRICT, WITHOUT ROWID;
CREATE TABLE baseline(name TEXT PRIMARY KEY, run TEXT NOT NULL REFERENCES run(id), saved INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
)sql";

/// Came later, and takes nothing from those who do not know it: stores that have none get it when they are opened.
constexpr char const* k_peers_schema = R"sql(
CREATE TABLE IF NOT EXISTS peers(kind TEXT NOT NULL, started INTEGER NOT NULL, machine TEXT NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY(kind, started)) STRICT, WITHOUT ROWID;
)sql";

Error failed(sqlite3* db, std::string const& path) {
    auto const code = sqlite3_errcode(db);
    auto const what = fmt::format("{}: {}", path, sqlite3_errmsg(db));
    if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT) {
        return Error{Errc::corrupt, ErrorId::none, what,
                     fmt::format("set it aside and start a new one: mv {} {}.damaged", path, path)};
    }
    if (code == SQLITE_FULL) {
        return Error{Errc::io, ErrorId::none, what,
                     "make room; nothing of this run was stored, --json keeps a copy"};
    }
    return Error{Errc::io, what};
}

class Query {
public:
    static Result<Query> prepare(sqlite3* db, std::string const& path, char const* sql) {
        sqlite3_stmt* statement = nullptr;
        if (sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) != SQLITE_OK) return failed(db, path);
        return Query{db, path, statement};
    }
    Query& bind(std::string_view text) {
        // A destructor of -1 asks SQLite to copy the text.
        // NOLINTNEXTLINE(performance-no-int-to-ptr): the number is SQLite's interface.
        auto* const copies = reinterpret_cast<sqlite3_destructor_type>(-1);
        sqlite3_bind_text64(statement_.get(), ++bound_, text.data(), text.size(), copies, SQLITE_UTF8);
        return *this;
    }
    Query& bind(std::int64_t number) {
        sqlite3_bind_int64(statement_.get(), ++bound_, number);
        return *this;
    }
    Query& bind(double number) {
        sqlite3_bind_double(statement_.get(), ++bound_, number);
        return *this;
    }
    /// True while there is a row.
    Result<bool> step() {
        auto const code = sqlite3_step(statement_.get());
        if (code == SQLITE_ROW) return true;
        if (code != SQLITE_DONE) return failed(db_, path_);
        sqlite3_reset(statement_.get());
        bound_ = 0;
        return false;
    }
    [[nodiscard]] std::string text(int column) const {
        auto const* const data = sqlite3_column_text(statement_.get(), column);
        auto const bytes = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
        return data == nullptr ? std::string{} : std::string{reinterpret_cast<char const*>(data), bytes};
    }
    [[nodiscard]] std::int64_t integer(int column) const {
        return sqlite3_column_int64(statement_.get(), column);
    }
    [[nodiscard]] double real(int column) const { return sqlite3_column_double(statement_.get(), column); }

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    Query(sqlite3* db, std::string path, sqlite3_stmt* statement)
        : db_(db), path_(std::move(path)), statement_(statement) {}
    sqlite3* db_;
    std::string path_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int bound_ = 0;
};

Result<void> execute(sqlite3* db, std::string const& path, char const* sql) {
    if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return failed(db, path);
    return ok();
}

/// Rolls back unless it was committed.
class Transaction {
public:
    static Result<Transaction> begin(sqlite3* db, std::string const& path) {
        RETURN_IF_ERROR(execute(db, path, "BEGIN IMMEDIATE"));
        return Transaction{db, path};
    }
    Transaction(Transaction&& other) noexcept
        : db_(std::exchange(other.db_, nullptr)), path_(std::move(other.path_)) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction() {
        if (db_ != nullptr) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
    }
    Result<void> commit() {
        RETURN_IF_ERROR(execute(db_, path_, "COMMIT"));
        db_ = nullptr;
        return ok();
    }

private:
    Transaction(sqlite3* db, std::string path) : db_(db), path_(std::move(path)) {}
    sqlite3* db_;
    std::string path_;
};

/// The results of `whole`, and the rest of it.
std::pair<Json::Array, Json> split_results(Json const& whole) {
    auto head = Json::object();
    Json::Array results;
    for (auto const& [key, value] : *whole.if_object()) {
        if (key == "results") {
            results = *value.if_array();
        } else {
            head.set(key, value);
        }
    }
    return {std::move(results), std::move(head)};
}

}  // namespace

void ResultStore::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

Result<ResultStore> ResultStore::open(std::string const& path) {
    sqlite3* db = nullptr;
    auto const code = sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    ResultStore store{path, db};
    if (code != SQLITE_OK) return failed(db, path);
    sqlite3_busy_timeout(db, k_busy_ms);
    RETURN_IF_ERROR(store.prepare_schema());
    return store;
}

Result<void> ResultStore::prepare_schema() {
    auto* const db = db_.get();
    RETURN_IF_ERROR(
        execute(db, path_, "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL"));
    ASSIGN_OR_RETURN(auto version_query, Query::prepare(db, path_, "PRAGMA user_version"));
    ASSIGN_OR_RETURN(auto const has_version, version_query.step());
    auto const version = has_version ? version_query.integer(0) : 0;
    static_cast<void>(version_query.step());
    ASSIGN_OR_RETURN(auto id_query, Query::prepare(db, path_, "PRAGMA application_id"));
    ASSIGN_OR_RETURN(auto const has_id, id_query.step());
    auto const application = has_id ? id_query.integer(0) : 0;
    static_cast<void>(id_query.step());
    if (version > k_schema_version) {
        return Error{Errc::refused, ErrorId::none,
                     fmt::format("{}: made by a newer ggen-bench (store version {}, this one knows {})",
                                 path_, version, k_schema_version),
                     "use that ggen-bench, or --store with another file"};
    }
    if (version == k_schema_version && application == k_application_id) return execute(db, path_, k_peers_schema);
    ASSIGN_OR_RETURN(auto tables, Query::prepare(db, path_, "SELECT count(*) FROM sqlite_schema"));
    ASSIGN_OR_RETURN(auto const has_count, tables.step());
    bool const is_empty = has_count && tables.integer(0) == 0;
    static_cast<void>(tables.step());
    if (!is_empty) {
        return Error{Errc::corrupt, ErrorId::none,
                     fmt::format("{}: a database, but no store of results", path_),
                     "name another file with --store"};
    }
    ASSIGN_OR_RETURN(auto transaction, Transaction::begin(db, path_));
    RETURN_IF_ERROR(execute(db, path_, k_schema));
    RETURN_IF_ERROR(execute(db, path_, k_peers_schema));
    auto const marks = fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", k_application_id,
                                   k_schema_version);
    RETURN_IF_ERROR(execute(db, path_, marks.c_str()));
    return transaction.commit();
}

Result<void> ResultStore::save(Run const& run) {
    auto* const db = db_.get();
    ASSIGN_OR_RETURN(auto transaction, Transaction::begin(db, path_));
    ASSIGN_OR_RETURN(auto known, Query::prepare(db, path_, "SELECT 1 FROM run WHERE id = ?"));
    ASSIGN_OR_RETURN(auto const is_known, known.bind(run.id).step());
    if (is_known) return Error{Errc::conflict, fmt::format("run {} is stored already", run.id)};
    RETURN_IF_ERROR(insert(run));
    return transaction.commit();
}

Result<void> ResultStore::replace(Run const& run) {
    auto* const db = db_.get();
    ASSIGN_OR_RETURN(auto transaction, Transaction::begin(db, path_));
    // A baseline may name the run, which is there again at the end.
    RETURN_IF_ERROR(execute(db, path_, "PRAGMA defer_foreign_keys = ON"));
    for (char const* const sql : {"DELETE FROM figure WHERE run = ?", "DELETE FROM result WHERE run = ?",
                                  "DELETE FROM run WHERE id = ?"}) {
        ASSIGN_OR_RETURN(auto remove, Query::prepare(db, path_, sql));
        RETURN_IF_ERROR(remove.bind(run.id).step());
    }
    RETURN_IF_ERROR(insert(run));
    return transaction.commit();
}

Result<void> ResultStore::insert(Run const& run) {
    auto* const db = db_.get();
    auto const [results, head] = split_results(run_to_json(run));
    ASSIGN_OR_RETURN(auto add_run, Query::prepare(db, path_, "INSERT INTO run VALUES(?,?,?,?,?,?,?,?,?,?)"));
    add_run.bind(run.id).bind(run.label).bind(run.started.seconds).bind(run.seconds);
    add_run.bind(std::int64_t{run.is_complete})
        .bind(std::int64_t{run.clock_jumped})
        .bind(run.environment.commit);
    add_run.bind(run.environment.machine_key()).bind(run.environment.toolchain_key()).bind(head.dump());
    RETURN_IF_ERROR(add_run.step());
    ASSIGN_OR_RETURN(auto add_result, Query::prepare(db, path_, "INSERT INTO result VALUES(?,?,?,?)"));
    ASSIGN_OR_RETURN(auto add_figure,
                     Query::prepare(db, path_, "INSERT INTO figure VALUES(?,?,?,?,?,?,?,?)"));
    for (std::size_t i = 0; i < results.size(); ++i) {
        add_result.bind(run.id)
            .bind(static_cast<std::int64_t>(i))
            .bind(run.results[i].id)
            .bind(results[i].dump());
        RETURN_IF_ERROR(add_result.step());
        for (auto const& figure : run.results[i].figures) {
            if (figure.values.empty()) continue;
            add_figure.bind(run.id).bind(run.results[i].id).bind(figure.metric).bind(figure.unit);
            add_figure.bind(kind_name(figure.kind)).bind(static_cast<std::int64_t>(figure.values.size()));
            add_figure.bind(median(figure.values))
                .bind(*std::min_element(figure.values.begin(), figure.values.end()));
            RETURN_IF_ERROR(add_figure.step());
        }
    }
    return ok();
}

Result<std::string> ResultStore::resolve(std::string const& name) {
    constexpr char const* k_sql =
        "SELECT id FROM (SELECT id, 0 AS rank, started FROM run WHERE id = ?1"
        " UNION ALL SELECT run, 1, saved FROM baseline WHERE name = ?1"
        " UNION ALL SELECT id, 2, started FROM run WHERE label = ?1"
        " UNION ALL SELECT id, 3, started FROM run WHERE ?1 = 'latest') ORDER BY rank, started DESC, id DESC "
        "LIMIT 1";
    ASSIGN_OR_RETURN(auto query, Query::prepare(db_.get(), path_, k_sql));
    ASSIGN_OR_RETURN(auto const is_found, query.bind(name).step());
    if (!is_found) {
        return Error{Errc::not_found, ErrorId::none,
                     fmt::format("{}: no run, baseline or label '{}'", path_, name),
                     "`ggen-bench runs` and `ggen-bench baseline list` print what there is"};
    }
    return query.text(0);
}

Result<Run> ResultStore::load(std::string const& name) {
    ASSIGN_OR_RETURN(auto const id, resolve(name));
    ASSIGN_OR_RETURN(auto head, Query::prepare(db_.get(), path_, "SELECT head FROM run WHERE id = ?"));
    ASSIGN_OR_RETURN(auto const is_there, head.bind(id).step());
    if (!is_there) return Error{Errc::not_found, fmt::format("{}: run {} is gone", path_, id)};
    auto whole = Json::parse(head.text(0));
    if (!whole) return Error{Errc::corrupt, fmt::format("{}: run {}: {}", path_, id, whole.error().context)};
    auto results = Json::array();
    ASSIGN_OR_RETURN(
        auto rows, Query::prepare(db_.get(), path_, "SELECT body FROM result WHERE run = ? ORDER BY place"));
    rows.bind(id);
    for (;;) {
        ASSIGN_OR_RETURN(auto const is_row, rows.step());
        if (!is_row) break;
        auto body = Json::parse(rows.text(0));
        if (!body)
            return Error{Errc::corrupt, fmt::format("{}: run {}: {}", path_, id, body.error().context)};
        results.push(std::move(*body));
    }
    whole->set("results", std::move(results));
    auto run = run_from_json(*whole);
    if (!run) return wrap(std::move(run).error(), fmt::format("{}: run {}", path_, id));
    return run;
}

Result<std::vector<RunRow>> ResultStore::runs() {
    ASSIGN_OR_RETURN(
        auto rows,
        Query::prepare(db_.get(), path_,
                       "SELECT id, label, started, complete, commit_id, machine, toolchain FROM run "
                       "ORDER BY started, id"));
    std::vector<RunRow> out;
    for (;;) {
        ASSIGN_OR_RETURN(auto const is_row, rows.step());
        if (!is_row) return out;
        out.push_back({rows.text(0),
                       rows.text(1),
                       {rows.integer(2)},
                       rows.integer(3) != 0,
                       rows.text(4),
                       rows.text(5),
                       rows.text(6)});
    }
}

Result<std::vector<HistoryPoint>> ResultStore::history(std::string const& test_id, std::string const& metric,
                                                       std::string const& machine_key,
                                                       std::size_t count_max) {
    ASSIGN_OR_RETURN(
        auto rows,
        Query::prepare(db_.get(), path_,
                       "SELECT run.id, started, commit_id, median FROM figure JOIN run ON run.id = "
                       "figure.run WHERE test = ? AND metric = ? AND machine = ? "
                       "ORDER BY started DESC, run.id DESC LIMIT ?"));
    rows.bind(test_id).bind(metric).bind(machine_key).bind(static_cast<std::int64_t>(count_max));
    std::vector<HistoryPoint> out;
    for (;;) {
        ASSIGN_OR_RETURN(auto const is_row, rows.step());
        if (!is_row) break;
        out.push_back({rows.text(0), {rows.integer(1)}, rows.text(2), rows.real(3)});
    }
    std::reverse(out.begin(), out.end());
    return out;
}

Result<void> ResultStore::save_baseline(std::string const& name, std::string const& run) {
    ASSIGN_OR_RETURN(auto const id, resolve(run));
    SystemClock clock;
    ASSIGN_OR_RETURN(auto insert,
                     Query::prepare(db_.get(), path_, "INSERT OR REPLACE INTO baseline VALUES(?,?,?)"));
    RETURN_IF_ERROR(insert.bind(name).bind(id).bind(clock.wall_now().seconds).step());
    return ok();
}

Result<std::vector<Baseline>> ResultStore::baselines() {
    ASSIGN_OR_RETURN(auto rows,
                     Query::prepare(db_.get(), path_, "SELECT name, run, saved FROM baseline ORDER BY name"));
    std::vector<Baseline> out;
    for (;;) {
        ASSIGN_OR_RETURN(auto const is_row, rows.step());
        if (!is_row) return out;
        out.push_back({rows.text(0), rows.text(1), {rows.integer(2)}});
    }
}

Result<void> ResultStore::remove_baseline(std::string const& name) {
    ASSIGN_OR_RETURN(auto query,
                     Query::prepare(db_.get(), path_, "DELETE FROM baseline WHERE name = ? RETURNING name"));
    ASSIGN_OR_RETURN(auto const is_removed, query.bind(name).step());
    if (!is_removed) return Error{Errc::not_found, fmt::format("{}: no baseline '{}'", path_, name)};
    return ok();
}

Result<void> ResultStore::save_peers(PeerComparison const& comparison) {
    auto* const db = db_.get();
    ASSIGN_OR_RETURN(auto transaction, Transaction::begin(db, path_));
    ASSIGN_OR_RETURN(auto known, Query::prepare(db, path_, "SELECT 1 FROM peers WHERE kind = ? AND started = ?"));
    ASSIGN_OR_RETURN(auto const is_known, known.bind(comparison.kind).bind(comparison.started.seconds).step());
    if (is_known) {
        return Error{Errc::conflict, fmt::format("a comparison of {} begun at {} is stored already", comparison.kind,
                                                 format_utc(comparison.started))};
    }
    ASSIGN_OR_RETURN(auto add, Query::prepare(db, path_, "INSERT INTO peers VALUES(?,?,?,?)"));
    add.bind(comparison.kind).bind(comparison.started.seconds).bind(comparison.environment.machine_key());
    RETURN_IF_ERROR(add.bind(peers_to_json(comparison).dump()).step());
    return transaction.commit();
}

Result<std::vector<PeerComparison>> ResultStore::peers(std::string const& machine_key) {
    constexpr char const* k_sql =
        "SELECT body FROM peers AS p WHERE machine = ?1 AND started = (SELECT max(started) FROM peers WHERE "
        "kind = p.kind AND machine = ?1) ORDER BY kind";
    ASSIGN_OR_RETURN(auto query, Query::prepare(db_.get(), path_, k_sql));
    query.bind(machine_key);
    std::vector<PeerComparison> out;
    while (true) {
        ASSIGN_OR_RETURN(auto const is_row, query.step());
        if (!is_row) return out;
        auto const json = Json::parse(query.text(0));
        if (!json) return Error{Errc::corrupt, fmt::format("{}: a comparison: {}", path_, json.error().context)};
        ASSIGN_OR_RETURN(auto comparison, peers_from_json(*json, Environment{}));
        out.push_back(std::move(comparison));
    }
}

}  // namespace ggen::bench
