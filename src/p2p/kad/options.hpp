#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "codec/peer_id.hpp"
#include "p2p/kad/limits.hpp"
#include "p2p/kad/lookup.hpp"
#include "p2p/kad/validator.hpp"

namespace ggen::p2p {

inline constexpr std::string_view k_kad_protocol = "/ggen/kad/1.0.0";
inline constexpr std::string_view k_kad_public_protocol = "/ipfs/kad/1.0.0";

/// A server answers others and stands in their tables; a client only asks.
enum class KadMode : std::uint8_t { client, server };

struct KadOptions {
    PeerId self;
    std::uint64_t seed = 0;  ///< of all dice
    KadMode mode = KadMode::server;
    std::string protocol{k_kad_protocol};
    RecordValidators validators{};  ///< values of other namespaces are refused
    bool limits_loopback = false;   ///< count peers on loopback addresses as one neighbourhood
    bool limits_local = false;      ///< the same for private networks
    bool refreshes = true;          ///< looks itself and its buckets up every k_kad_refresh_interval
    /// Whether to deal with a peer at all: the reputation ledger. Those it refuses are neither asked, nor kept in the
    /// table, nor told of. Must not call this object. Empty = everybody is welcome.
    std::function<bool(PeerId const&, TimePoint)> is_welcome{};
    LookupSettings lookup{};
    std::size_t book_slot_peers = k_kad_book_slot_peers;  ///< 1,024 times as many are remembered beside the table
    UnixTime wall_at{};             ///< wall-clock time at `steady_at`: records carry one
    TimePoint steady_at{};
};

}  // namespace ggen::p2p
