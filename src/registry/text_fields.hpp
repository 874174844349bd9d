#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error_id.hpp"
#include "base/result.hpp"
#include "crypto/digest.hpp"
#include "merkle/note.hpp"

/// Reading the line-based texts of this module: "field value LF", in a fixed order.
namespace ggen::detail {

/// Takes lines from the front of a text. `what` and `id` go into every error.
class FieldReader {
public:
    FieldReader(std::string_view text, ErrorId id, std::string what);

    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    /// Whether the next line begins with `field` and a space.
    [[nodiscard]] bool next_is(std::string_view field) const;
    /// The next line, without its LF.
    Result<std::string_view> take_line();
    /// The value of the next line, which must be `field`.
    Result<std::string_view> take(std::string_view field);
    /// The next line must be exactly `line`.
    Result<void> expect(std::string_view line);
    /// Nothing may follow.
    Result<void> expect_end();

    Result<std::uint64_t> take_number(std::string_view field);
    Result<merkle::VerifierKey> take_key(std::string_view field);
    [[nodiscard]] Error error(std::string_view problem) const;

private:
    std::string_view rest_;
    ErrorId id_;
    std::string what_;
    unsigned line_ = 0;
};

/// Decimal digits without sign or leading zero, at most 2^63-1.
[[nodiscard]] std::optional<std::uint64_t> parse_canonical_number(std::string_view text);

/// Splits at the first space; the second part is empty when there is none.
[[nodiscard]] std::pair<std::string_view, std::string_view> split_at_space(std::string_view text);

}  // namespace ggen::detail
