#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "p2p/gossip/testing/fake_host.hpp"

namespace ggen::p2p::testing {

/// Gossip cores on virtual time, over links that delay, cut and count. Streams are ordered and never lose; a byte
/// costs nothing. Enough for the behaviour of the protocol; the simulator has the rest.
class VirtualNetwork {
public:
    using Delay = std::function<std::chrono::nanoseconds(std::size_t from, std::size_t to)>;
    struct Delivery {
        std::size_t node = 0;
        MessageId id;
        std::chrono::nanoseconds after{};
    };

    VirtualNetwork(std::size_t count, GossipOptions const& options, Delay delay, std::uint64_t seed = 1)
        : delay_(std::move(delay)) {
        for (std::size_t i = 0; i < count; ++i) {
            ids_.push_back(id_of(static_cast<std::uint32_t>(i)));
            index_.emplace(ids_.back(), i);
            nodes_.push_back({std::make_unique<Gossip>(ids_.back(), options, seed * 1'000'003 + i, now_), {}, {}});
        }
    }

    [[nodiscard]] Gossip& node(std::size_t index) { return *nodes_[index].gossip; }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    [[nodiscard]] TimePoint now() const { return now_; }
    [[nodiscard]] PeerId const& id(std::size_t index) const { return ids_[index]; }
    [[nodiscard]] std::uint64_t trace() const { return trace_; }

    void connect(std::size_t a, std::size_t b) {
        if (a == b || !links_.insert({std::min(a, b), std::max(a, b)}).second) return;
        auto const address = Multiaddr::parse("/ip4/127.0.0.1/tcp/1").value();
        nodes_[a].gossip->on_peer_connected({ids_[b], address, Direction::outbound}, now_);
        nodes_[b].gossip->on_peer_connected({ids_[a], address, Direction::inbound}, now_);
        drain(a);
        drain(b);
    }
    /// Every node dials `degree` others.
    void connect_randomly(std::size_t degree, SeededRandom& random) {
        for (std::size_t i = 0; i < size(); ++i) {
            for (std::size_t j = 0; j < degree; ++j) connect(i, static_cast<std::size_t>(random.below(size())));
        }
    }
    void join_all(std::string const& topic, TopicOptions const& options = {}) {
        for (std::size_t i = 0; i < size(); ++i) {
            (void)nodes_[i].gossip->join(topic, options, now_);
            drain(i);
        }
    }
    /// What crosses while `is_cut(from, to)` is lost.
    void set_cut(std::function<bool(std::size_t, std::size_t)> is_cut) { is_cut_ = std::move(is_cut); }
    /// Sees (and may swallow, by answering false) every RPC.
    void set_filter(std::function<bool(std::size_t from, std::size_t to, BytesView bytes)> filter) {
        filter_ = std::move(filter);
    }

    /// Topics that are validated later: every node accepts each message after this time.
    void set_judging(std::chrono::nanoseconds time) { judging_ = time; }

    Result<MessageId> publish(std::size_t index, std::string const& topic, BytesView data) {
        auto id = nodes_[index].gossip->publish(topic, data, now_);
        if (id) published_.emplace(*id, now_);
        drain(index);
        return id;
    }

    void run_for(std::chrono::nanoseconds duration) {
        auto const end = now_ + duration;
        while (!events_.empty() && events_.top().at <= end) {
            auto const event = events_.top();
            events_.pop();
            now_ = event.at;
            handle(event);
        }
        now_ = end;
    }

    std::vector<Delivery> deliveries_;
    std::uint64_t bytes_ = 0;

private:
    enum class Kind : std::uint8_t { timer, opened, inbound, bytes, verdict };
    struct Node {
        std::unique_ptr<Gossip> gossip;
        std::unordered_map<StreamKey, std::pair<std::size_t, StreamKey>> outgoing;  // ours -> (peer, its key)
        TimePoint timer{};
    };
    struct Event {
        TimePoint at{};
        std::uint64_t order = 0;
        Kind kind = Kind::timer;
        std::size_t node = 0;
        std::size_t from = 0;
        StreamKey stream = 0;
        Block bytes;
    };
    struct Later {
        bool operator()(Event const& a, Event const& b) const {
            return std::tie(a.at, a.order) > std::tie(b.at, b.order);
        }
    };

