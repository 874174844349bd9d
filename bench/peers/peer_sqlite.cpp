#include <sqlite3.h>

#include <utility>

#include "base/file_system.hpp"
#include "peers/search_engine.hpp"

namespace ggen::bench {
namespace {

constexpr char const* k_schema =
    "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-200000;"
    "CREATE TABLE docs(id INTEGER PRIMARY KEY, name TEXT, summary TEXT, category TEXT, downloads INTEGER);"
    "CREATE VIRTUAL TABLE words USING fts5(name, summary, content='docs', content_rowid='id',"
    " tokenize='unicode61', prefix='1 2 3');"
    "INSERT INTO words(words, rank) VALUES('rank', 'bm25(10.0, 1.0)'); BEGIN;";
constexpr char const* k_finish =
    "INSERT INTO words(words) VALUES('rebuild'); COMMIT; INSERT INTO words(words) VALUES('optimize'); ANALYZE;";
constexpr char const* k_pragmas = "PRAGMA mmap_size=2000000000; PRAGMA query_only=1;";

constexpr char const* k_best = "SELECT name FROM words WHERE words MATCH ?1 ORDER BY rank LIMIT 10";
/// Row ids are in the order of downloads, so this sort costs SQLite nothing.
constexpr char const* k_filtered =
    "SELECT docs.name FROM words JOIN docs ON docs.id = words.rowid WHERE words MATCH ?1 AND docs.category = ?2 "
    "AND docs.downloads >= ?3 ORDER BY words.rowid LIMIT 10";
constexpr char const* k_counted =
    "SELECT docs.category, count(*) FROM words JOIN docs ON docs.id = words.rowid WHERE words MATCH ?1 GROUP BY 1";

struct CloseDatabase {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
};
struct FinishStatement {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinishStatement>;

Error failure(sqlite3* database) { return {Errc::io, std::string{"sqlite: "} + sqlite3_errmsg(database)}; }

Result<void> execute(sqlite3* database, char const* sql) {
    return sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK ? ok() : failure(database);
}

Result<Statement> prepare(sqlite3* database, char const* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) != SQLITE_OK) return failure(database);
    return Statement{statement};
}

void bind(sqlite3_stmt* statement, int place, std::string const& text) {
    sqlite3_bind_text(statement, place, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

Result<void> fill(sqlite3* database, Rows const& rows) {
    RETURN_IF_ERROR(execute(database, k_schema));
    ASSIGN_OR_RETURN(auto const insert, prepare(database, "INSERT INTO docs VALUES(?1, ?2, ?3, ?4, ?5)"));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        sqlite3_bind_int64(insert.get(), 1, static_cast<sqlite3_int64>(i) + 1);
        bind(insert.get(), 2, rows[i].name);
        bind(insert.get(), 3, rows[i].description);
        bind(insert.get(), 4, rows[i].category);
        sqlite3_bind_int64(insert.get(), 5, static_cast<sqlite3_int64>(rows[i].downloads));
        if (sqlite3_step(insert.get()) != SQLITE_DONE) return failure(database);
        sqlite3_reset(insert.get());
    }
    return execute(database, k_finish);
}

Result<Database> open_database(std::string const& path) {
    sqlite3* raw = nullptr;
    auto const code = sqlite3_open(path.c_str(), &raw);
    Database database{raw};
    if (code != SQLITE_OK) return failure(raw);
    return database;
}

/// `"web" AND "serv"*`: all words, the last one also as a prefix when `is_prefix`.
std::string match_text(std::string_view text, bool is_prefix) {
    std::string out;
    for (auto const& word : peer_words(text)) out += (out.empty() ? "\"" : " AND \"") + word + "\"";
    if (is_prefix && !out.empty()) out += " *";
    return out;
}

class SqlitePeer final : public Engine {
public:
    [[nodiscard]] static Result<std::unique_ptr<Engine>> open(std::string const& path) {
        auto peer = std::make_unique<SqlitePeer>();
        ASSIGN_OR_RETURN(peer->database_, open_database(path));
        auto* const database = peer->database_.get();
        RETURN_IF_ERROR(execute(database, k_pragmas));
        ASSIGN_OR_RETURN(peer->best_, prepare(database, k_best));
        ASSIGN_OR_RETURN(peer->filtered_, prepare(database, k_filtered));
        ASSIGN_OR_RETURN(peer->counted_, prepare(database, k_counted));
        return std::unique_ptr<Engine>{std::move(peer)};
    }

    [[nodiscard]] std::string_view name() const override { return "sqlite"; }
    [[nodiscard]] bool answers(QueryKind kind) const override {
        return kind != QueryKind::fuzzy1 && kind != QueryKind::fuzzy2;
    }
    Result<void> run(LatencyQuery const& query, std::vector<std::string>& names) override {
        names.clear();
        auto const match = match_text(query.text, query.kind == QueryKind::prefix);
        if (match.empty()) return ok();
        bool const is_filtered = query.kind == QueryKind::filtersort;
        auto* const statement = is_filtered ? filtered_.get() : best_.get();
        bind(statement, 1, match);
        if (is_filtered) {
            bind(statement, 2, query.category);
            sqlite3_bind_int64(statement, 3, static_cast<sqlite3_int64>(query.downloads_min));
        }
        RETURN_IF_ERROR(rows_of(statement, names));
        if (query.kind != QueryKind::facet) return ok();
        std::vector<std::string> counts;
        bind(counted_.get(), 1, match);
        return rows_of(counted_.get(), counts);
    }

private:
    Result<void> rows_of(sqlite3_stmt* statement, std::vector<std::string>& out) {
        int code = SQLITE_ROW;
        while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
            out.emplace_back(reinterpret_cast<char const*>(sqlite3_column_text(statement, 0)));
        }
        sqlite3_reset(statement);
        return code == SQLITE_DONE ? ok() : failure(database_.get());
    }

    Database database_;
    Statement best_;
    Statement filtered_;
    Statement counted_;
};

}  // namespace

std::vector<std::string> peer_words(std::string_view text) {
    std::vector<std::string> out;
    bool is_open = false;
    for (char const c : text) {
        bool const is_upper = c >= 'A' && c <= 'Z';
        bool const is_word = is_upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                             static_cast<unsigned char>(c) > 127;
        if (is_word && !is_open) out.emplace_back();
        if (is_word) out.back() += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
        is_open = is_word;
    }
    return out;
}

Result<std::unique_ptr<Engine>> open_sqlite_peer(std::string const& path, Rows const& rows) {
    auto const files = make_posix_file_system();
    if (!files->info(path)) {
        auto const fresh = path + ".new";
        RETURN_IF_ERROR(files->remove_tree(fresh));
        {
            ASSIGN_OR_RETURN(auto const database, open_database(fresh));
            RETURN_IF_ERROR(fill(database.get(), rows));
        }
        RETURN_IF_ERROR(files->rename(fresh, path));
    }
    return SqlitePeer::open(path);
}

}  // namespace ggen::bench
