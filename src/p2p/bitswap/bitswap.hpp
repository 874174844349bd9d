#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "codec/multihash.hpp"
#include "p2p/bitswap/message.hpp"
#include "p2p/protocol/message_reader.hpp"
#include "p2p/protocol/protocol.hpp"
#include "p2p/reputation/ledger.hpp"

namespace ggen::p2p {

/// Port: the blocks that this node gives. Called on the network thread, so it must not block for long.
class BlockProvider {
public:
    virtual ~BlockProvider() = default;
    /// False: what it has is not known yet; wants wait until `Bitswap::on_blocks_ready`.
    virtual bool is_ready() { return true; }
    [[nodiscard]] virtual bool has(Cid const& cid) = 0;
    /// At most k_bitswap_block_bytes_max, and never other bytes than the CID names. Errors: not_found, io.
    virtual Result<Bytes> read(Cid const& cid) = 0;
};

struct BitswapStatus {
    std::size_t peers = 0;  ///< whose wants wait or are answered
    std::size_t inbound_streams = 0;
    std::size_t pending_bytes = 0;
    std::size_t unsent_bytes = 0;
    std::uint64_t served_blocks = 0;  ///< since the start
    std::uint64_t served_bytes = 0;
};

/// The serving half of bitswap 1.2: nodes of IPFS ask for blocks by CID, on streams of theirs, and are answered on one
/// of ours. Wants for what is not here are answered when the peer asks for that, and forgotten. This node wants nothing
/// of anybody: blocks that come are passed over.
///
/// Upload is shared as in the exchange: known peers get nine pieces in ten while strangers wait too. A peer that wants
/// more than its share, or does not take what it wanted, is held back by flow control.
class Bitswap final : public Protocol {
public:
    /// Both outlive it.
    Bitswap(Ledger const& ledger, BlockProvider& blocks) : ledger_(ledger), blocks_(blocks) {}

    [[nodiscard]] BitswapStatus status() const;
    /// The provider has become ready.
    void on_blocks_ready(TimePoint now) { pump(now); }

    [[nodiscard]] std::vector<std::string> protocols() const override { return {std::string{k_bitswap_protocol}}; }
    void on_peer_disconnected(PeerId const& peer, TimePoint now) override;
    void on_stream_refused(StreamKey stream, Error const& error, TimePoint now) override;
    void on_inbound_stream(StreamKey stream, PeerId const& peer, std::string const& protocol, TimePoint now) override;
    void on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint now) override;
    void on_stream_finished(StreamKey stream, TimePoint now) override;
    void on_stream_reset(StreamKey stream, TimePoint now) override;
    void on_stream_sent(StreamKey stream, std::size_t bytes, TimePoint now) override;
    [[nodiscard]] std::optional<TimePoint> next_deadline() const override { return sweep_at_; }
    void on_deadline(TimePoint now) override;

private:
    /// A stream on which a peer says what it wants.
    struct Inbound {
        explicit Inbound(PeerId of) : peer(std::move(of)) {}
        PeerId peer;
        MessageReader reader{k_bitswap_message_bytes_max};
        TimePoint used_at;
        std::size_t pending = 0;
        bool is_paused = false;
        bool is_finished = false;
    };
    /// What a peer wants, and the answer that is on its way to it.
    struct Peer {
        std::deque<BitswapWant> wants;
        std::optional<StreamKey> out;
        Bytes message;       // framed
        std::size_t at = 0;  // of it was written
        std::size_t unsent = 0;
        std::size_t streams = 0;
        std::size_t pending = 0;
        TimePoint sent_at;
        bool is_ready = false;  // stands in a queue
    };

    /// False when the stream is gone.
    bool take_messages(StreamKey key, TimePoint now);
    void take_wants(Peer& peer, BitswapWants wants);
    void refuse(StreamKey key, Conduct conduct);
    void drop(StreamKey key);
    void set_paused(StreamKey key, Inbound& inbound, bool is_paused);
    void resume(PeerId const& peer, TimePoint now);
    void make_ready(PeerId const& id, Peer& peer, TimePoint now);
    [[nodiscard]] std::optional<PeerId> next_ready();
    void pump(TimePoint now);
    /// Writes one piece; nothing when it wants no more.
    void serve_piece(PeerId const& id, Peer& peer, TimePoint now);
    void next_message(Peer& peer);
    /// Its stream is gone: nobody takes what it wanted.
    void abandon(PeerId const& id, Peer& peer, TimePoint now);
    void forget_if_idle(PeerId const& id);
    void keep_watch(TimePoint now) {
        if (!sweep_at_) sweep_at_ = now + k_bitswap_sweep_interval;
    }

    Ledger const& ledger_;
    BlockProvider& blocks_;
    std::map<StreamKey, Inbound> inbound_;
    std::map<PeerId, Peer> peers_;
    std::map<StreamKey, PeerId> outbound_;
    std::deque<PeerId> known_;  // ready; may hold peers that are gone
    std::deque<PeerId> strangers_;
    unsigned turn_ = 0;
    std::size_t pending_ = 0;
    std::size_t unsent_ = 0;
    std::uint64_t served_blocks_ = 0;
    std::uint64_t served_bytes_ = 0;
    std::optional<TimePoint> sweep_at_;
};

}  // namespace ggen::p2p