    void post(std::chrono::nanoseconds after, Kind kind, std::size_t node, std::size_t from, StreamKey stream,
              Block bytes) {
        events_.push({now_ + after, ++order_, kind, node, from, stream, std::move(bytes)});
    }
    void handle(Event const& event) {
        auto& gossip = *nodes_[event.node].gossip;
        auto const size = event.bytes ? event.bytes->size() : 0;
        auto const at = static_cast<std::uint64_t>(event.at.time_since_epoch().count());
        trace_ = (trace_ ^ at ^ event.node ^ size) * 0x100000001b3U;
        switch (event.kind) {
            case Kind::timer:
                if (event.at != nodes_[event.node].timer) return;
                gossip.on_deadline(now_);
                break;
            case Kind::opened: gossip.on_stream_opened(event.stream, "/meshsub/1.2.0", now_); break;
            case Kind::inbound: gossip.on_inbound_stream(event.stream, ids_[event.from], "/meshsub/1.2.0", now_); break;
            case Kind::bytes:
                if (is_cut_ && is_cut_(event.from, event.node)) return;
                if (filter_ && !filter_(event.from, event.node, *event.bytes)) return;
                gossip.on_stream_bytes(event.stream, *event.bytes, now_);
                break;
            case Kind::verdict:
                (void)gossip.report_validation(MessageId{as_text(*event.bytes)}, Verdict::accept, now_);
                break;
        }
        drain(event.node);
    }
    void drain(std::size_t index) {
        auto& node = nodes_[index];
        while (auto output = node.gossip->poll_output()) {
            if (auto const* const opened = std::get_if<OpenStream>(&*output)) {
                auto const to = index_.at(opened->peer);
                StreamKey const key = next_inbound_ += 2;
                node.outgoing.emplace(opened->stream, std::pair{to, key});
                post(delay_(index, to), Kind::inbound, to, index, key, nullptr);
                post(delay_(index, to) + delay_(to, index), Kind::opened, index, to, opened->stream, nullptr);
            } else if (auto const* const written = std::get_if<WriteStream>(&*output)) {
                auto const [to, key] = node.outgoing.at(written->stream);
                bytes_ += written->bytes->size();
                post(delay_(index, to), Kind::bytes, to, index, key, written->bytes);
                node.gossip->on_stream_sent(written->stream, written->bytes->size(), now_);
            }
        }
        while (auto const event = node.gossip->poll_event()) {
            auto const* const received = std::get_if<MessageReceived>(&*event);
            if (received == nullptr) continue;
            auto const& id = received->message->id();
            if (received->is_verdict_needed) {
                post(judging_, Kind::verdict, index, index, 0, std::make_shared<Bytes const>(to_bytes(id)));
            }
            auto const at = published_.find(id);
            if (at == published_.end()) continue;
            deliveries_.push_back({index, id, now_ - at->second});
        }
        auto const next = std::max(now_, node.gossip->next_deadline().value_or(TimePoint::max()));
        if (next == node.timer) return;
        node.timer = next;
        events_.push({next, ++order_, Kind::timer, index, 0, 0, nullptr});
    }

    Delay delay_;
    std::chrono::nanoseconds judging_{};
    TimePoint now_{std::chrono::seconds{1000}};
    std::vector<PeerId> ids_;
    std::map<PeerId, std::size_t> index_;
    std::vector<Node> nodes_;
    std::set<std::pair<std::size_t, std::size_t>> links_;
    std::priority_queue<Event, std::vector<Event>, Later> events_;
    std::map<MessageId, TimePoint> published_;
    std::function<bool(std::size_t, std::size_t)> is_cut_;
    std::function<bool(std::size_t, std::size_t, BytesView)> filter_;
    std::uint64_t order_ = 0;
    std::uint64_t trace_ = 0xcbf29ce484222325U;
    StreamKey next_inbound_ = 0;
};

}  // namespace ggen::p2p::testing
