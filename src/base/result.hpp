#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/error_id.hpp"

namespace ggen {

/// What a caller can do about an error. One enumerator per *reaction*, not per cause:
/// the cause is told by `Error::id` and the text.
enum class Errc : std::uint8_t {
    invalid,      ///< The input does not follow its grammar. Fix the input.
    not_found,    ///< The thing named does not exist. Name another.
    corrupt,      ///< Bytes differ from what was promised. Fetch again or distrust the source.
    conflict,     ///< Somebody else got there first, or it exists already.
    refused,      ///< Policy or proof says no. Retrying does not help.
    too_large,    ///< A stated limit was passed.
    timed_out,    ///< A deadline passed. Retrying may help.
    unavailable,  ///< The source cannot be reached now. Retrying may help.
    offline,      ///< Only the network has it and the network was forbidden.
    io,           ///< The operating system refused (disk full, permission).
    cancelled,    ///< The user asked to stop.
    internal,     ///< A defect of ours. Please report.
};

/// The name of `code` as it stands in JSON output, for example "not_found".
[[nodiscard]] std::string_view errc_name(Errc code);

/// An error: a reaction, a documented id, and a text that names the object.
///
/// `context` reads "install foo: read index: short file": outermost first. `help` is empty or the
/// next command that a user can run.
struct Error {
    Errc code = Errc::internal;
    ErrorId id = ErrorId::none;
    std::string context;
    std::string help;

    Error(Errc code_in, std::string context_in) : code(code_in), context(std::move(context_in)) {}
    Error(Errc code_in, ErrorId id_in, std::string context_in, std::string help_in = {})
        : code(code_in), id(id_in), context(std::move(context_in)), help(std::move(help_in)) {}
};

/// `error` with "`doing`: " put before its context. Code, id and help stay.
[[nodiscard]] Error wrap(Error error, std::string_view doing);

/// `error` with `help` set, unless it already has one.
[[nodiscard]] Error with_help(Error error, std::string help);

namespace detail {
[[noreturn]] void bad_result_access(char const* what);
}  // namespace detail

/// A value of type T or an Error. Method names are a strict subset of `std::expected`.
/// Access to the absent side ends the process: it is a defect, not an input error.
template <class T>
class [[nodiscard]] Result {
public:
    using value_type = T;

    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}   // NOLINT(google-explicit-constructor)
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)
    template <class U>
        requires(std::is_constructible_v<T, U &&> && std::is_convertible_v<U &&, T> &&
                 !std::is_same_v<std::remove_cvref_t<U>, Error> &&
                 !std::is_same_v<std::remove_cvref_t<U>, T> &&
                 !std::is_same_v<std::remove_cvref_t<U>, Result>)
    Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}  // NOLINT(google-explicit-constructor,bugprone-forwarding-reference-overload)

    [[nodiscard]] bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    [[nodiscard]] T& value() & { check(); return *std::get_if<0>(&state_); }
    [[nodiscard]] T const& value() const& { check(); return *std::get_if<0>(&state_); }
    [[nodiscard]] T&& value() && { check(); return std::move(*std::get_if<0>(&state_)); }
    [[nodiscard]] T& operator*() & { return value(); }
    [[nodiscard]] T const& operator*() const& { return value(); }
    [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
    [[nodiscard]] T* operator->() { return &value(); }
    [[nodiscard]] T const* operator->() const { return &value(); }

    [[nodiscard]] Error const& error() const& { check_error(); return *std::get_if<1>(&state_); }
    [[nodiscard]] Error&& error() && { check_error(); return std::move(*std::get_if<1>(&state_)); }

private:
    void check() const {
        if (!has_value()) detail::bad_result_access(std::get_if<1>(&state_)->context.c_str());
    }
    void check_error() const {
        if (has_value()) detail::bad_result_access("error() of a value");
    }

    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    using value_type = void;

    Result() = default;
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

    [[nodiscard]] bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }
    void value() const {
        if (!has_value()) detail::bad_result_access(std::get_if<1>(&state_)->context.c_str());
    }
    [[nodiscard]] Error const& error() const& {
        if (has_value()) detail::bad_result_access("error() of a value");
        return *std::get_if<1>(&state_);
    }
    [[nodiscard]] Error&& error() && {
        if (has_value()) detail::bad_result_access("error() of a value");
        return std::move(*std::get_if<1>(&state_));
    }

private:
    std::variant<std::monostate, Error> state_;
};

/// Success without a value; reads better than `return {};`.
[[nodiscard]] inline Result<void> ok() { return {}; }

}  // namespace ggen

#define GGEN_CONCAT_INNER(a, b) a##b
#define GGEN_CONCAT(a, b) GGEN_CONCAT_INNER(a, b)

// Both macros are declarations or statements, never statement expressions (GCC 12 and co_await).
#define ASSIGN_OR_RETURN(declaration, ...)                                       \
    GGEN_ASSIGN_OR_RETURN_INNER(GGEN_CONCAT(ggen_result_, __LINE__), declaration, __VA_ARGS__)
#define GGEN_ASSIGN_OR_RETURN_INNER(name, declaration, ...)                      \
    auto name = __VA_ARGS__;                                                     \
    if (!name) return std::move(name).error();                                   \
    declaration = std::move(name).value()

#define RETURN_IF_ERROR(...)                                                     \
    do {                                                                         \
        if (auto ggen_status = __VA_ARGS__; !ggen_status) return std::move(ggen_status).error(); \
    } while (false)

/// Checks our own logic, also in release builds. Never for input: input is refused with an Error.
#define GGEN_ASSERT(...)                                                         \
    do {                                                                         \
        if (!(__VA_ARGS__)) ::ggen::detail::bad_result_access(#__VA_ARGS__);     \
    } while (false)
