#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "p2p/protocol/protocol.hpp"

namespace ggen::p2p::testing {

/// Carries protocols over streams in memory, in the order of the calls, with one clock that tests move. A node has
/// one protocol; or none, and is then a raw peer whose bytes the test writes itself.
class TestNetwork {
public:
    struct Node {
        PeerId id;
        Protocol* protocol = nullptr;
        std::vector<std::string> raw_protocols = {};  // what a raw node accepts
        std::vector<ProtocolOutput> other = {};       // outputs that are not about streams
        std::map<StreamKey, std::uint64_t> streams = {};  // key here -> wire stream
        std::map<std::uint64_t, Bytes> received = {};     // of a raw node, by wire stream
        std::map<std::uint64_t, bool> is_finished = {};   // of a raw node
        std::map<std::uint64_t, bool> is_reset = {};
        StreamKey next_key = 2;
    };

    explicit TestNetwork(std::size_t piece_bytes = 1 << 20U) : piece_bytes_(piece_bytes) {}

    /// `number` gives the id. A null `protocol` makes a raw node.
    std::size_t add(std::uint8_t number, Protocol* protocol, std::vector<std::string> raw_protocols = {});
    void connect(std::size_t dialer, std::size_t listener, std::string const& dialer_address = "/ip4/127.0.0.1/tcp/1",
                 std::string const& listener_address = "/ip4/127.0.0.1/tcp/2");
    void disconnect(std::size_t a, std::size_t b);
    /// Lets all outputs happen until there are none.
    void settle();
    /// Moves the clock to the next deadlines until `duration` has passed.
    void advance(std::chrono::nanoseconds duration);
    [[nodiscard]] TimePoint now() const { return now_; }
    [[nodiscard]] Node& node(std::size_t index) { return nodes_[index]; }

    /// A raw node opens a stream to a protocol node; the number of the wire stream.
    std::uint64_t raw_open(std::size_t from, std::size_t to, std::string const& protocol);
    void raw_write(std::size_t from, std::uint64_t wire, BytesView bytes);
    void raw_finish(std::size_t from, std::uint64_t wire);
    void raw_reset(std::size_t from, std::uint64_t wire);
    /// Bytes written stay unsent until this is true again.
    void set_draining(bool is_draining) { is_draining_ = is_draining; }

    /// All outputs of kind T that a node made so far.
    template <class T>
    [[nodiscard]] std::vector<T> outputs(std::size_t index) const {
        std::vector<T> out;
        for (auto const& output : nodes_[index].other) {
            if (auto const* const wanted = std::get_if<T>(&output)) out.push_back(*wanted);
        }
        return out;
    }

private:
    struct Wire {
        std::size_t opener = 0;
        std::size_t accepter = 0;
        StreamKey opener_key = 0;
        StreamKey accepter_key = 0;
        bool is_gone = false;
    };
    struct Unsent {
        std::size_t node;
        StreamKey key;
        Block bytes;
    };
    bool step(std::size_t index);
    void perform(std::size_t index, ProtocolOutput output);
    void open(std::size_t index, OpenStream const& request);
    void deliver(std::size_t from, std::uint64_t wire, BytesView bytes);
    void finish(std::size_t from, std::uint64_t wire);
    void reset(std::size_t from, std::uint64_t wire);
    [[nodiscard]] std::size_t other_end(std::size_t from, Wire const& wire) const {
        return wire.opener == from ? wire.accepter : wire.opener;
    }
    [[nodiscard]] StreamKey key_at(std::size_t node, Wire const& wire) const {
        return wire.opener == node ? wire.opener_key : wire.accepter_key;
    }

    std::size_t piece_bytes_;
    TimePoint now_{};
    bool is_draining_ = true;
    std::deque<Node> nodes_;
    std::map<std::pair<std::size_t, std::size_t>, bool> links_;
    std::map<std::uint64_t, Wire> wires_;
    std::deque<Unsent> unsent_;
    std::uint64_t next_wire_ = 1;
};

/// A peer id whose public key is `number` 32 times: valid in form, of nobody.
[[nodiscard]] PeerId test_peer(std::uint8_t number);

}  // namespace ggen::p2p::testing
