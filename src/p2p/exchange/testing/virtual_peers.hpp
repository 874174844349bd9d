#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <vector>

#include "p2p/exchange/exchange.hpp"

namespace ggen::p2p::testing {

/// Protocol cores on virtual time over ideal streams: a dial takes two round trips, bytes half of one, and the link of
/// each node lets `bytes_per_second` out. One thread. Equal inputs, equal runs.
class VirtualPeers {
public:
    using Node = std::uint32_t;
    static constexpr std::chrono::milliseconds k_one_way{20};

    [[nodiscard]] static PeerId peer(Node node);
    [[nodiscard]] static Multiaddr address(Node node);
    [[nodiscard]] static ContentHolder provider(Node node) { return {peer(node), {address(node)}}; }

    Node add(Protocol& protocol, std::uint64_t bytes_per_second = 0);
    /// Nobody answers at the node any more; streams to it just hang.
    void silence(Node node) { nodes_[node].is_silent = true; }
    void disconnect(Node a, Node b);
    void run_until(TimePoint end);
    void run_for(std::chrono::nanoseconds duration) { run_until(now_ + duration); }
    /// Runs until `is_reached` holds after an event; false when it did not within `limit`.
    bool run_while_not(std::function<bool()> const& is_reached, std::chrono::nanoseconds limit);
    /// After a call from outside.
    void pump(Node node);
    [[nodiscard]] TimePoint now() const { return now_; }
    [[nodiscard]] std::map<Conduct, std::size_t> const& reports(Node about) { return reports_[about]; }
    [[nodiscard]] std::uint64_t bytes_sent(Node node) const { return nodes_[node].sent; }
    [[nodiscard]] std::size_t streams(Node node) const { return nodes_[node].streams.size(); }

private:
    struct End {
        Node node = 0;
        StreamKey key = 0;
        bool is_paused = false;
        std::vector<std::function<void()>> held;
    };
    struct Stream {
        End ends[2];
        bool is_gone = false;
    };
    struct State {
        Protocol* protocol = nullptr;
        std::uint64_t bytes_per_second = 0;
        TimePoint free_at{};
        std::uint64_t sent = 0;
        bool is_silent = false;
        StreamKey next_inbound = 2;
        std::map<StreamKey, std::pair<std::shared_ptr<Stream>, int>> streams;
        std::map<Node, TimePoint> links;  // usable from
        std::optional<TimePoint> timer;
    };
    struct Event {
        TimePoint at;
        std::uint64_t sequence;
        std::function<void()> act;
        bool operator<(Event const& other) const { return at != other.at ? at > other.at : sequence > other.sequence; }
    };
    void at(TimePoint when, std::function<void()> act) {
        events_.push({std::max(when, now_), sequence_++, std::move(act)});
    }
    void take(Node node, ProtocolOutput output);
    void open(Node node, OpenStream const& request);
    /// Carries `act` to the other end of the stream; `bytes` go through the link of the sender.
    void carry(Node node, StreamKey key, std::size_t bytes, std::function<void(Protocol&, StreamKey)> act);
    void deliver(std::shared_ptr<Stream> const& stream, int end, std::function<void(Protocol&, StreamKey)> const& act);
    void forget(std::shared_ptr<Stream> const& stream);

    std::vector<State> nodes_;
    std::priority_queue<Event> events_;
    std::map<Node, std::map<Conduct, std::size_t>> reports_;
    TimePoint now_{std::chrono::hours{1000}};
    std::uint64_t sequence_ = 0;
};

}  // namespace ggen::p2p::testing
