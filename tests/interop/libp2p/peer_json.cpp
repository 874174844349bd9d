#include "peer_json.hpp"

namespace ggen::p2p::interop {

std::string text_of(Json const& command, std::string_view key) {
    auto const* const value = command.find(key);
    return value != nullptr && value->if_string() != nullptr ? *value->if_string() : std::string{};
}

std::uint64_t number_of(Json const& command, std::string_view key, std::uint64_t fallback) {
    auto const* const value = command.find(key);
    return value != nullptr && value->if_integer() != nullptr ? static_cast<std::uint64_t>(*value->if_integer())
                                                              : fallback;
}

Json json_of(std::vector<std::string> const& texts) {
    auto out = Json::array();
    for (auto const& text : texts) out.push(text);
    return out;
}

Json json_of(std::vector<Multiaddr> const& addresses) {
    auto out = Json::array();
    for (auto const& address : addresses) out.push(address.text());
    return out;
}

Json json_of(std::vector<PeerId> const& peers) {
    auto out = Json::array();
    for (auto const& peer : peers) out.push(peer.text());
    return out;
}

Result<Target> target_of(std::string const& text) {
    ASSIGN_OR_RETURN(auto const address, Multiaddr::parse(text));
    auto const peer = address.peer_id();
    auto parts = address.parts();
    parts.pop_back();
    if (!peer || parts.empty()) return Error{Errc::invalid, "the address must end in /p2p"};
    ASSIGN_OR_RETURN(auto bare, Multiaddr::from_parts(std::move(parts)));
    return Target{*peer, {std::move(bare)}};
}

Result<Target> target_of(Json const& command) {
    auto const address = text_of(command, "address");
    if (!address.empty()) return target_of(address);
    ASSIGN_OR_RETURN(auto peer, PeerId::parse(text_of(command, "peer")));
    return Target{std::move(peer), {}};
}

}  // namespace ggen::p2p::interop
