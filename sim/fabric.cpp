#include "sim/fabric.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "codec/ed25519_peer_id.hpp"

namespace ggen::sim {

namespace {
constexpr std::size_t k_key_bytes = 32;

void append_dice(Bytes& bytes, Dice dice) {
    for (std::size_t i = 0; i < k_key_bytes; i += 8) {
        auto word = dice.next();
        for (std::size_t j = 0; j < 8; ++j, word >>= 8U) bytes.push_back(static_cast<std::uint8_t>(word));
    }
}
}  // namespace

PeerId Fabric::make_peer(std::uint64_t seed, std::uint64_t number) {
    Bytes bytes{k_ed25519_peer_id_head.begin(), k_ed25519_peer_id_head.end()};
    append_dice(bytes, {seed, Purpose::peer_key, number});
    return PeerId::from_bytes(bytes).value();
}

Ed25519PrivateKey Fabric::make_key(std::uint64_t seed, std::uint64_t number) {
    Bytes bytes;
    append_dice(bytes, {seed, Purpose::keys, number});
    return Ed25519PrivateKey::from_seed(bytes).value();
}

Multiaddr Fabric::make_address(Endpoint endpoint) {
    MultiaddrPart ip{MultiaddrCode::ip4, {}};
    for (auto shift = 32U; shift > 0; shift -= 8) {
        ip.value.push_back(static_cast<std::uint8_t>(endpoint.ip >> (shift - 8)));
    }
    MultiaddrPart port{MultiaddrCode::tcp, {static_cast<std::uint8_t>(endpoint.port >> 8U),
                                            static_cast<std::uint8_t>(endpoint.port & 0xffU)}};
    return Multiaddr::from_parts({std::move(ip), std::move(port)}).value();
}

Endpoint Fabric::endpoint_of(Multiaddr const& address) {
    auto const& parts = address.parts();
    bool const is_tcp = parts.size() >= 2 && parts[0].code == MultiaddrCode::ip4 &&
        parts[1].code == MultiaddrCode::tcp &&
                        (parts.size() == 2 || (parts.size() == 3 && parts[2].code == MultiaddrCode::p2p));
    if (!is_tcp) return {};
    Endpoint endpoint{.ip = 0, .port = parts[1].port()};
    for (auto const byte : parts[0].value) endpoint.ip = endpoint.ip << 8U | byte;
    return endpoint;
}

void Fabric::name_node(NodeId node, PeerId peer) {
    GGEN_ASSERT(node == nodes_.size());
    auto key = hash_bytes(peer.bytes()) | 1U;
    while (by_peer_.find(key) != nullptr) key += 2;
    by_peer_[key] = node;
    nodes_.push_back(std::move(peer));
}

NodeId Fabric::intern(PeerId const& peer) {
    auto key = hash_bytes(peer.bytes()) | 1U;
    for (auto const* known = by_peer_.find(key); known != nullptr; known = by_peer_.find(key)) {
        if (this->peer(*known) == peer) return *known;
        key += 2;
    }
    auto const id = k_first_ghost + static_cast<NodeId>(ghosts_.size());
    by_peer_[key] = id;
    ghosts_.push_back(peer);
    return id;
}

PeerId const& Fabric::peer(NodeId node) const {
    return node < k_first_ghost ? nodes_[node] : ghosts_[node - k_first_ghost];
}

std::uint32_t Fabric::intern_protocol(std::string_view name) {
    auto const found = std::find(protocol_names_.begin(), protocol_names_.end(), name);
    auto const id = static_cast<std::uint32_t>(found - protocol_names_.begin());
    if (found == protocol_names_.end()) protocol_names_.emplace_back(name);
    return id;
}

Stream* Fabric::stream(std::uint64_t id) {
    auto const slot = static_cast<std::uint32_t>(id);
    if (slot >= streams_.size() || streams_[slot].generation != id >> 32U) return nullptr;
    return &streams_[slot];
}

std::uint64_t Fabric::make_stream() {
    std::uint32_t slot = 0;
    if (free_streams_.empty()) {
        slot = static_cast<std::uint32_t>(streams_.size());
        streams_.emplace_back().generation = 1;
    } else {
        slot = free_streams_.back();
        free_streams_.pop_back();
    }
    return std::uint64_t{streams_[slot].generation} << 32U | slot;
}

void Fabric::free_stream(std::uint64_t id) {
    auto const slot = static_cast<std::uint32_t>(id);
    auto const generation = streams_[slot].generation + 1;
    streams_[slot] = Stream{};
    streams_[slot].generation = generation;
    free_streams_.push_back(slot);
}

std::uint64_t Fabric::block_hash(p2p::Block const& block) {
    if (block == nullptr) return 0;
    if (block != last_block_) {
        last_block_ = block;
        last_hash_ = hash_bytes(*block);
    }
    return last_hash_;
}

void Fabric::violate(NodeId node, std::string what) {
    if (!violation_.empty()) return;
    violation_ = fmt::format("at {}.{:09} s, node {}: {}", now() / k_second, now() % k_second, node, what);
    network_->stop_run();
}

}  // namespace ggen::sim
