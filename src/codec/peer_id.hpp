#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ggen {

/// Public keys of up to 42 bytes stand in the peer id themselves, longer ones by their SHA-256.
inline constexpr std::size_t k_peer_id_inline_key_bytes_max = 42;

/// A libp2p peer id (libp2p/specs peer-ids): the multihash of the protobuf of a public key. What can
/// be seen without the key is checked here; that the key belongs to it, `p2p/identity` checks.
/// Ordered by bytes, which is also the order that decides between crossing connections.
class PeerId {
public:
    /// Errors: invalid (no multihash, another function, a length that no key gives).
    [[nodiscard]] static Result<PeerId> from_bytes(BytesView bytes);
    /// Both text forms: base58btc (`12D3Koo…`, `Qm…`) and CIDv1 with codec libp2p-key in any multibase.
    /// Errors: invalid, too_large.
    [[nodiscard]] static Result<PeerId> parse(std::string_view text);

    /// The multihash, as it goes over the wire.
    [[nodiscard]] BytesView bytes() const { return bytes_; }
    /// The serialized public key when the id carries it, else empty.
    [[nodiscard]] BytesView inline_key() const;
    /// base58btc, the form that every peer prints.
    [[nodiscard]] std::string text() const;
    /// CIDv1 in base32 (`bafz…`) or base36 (`k51…`).
    [[nodiscard]] std::string cid_text() const;
    [[nodiscard]] std::string cid_base36_text() const;

    friend bool operator==(PeerId const&, PeerId const&) = default;
    /// As text: GCC 12 warns of the comparison of vectors that it would make itself.
    friend std::strong_ordering operator<=>(PeerId const& a, PeerId const& b) {
        return as_text(a.bytes_) <=> as_text(b.bytes_);
    }

private:
    explicit PeerId(Bytes bytes) : bytes_(std::move(bytes)) {}
    Bytes bytes_;
};

}  // namespace ggen

template <>
struct std::hash<ggen::PeerId> {
    std::size_t operator()(ggen::PeerId const& id) const noexcept {
        return std::hash<std::string_view>{}(ggen::as_text(id.bytes()));
    }
};
