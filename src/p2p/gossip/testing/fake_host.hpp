#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "codec/varint.hpp"
#include "crypto/ed25519.hpp"
#include "p2p/gossip/gossip.hpp"
#include "p2p/gossip/testing/sent_rpc.hpp"
#include "p2p/identity/identity.hpp"

namespace ggen::p2p::testing {

/// A key that is the same in every run.
[[nodiscard]] inline Ed25519PrivateKey key_of(std::uint32_t number) {
    Bytes seed(32);
    for (std::size_t i = 0; i < 4; ++i) seed[i] = static_cast<std::uint8_t>(number >> (8 * i));
    seed[31] = 1;
    return Ed25519PrivateKey::from_seed(seed).value();
}

/// An Ed25519-shaped id without the cost of a key.
[[nodiscard]] inline PeerId id_of(std::uint32_t number) {
    Bytes bytes{0x00, 0x24, 0x08, 0x01, 0x12, 0x20};
    bytes.resize(6 + 32);
    for (std::size_t i = 0; i < 4; ++i) bytes[6 + i] = static_cast<std::uint8_t>(number >> (8 * (3 - i)));
    return PeerId::from_bytes(bytes).value();
}

/// Plays host and all peers of one Gossip core: tests say what peers send and look at what they got. Streams are
/// perfect: what is written is sent at once unless `is_stuck` says otherwise.
class FakeHost {
public:
    explicit FakeHost(GossipOptions options = {}, std::uint64_t seed = 7)
        : gossip_(id_of(0xffffff), std::move(options), seed, now_) {}

    /// A peer that spoke `protocol` on our stream and opened its own.
    PeerId connect(std::uint32_t number, std::string const& protocol = "/meshsub/1.2.0",
                   Direction direction = Direction::outbound, std::string const& address = "/ip4/127.0.0.1/tcp/1") {
        auto const id = id_of(number);
        gossip_.on_peer_connected({id, Multiaddr::parse(address).value(), direction}, now_);
        take_outputs();
        if (auto const stream = streams_.find(id); stream != streams_.end()) {
            gossip_.on_stream_opened(stream->second, protocol, now_);
        }
        inbound_[id] = next_inbound_ += 2;
        gossip_.on_inbound_stream(inbound_[id], id, protocol, now_);
        take_outputs();
        return id;
    }
    /// As above, subscribed to `topic`.
    PeerId join(std::uint32_t number, std::string const& topic, std::string const& protocol = "/meshsub/1.2.0",
                Direction direction = Direction::outbound, std::string const& address = "/ip4/127.0.0.1/tcp/1") {
        auto const id = connect(number, protocol, direction, address);
        RpcWriter writer;
        writer.subscription(topic, true);
        feed(id, writer);
        return id;
    }
    void disconnect(PeerId const& id) {
        if (streams_.contains(id)) gossip_.on_stream_reset(streams_.at(id), now_);
        if (inbound_.contains(id)) gossip_.on_stream_reset(inbound_.at(id), now_);
        gossip_.on_peer_disconnected(id, now_);
        streams_.erase(id);
        inbound_.erase(id);
        take_outputs();
    }
    void feed(PeerId const& from, RpcWriter& writer) { feed_bytes(from, writer.take()); }
    void feed_bytes(PeerId const& from, BytesView bytes) {
        gossip_.on_stream_bytes(inbound_.at(from), bytes, now_);
        take_outputs();
    }
    void feed_message(PeerId const& from, std::string const& topic, BytesView data) {
        RpcWriter writer;
        writer.publish(encode_message(topic, data));
        feed(from, writer);
    }
    void feed_graft(PeerId const& from, std::string const& topic) {
        RpcWriter writer;
        writer.graft(topic);
        feed(from, writer);
    }
    void feed_prune(PeerId const& from, std::string const& topic, std::uint64_t backoff = 0) {
        RpcWriter writer;
        writer.prune(topic, {}, backoff);
        feed(from, writer);
    }

    /// Time passes; every deadline of the core is kept.
    void pass(std::chrono::nanoseconds duration) {
        auto const end = now_ + duration;
        for (;;) {
            auto const next = gossip_.next_deadline();
            if (!next || *next > end) break;
            now_ = std::max(now_, *next);
            gossip_.on_deadline(now_);
            take_outputs();
        }
        now_ = end;
    }

    /// What the peer got since this was last asked.
    [[nodiscard]] SentRpc take_sent(PeerId const& id) { return std::exchange(sent_[id], {}); }
    void forget_sent() { sent_.clear(); }
    [[nodiscard]] std::vector<Message const*> take_messages() {
        std::vector<Message const*> out;
        while (auto const event = gossip_.poll_event()) {
            if (auto const* const received = std::get_if<MessageReceived>(&*event)) {
                kept_.push_back(received->message);
                out.push_back(received->message.get());
            }
        }
        return out;
    }
    [[nodiscard]] std::size_t count(Conduct conduct, PeerId const& id) const {
        return static_cast<std::size_t>(std::count_if(reports_.begin(), reports_.end(), [&](ReportPeer const& report) {
            return report.conduct == conduct && report.peer == id;
        }));
    }
    [[nodiscard]] bool is_in_mesh(PeerId const& id, std::string const& topic) const {
        auto const mesh = gossip_.mesh(topic);
        return std::find(mesh.begin(), mesh.end(), id) != mesh.end();
    }

    void take_outputs() {
        while (auto output = gossip_.poll_output()) {
            if (auto const* const opened = std::get_if<OpenStream>(&*output)) {
                streams_[opened->peer] = opened->stream;
                by_stream_.insert_or_assign(opened->stream, opened->peer);
            } else if (auto const* const written = std::get_if<WriteStream>(&*output)) {
                on_write(*written);
            } else if (auto const* const reset = std::get_if<ResetStream>(&*output)) {
                resets_.push_back(reset->stream);
            } else if (auto const* const dial = std::get_if<ConnectPeer>(&*output)) {
                dials_.push_back(*dial);
            } else if (auto const* const report = std::get_if<ReportPeer>(&*output)) {
                reports_.push_back(*report);
            } else if (auto const* const learned = std::get_if<LearnAddresses>(&*output)) {
                learned_.push_back(*learned);
            } else if (auto const* const gone = std::get_if<DisconnectPeer>(&*output)) {
                disconnects_.push_back(gone->peer);
            }
        }
    }

    TimePoint now_{std::chrono::seconds{1000}};
    Gossip gossip_;
    bool is_stuck_ = false;  // Nothing leaves.
    std::map<PeerId, StreamKey> streams_;
    std::map<PeerId, StreamKey> inbound_;
    std::vector<StreamKey> resets_;
    std::vector<ConnectPeer> dials_;
    std::vector<ReportPeer> reports_;
    std::vector<LearnAddresses> learned_;
    std::vector<PeerId> disconnects_;

private:
    void on_write(WriteStream const& write) {
        auto const& id = by_stream_.at(write.stream);
        BytesView rest = *write.bytes;
        auto const body = read_length_prefixed(rest);
        Rpc rpc;
        if (body && parse_rpc(*body, rpc)) sent_[id].add(rpc);
        if (!is_stuck_) gossip_.on_stream_sent(write.stream, write.bytes->size(), now_);
    }

    std::map<StreamKey, PeerId> by_stream_;
    std::map<PeerId, SentRpc> sent_;
    std::vector<MessagePtr> kept_;
    StreamKey next_inbound_ = 0;
};

}  // namespace ggen::p2p::testing
