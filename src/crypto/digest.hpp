#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ggen {

/// A SHA-256 value.
struct Digest {
    static constexpr std::size_t k_bytes = 32;
    std::array<std::uint8_t, k_bytes> bytes{};

    [[nodiscard]] BytesView view() const { return bytes; }
    /// 64 lower-case hex digits.
    [[nodiscard]] std::string hex() const;
    /// "sha256:<hex>", as it stands in records and lockfiles.
    [[nodiscard]] std::string text() const { return "sha256:" + hex(); }
    /// Errors: invalid (not 64 lower-case hex digits).
    [[nodiscard]] static Result<Digest> from_hex(std::string_view hex);
    /// Errors: invalid (not "sha256:" and 64 lower-case hex digits).
    [[nodiscard]] static Result<Digest> parse(std::string_view text);

    friend auto operator<=>(Digest const&, Digest const&) = default;
};

[[nodiscard]] Digest sha256(BytesView bytes);
/// The digest of `first` followed by `second`, without joining them (prefix byte and data).
[[nodiscard]] Digest sha256_joined(BytesView first, BytesView second);

/// SHA-256 piece by piece (downloads, tree hashes with a prefix byte).
class Sha256 {
public:
    Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    ~Sha256();
    void update(BytesView bytes);
    /// The digest of all bytes so far; the object starts afresh.
    [[nodiscard]] Digest finish();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// 64 bytes; only for checking foreign integrity values (npm's `sha512-…`).
[[nodiscard]] std::array<std::uint8_t, 64> sha512(BytesView bytes);
/// 20 bytes; only for checking foreign integrity values of old npm packages (`shasum`).
[[nodiscard]] std::array<std::uint8_t, 20> sha1(BytesView bytes);

}  // namespace ggen

template <>
struct std::hash<ggen::Digest> {
    std::size_t operator()(ggen::Digest const& digest) const noexcept {
        std::size_t value = 0;
        for (std::size_t i = 0; i < sizeof value; ++i) value = value << 8U | digest.bytes[i];
        return value;
    }
};
