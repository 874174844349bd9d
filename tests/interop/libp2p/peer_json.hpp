#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json.hpp"
#include "codec/multiaddr.hpp"
#include "codec/peer_id.hpp"

namespace ggen::p2p::interop {

/// "" when it is absent or no text.
[[nodiscard]] std::string text_of(Json const& command, std::string_view key);
[[nodiscard]] std::uint64_t number_of(Json const& command, std::string_view key, std::uint64_t fallback);
[[nodiscard]] Json json_of(std::vector<std::string> const& texts);
[[nodiscard]] Json json_of(std::vector<Multiaddr> const& addresses);
[[nodiscard]] Json json_of(std::vector<PeerId> const& peers);

/// What a command is about: `address` (which ends in /p2p) or `peer`.
struct Target {
    PeerId peer;
    std::vector<Multiaddr> addresses;
};
[[nodiscard]] Result<Target> target_of(Json const& command);
/// An address that ends in /p2p. Errors: invalid.
[[nodiscard]] Result<Target> target_of(std::string const& address);

}  // namespace ggen::p2p::interop
