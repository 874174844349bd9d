#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace ggen::detail {

/// A prepared statement. Parameters and columns count from 1 and 0, as in SQLite.
class Statement {
public:
    Statement(sqlite3* db, sqlite3_stmt* statement);
    Statement(Statement&&) noexcept = default;
    Statement& operator=(Statement&&) noexcept = default;
    Statement& bind(int index, std::string_view text);
    Statement& bind(int index, std::int64_t number);
    /// True while there is a row. After false the statement may be bound and run again.
    Result<bool> step();
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const;

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    sqlite3* db_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// A database file; the only door to SQLite. Errors: corrupt (not a database, damaged), io.
class Database {
public:
    static Result<Database> open(std::string const& path);
    Result<void> run(std::string const& sql);
    Result<Statement> prepare(std::string const& sql);

private:
    struct Close {
        void operator()(sqlite3* db) const;
    };
    explicit Database(sqlite3* db) : db_(db) {}
    std::unique_ptr<sqlite3, Close> db_;
};

}  // namespace ggen::detail
