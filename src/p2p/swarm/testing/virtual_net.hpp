#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/testing/fakes.hpp"
#include "p2p/identity/identity.hpp"
#include "p2p/swarm/swarm.hpp"

namespace ggen::p2p::testing {

inline Multiaddr address_of(std::string_view text) { return Multiaddr::parse(text).value(); }

inline Ed25519PrivateKey node_key(std::size_t number) {
    Bytes seed(32, 0);
    for (std::size_t i = 0; i < 4; ++i) seed[i] = static_cast<std::uint8_t>(number >> (8 * i));
    return Ed25519PrivateKey::from_seed(seed).value();
}

inline PeerId peer_of_node(std::size_t number) { return peer_id_of(node_key(number).public_key()); }

/// Swarms joined by links of one latency, on virtual time: the driver of a test. A connect takes a round trip,
/// bytes half of one; nothing is lost; order is kept.
class VirtualNet {
public:
    struct Node {
        std::size_t number = 0;
        std::unique_ptr<ggen::testing::SeededRandom> random{};
        std::unique_ptr<Swarm> swarm{};
        Multiaddr address;  // where it listens, and what its dials come from
        PeerId id;
        std::size_t connects = 0;  // ConnectSocket commands so far
        std::vector<Multiaddr> asked{};
        std::map<ResolveKey, Multiaddr> resolves{};
        std::optional<TimePoint> wake{};
    };

    explicit VirtualNet(std::chrono::nanoseconds latency = std::chrono::milliseconds{50}) : latency_(latency) {}

    Node& add(std::string_view address, SwarmOptions options, Gate* gate = nullptr) {
        std::size_t const number = nodes_.size() + 1;
        auto id = peer_id_of(options.identity.public_key());
        auto node = std::make_unique<Node>(Node{number, nullptr, nullptr, address_of(address), std::move(id)});
        node->random = std::make_unique<ggen::testing::SeededRandom>(number);
        node->swarm = std::make_unique<Swarm>(std::move(options), *node->random, gate);
        nodes_.push_back(std::move(node));
        return *nodes_.back();
    }
    Node& add(std::string_view address) { return add(address, SwarmOptions{node_key(nodes_.size() + 1)}); }
    void listen(Node& node) {
        (void)node.swarm->listen(node.address, now);
        settle(node);
    }
    /// Nobody answers at `address`, not even a refusal.
    void make_dead(std::string_view address) { dead_.insert(address_of(address).text()); }

    /// To be called after calls of the swarm or a protocol of the node.
    void settle(Node& node) {
        node.swarm->on_protocols_called(now);
        drain(node);
    }
    void run_for(std::chrono::nanoseconds duration) { run_until(now + duration); }
    void run_until(TimePoint end) {
        while (!events_.empty() && events_.begin()->first.first <= end) {
            auto const first = events_.begin();
            now = std::max(now, first->first.first);
            auto const event = std::move(first->second);
            events_.erase(first);
            event();
        }
        now = std::max(now, end);
    }
    /// A socket of a stranger who says nothing. nullopt when it is not accepted.
    std::optional<SocketKey> knock(Node& node, std::string_view from) {
        auto const key = node.swarm->on_socket_accepted(listeners_.at(node.address.text()).second, node.address,
                                                        address_of(from), now);
        drain(node);
        return key;
    }

    TimePoint now{std::chrono::seconds{1000}};
    std::size_t writes = 0;
    std::set<std::pair<std::size_t, SocketKey>> closed;  // by the node itself

private:
    using End = std::pair<std::size_t, SocketKey>;

    void at(TimePoint when, std::function<void()> event) {
        events_.emplace(std::pair{when, ++order_}, std::move(event));
    }
    Node& node_of(End const& end) { return *nodes_[end.first - 1]; }

    void drain(Node& node) {
        while (auto command = node.swarm->poll_command()) obey(node, std::move(*command));
        auto const next = node.swarm->next_deadline();
        if (!next || (node.wake && *node.wake <= *next)) return;
        node.wake = *next;
        at(std::max(*next, now), [this, &node, when = *next] {
            if (node.wake != when) return;
            node.wake.reset();
            auto const due = node.swarm->next_deadline();
            if (due && *due <= now) node.swarm->on_deadline(now);
            drain(node);
        });
    }

    void obey(Node& node, SwarmCommand command) {
        if (auto* listen_on = std::get_if<ListenOn>(&command)) {
            listeners_[listen_on->address.text()] = {node.number, listen_on->listener};
            node.swarm->on_listening(listen_on->listener, listen_on->address, now);
        } else if (auto const* stop = std::get_if<StopListening>(&command)) {
            std::erase_if(listeners_, [&](auto const& one) {
                return one.second == std::pair{node.number, stop->listener};
            });
        } else if (auto const* resolve = std::get_if<ResolveAddress>(&command)) {
            node.resolves.emplace(resolve->key, resolve->address);
        } else if (auto const* connect = std::get_if<ConnectSocket>(&command)) {
            ++node.connects;
            node.asked.push_back(connect->address);
            start_connect(node, connect->socket, connect->address);
        } else if (auto* write = std::get_if<WriteSocket>(&command)) {
            ++writes;
            End const from{node.number, write->socket};
            auto const to = others_.find(from);
            at(now, [this, &node, socket = write->socket] {
                node.swarm->on_socket_written(socket, now);
                drain(node);
            });
            if (to == others_.end()) return;
            at(now + latency_, [this, to = to->second, bytes = std::move(write->bytes)] {
                if (gone_.contains(to)) return;
                node_of(to).swarm->on_socket_bytes(to.second, bytes, now);
                drain(node_of(to));
            });
        } else if (auto const* close = std::get_if<CloseSocket>(&command)) {
            End const from{node.number, close->socket};
            closed.insert(from);
            gone_.insert(from);
            auto const to = others_.find(from);
            if (to == others_.end()) return;
            at(now + latency_, [this, to = to->second] { end(to); });
        }
    }

    void end(End const& end_of) {
        if (gone_.contains(end_of)) return;
        gone_.insert(end_of);
        node_of(end_of).swarm->on_socket_closed(end_of.second, now);
        drain(node_of(end_of));
    }

    void start_connect(Node& node, SocketKey socket, Multiaddr const& address) {
        End const from{node.number, socket};
        if (dead_.contains(address.text())) return;
        if (!listeners_.contains(address.text())) {
            at(now + 2 * latency_, [this, &node, socket] {
                node.swarm->on_socket_failed(socket, Error{Errc::unavailable, "refused"}, now);
                drain(node);
            });
            return;
        }
        at(now + latency_, [this, &node, from, address] {
            auto const found = listeners_.find(address.text());
            if (found == listeners_.end() || gone_.contains(from)) return;
            Node& other = *nodes_[found->second.first - 1];
            auto const key = other.swarm->on_socket_accepted(found->second.second, address, node.address, now);
            if (key) {
                End const to{other.number, *key};
                others_[from] = to;
                others_[to] = from;
            }
            drain(other);
            at(now + latency_, [this, &node, from, is_accepted = key.has_value()] {
                if (gone_.contains(from)) return;
                node.swarm->on_socket_connected(from.second, node.address, now);
                drain(node);
                if (!is_accepted) end(from);
            });
        });
    }

    std::chrono::nanoseconds latency_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::map<std::pair<TimePoint, std::uint64_t>, std::function<void()>> events_;
    std::uint64_t order_ = 0;
    std::map<std::string, std::pair<std::size_t, ListenerKey>> listeners_;
    std::set<std::string> dead_;
    std::map<End, End> others_;
    std::set<End> gone_;
};

}  // namespace ggen::p2p::testing
