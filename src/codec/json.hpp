#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace ggen {

/// A JSON value (RFC 8259). Objects keep the order of insertion; a key stands once.
///
/// Parsing and printing are nlohmann's, included in json.cpp alone because the header is heavy.
class Json {
public:
    using Array = std::vector<Json>;
    using Member = std::pair<std::string, Json>;
    using Object = std::vector<Member>;

    Json() = default;  ///< null
    Json(std::nullptr_t) {}                                       // NOLINT(google-explicit-constructor)
    Json(bool value) : value_(value) {}                           // NOLINT(google-explicit-constructor)
    Json(std::int64_t value) : value_(value) {}                   // NOLINT(google-explicit-constructor)
    Json(int value) : value_(std::int64_t{value}) {}              // NOLINT(google-explicit-constructor)
    Json(std::uint64_t value) : value_(static_cast<std::int64_t>(value)) {}  // NOLINT(google-explicit-constructor)
    Json(double value) : value_(value) {}                         // NOLINT(google-explicit-constructor)
    Json(char const* value) : value_(std::string{value}) {}       // NOLINT(google-explicit-constructor)
    Json(std::string_view value) : value_(std::string{value}) {}  // NOLINT(google-explicit-constructor)
    Json(std::string value) : value_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
    Json(Array value) : value_(std::move(value)) {}               // NOLINT(google-explicit-constructor)
    Json(Object value) : value_(std::move(value)) {}              // NOLINT(google-explicit-constructor)
    [[nodiscard]] static Json object() { return Json{Object{}}; }
    [[nodiscard]] static Json array() { return Json{Array{}}; }

    /// Refuses duplicate keys, bytes after the end, invalid UTF-8, lone surrogates, NaN, depth over
    /// `depth_max`. Errors: invalid (with byte offset).
    [[nodiscard]] static Result<Json> parse(std::string_view text, int depth_max = 64);
    /// As parse, but the last of duplicate keys wins: only for documents of foreign servers.
    [[nodiscard]] static Result<Json> parse_lenient(std::string_view text, int depth_max = 256);
    /// One line when `indent` is 0. Invalid UTF-8 is printed as U+FFFD.
    [[nodiscard]] std::string dump(int indent = 0) const;

    [[nodiscard]] bool is_null() const { return value_.index() == 0; }
    [[nodiscard]] bool is_bool() const { return value_.index() == 1; }
    [[nodiscard]] bool is_integer() const { return value_.index() == 2; }
    [[nodiscard]] bool is_number() const { return value_.index() == 2 || value_.index() == 3; }
    [[nodiscard]] bool is_string() const { return value_.index() == 4; }
    [[nodiscard]] bool is_array() const { return value_.index() == 5; }
    [[nodiscard]] bool is_object() const { return value_.index() == 6; }

    // Null when the value is of another kind.
    [[nodiscard]] bool const* if_bool() const { return std::get_if<bool>(&value_); }
    [[nodiscard]] std::int64_t const* if_integer() const { return std::get_if<std::int64_t>(&value_); }
    /// Only numbers with a fraction or exponent, and integers beyond 64 bits; see if_integer().
    [[nodiscard]] double const* if_double() const { return std::get_if<double>(&value_); }
    [[nodiscard]] std::string const* if_string() const { return std::get_if<std::string>(&value_); }
    [[nodiscard]] Array const* if_array() const { return std::get_if<Array>(&value_); }
    [[nodiscard]] Object const* if_object() const { return std::get_if<Object>(&value_); }
    /// The member, or null when this is no object or has no such key.
    [[nodiscard]] Json const* find(std::string_view key) const;

    /// Appends or replaces a member. Turns null into an object first.
    Json& set(std::string key, Json value);
    /// Moves the members of the object `other` here, as set() would; anything else adds nothing.
    Json& merge(Json other);
    /// Appends to an array. Turns null into an array first.
    Json& push(Json value);

    friend bool operator==(Json const&, Json const&) = default;

private:
    std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

}  // namespace ggen
