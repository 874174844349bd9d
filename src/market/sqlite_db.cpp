#include "market/sqlite_db.hpp"

#include <sqlite3.h>

#include <optional>
#include <utility>

namespace ggen::detail {
namespace {

constexpr int k_busy_timeout_ms = 10'000;

Error db_error(sqlite3* db, std::string_view doing) {
    int const code = db != nullptr ? sqlite3_errcode(db) : SQLITE_NOMEM;
    std::string const text =
        std::string{doing} + ": " + (db != nullptr ? sqlite3_errmsg(db) : "out of memory");
    bool const is_damage =
        code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_SCHEMA || code == SQLITE_ERROR;
    return Error{is_damage ? Errc::corrupt : Errc::io, "catalogue: " + text};
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
void Database::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

Statement::Statement(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}

Statement& Statement::bind(int index, std::string_view text) {
    // A destructor of -1 asks SQLite to copy the text.
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the number is SQLite's interface.
    auto* const copies = reinterpret_cast<sqlite3_destructor_type>(-1);
    sqlite3_bind_text64(statement_.get(), index, text.data(), text.size(), copies, SQLITE_UTF8);
    return *this;
}

Statement& Statement::bind(int index, std::int64_t number) {
    sqlite3_bind_int64(statement_.get(), index, number);
    return *this;
}

Result<bool> Statement::step() {
    int const code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    auto error = code == SQLITE_DONE ? std::optional<Error>{} : std::optional<Error>{db_error(db_, "step")};
    sqlite3_reset(statement_.get());
    if (error) return *std::move(error);
    return false;
}

std::string Statement::text(int column) const {
    auto const* const text = sqlite3_column_text(statement_.get(), column);
    auto const size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return text == nullptr ? std::string{} : std::string{reinterpret_cast<char const*>(text), size};
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

Result<Database> Database::open(std::string const& path) {
    sqlite3* raw = nullptr;
    int const code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    Database db{raw};
    if (code != SQLITE_OK) return db_error(raw, "open " + path);
    sqlite3_busy_timeout(raw, k_busy_timeout_ms);
    // Nothing in the file may run code of its own choosing.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    return db;
}

Result<void> Database::run(std::string const& sql) {
    if (sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        return db_error(db_.get(), "run");
    return ok();
}

Result<Statement> Database::prepare(std::string const& sql) {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(db_.get(), sql.c_str(), -1, &raw, nullptr) != SQLITE_OK)
        return db_error(db_.get(), "prepare");
    return Statement{db_.get(), raw};
}

}  // namespace ggen::detail
