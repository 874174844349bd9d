#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "codec/json.hpp"
#include "codec/multiaddr.hpp"

/// Arguments of a call over the control socket.
namespace ggen::p2p {

/// Errors: invalid (absent, or no text).
[[nodiscard]] Result<std::string> text_argument(Json const& arguments, std::string_view name);
/// Empty when absent. Errors: invalid (no list of texts).
[[nodiscard]] Result<std::vector<std::string>> list_argument(Json const& arguments, std::string_view name);
/// `fallback` when absent. Errors: invalid (no whole number, or out of bounds).
[[nodiscard]] Result<std::uint64_t> number_argument(Json const& arguments, std::string_view name,
                                                    std::uint64_t fallback, std::uint64_t max);
[[nodiscard]] Json json_addresses(std::vector<Multiaddr> const& addresses);

}  // namespace ggen::p2p
