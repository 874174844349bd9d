#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "codec/peer_id.hpp"

namespace ggen {

inline constexpr std::size_t k_multiaddr_bytes_max = 1024;
inline constexpr std::size_t k_multiaddr_text_bytes_max = 4096;
inline constexpr std::size_t k_multiaddr_components_max = 32;

/// Codes of the multiaddr protocol table (multiformats/multiaddr protocols.csv) that are understood.
/// An address with any other code is refused: without its size the rest cannot be read.
enum class MultiaddrCode : std::uint32_t {
    ip4 = 4,
    tcp = 6,
    ip6 = 41,
    ip6zone = 42,
    ipcidr = 43,
    dns = 53,
    dns4 = 54,
    dns6 = 55,
    dnsaddr = 56,
    udp = 273,
    webrtc_direct = 280,
    webrtc = 281,
    p2p_circuit = 290,
    unix_path = 400,
    p2p = 421,
    https = 443,
    tls = 448,
    sni = 449,
    noise = 454,
    quic = 460,
    quic_v1 = 461,
    webtransport = 465,
    certhash = 466,
    ws = 477,
    wss = 478,
    http = 480,
    http_path = 481,
    memory = 777,
};

/// One `/protocol/value` of an address; `value` holds its binary form, empty where there is none.
struct MultiaddrPart {
    MultiaddrCode code = MultiaddrCode::ip4;
    Bytes value;

    /// Only for ip4 and ip6, dns*, sni, ip6zone and unix: the value as text.
    [[nodiscard]] std::string value_text() const;
    /// Only for tcp and udp: the port.
    [[nodiscard]] std::uint16_t port() const;

    friend auto operator<=>(MultiaddrPart const&, MultiaddrPart const&) = default;
};

/// A self-describing network address such as `/ip4/192.0.2.1/tcp/4001/p2p/12D3Koo…`
/// (multiformats/multiaddr). Always valid: every value was checked on the way in. At least one part.
class Multiaddr {
public:
    /// The text form. `/ipfs/<id>` is read as `/p2p/<id>`; a trailing slash is dropped.
    /// Errors: invalid (grammar, unknown protocol, bad value), too_large.
    [[nodiscard]] static Result<Multiaddr> parse(std::string_view text);
    /// The binary form. Errors: invalid (as above; a varint that is not shortest), too_large.
    [[nodiscard]] static Result<Multiaddr> decode(BytesView bytes);
    /// Errors: invalid (no part, or a value that its protocol does not allow), too_large.
    [[nodiscard]] static Result<Multiaddr> from_parts(std::vector<MultiaddrPart> parts);

    [[nodiscard]] std::vector<MultiaddrPart> const& parts() const { return parts_; }
    [[nodiscard]] std::string text() const;
    [[nodiscard]] Bytes encode() const;

    /// The peer id of the last /p2p part, when that is where the address ends.
    [[nodiscard]] std::optional<PeerId> peer_id() const;
    /// Whether any part is of `code`.
    [[nodiscard]] bool has(MultiaddrCode code) const;

    friend auto operator<=>(Multiaddr const&, Multiaddr const&) = default;

private:
    explicit Multiaddr(std::vector<MultiaddrPart> parts) : parts_(std::move(parts)) {}
    std::vector<MultiaddrPart> parts_;
};

}  // namespace ggen
