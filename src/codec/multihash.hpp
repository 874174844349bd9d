#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ggen {

inline constexpr std::size_t k_multihash_digest_bytes_max = 128;

/// Codes of the multicodec table that this project gives a meaning.
inline constexpr std::uint64_t k_multihash_identity = 0x00;
inline constexpr std::uint64_t k_multihash_sha2_256 = 0x12;
inline constexpr std::uint64_t k_multihash_sha2_512 = 0x13;

/// multiformats/multihash: uvarint code, uvarint length, digest. Any code is a value; where the code
/// fixes the length (SHA-256, SHA-512), the length is checked.
struct Multihash {
    std::uint64_t code = k_multihash_identity;
    Bytes digest;

    [[nodiscard]] Bytes encode() const;
    /// The whole of `bytes`. Errors: invalid (grammar, length, bytes left over), too_large.
    [[nodiscard]] static Result<Multihash> decode(BytesView bytes);
    /// Takes one multihash off the front of `bytes`. Errors: invalid, too_large.
    [[nodiscard]] static Result<Multihash> read(BytesView& bytes);

    friend bool operator==(Multihash const&, Multihash const&) = default;
};

/// Codecs of content that appear here.
inline constexpr std::uint64_t k_codec_raw = 0x55;
inline constexpr std::uint64_t k_codec_dag_pb = 0x70;
inline constexpr std::uint64_t k_codec_libp2p_key = 0x72;

/// A content identifier (multiformats/cid): version 0 is a bare SHA-256 multihash of dag-pb.
struct Cid {
    std::uint64_t version = 1;
    std::uint64_t codec = k_codec_raw;
    Multihash hash;

    [[nodiscard]] Bytes encode() const;
    /// Version 0 as base58btc without prefix, version 1 as base32 with prefix 'b'.
    [[nodiscard]] std::string text() const;
    /// The whole of `bytes`. Errors: invalid (grammar, reserved version), too_large.
    [[nodiscard]] static Result<Cid> decode(BytesView bytes);
    /// `Qm…` (46 digits) or multibase. Errors: invalid, too_large.
    [[nodiscard]] static Result<Cid> parse(std::string_view text);

    friend bool operator==(Cid const&, Cid const&) = default;
};

}  // namespace ggen
