#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "crypto/ed25519.hpp"
#include "p2p/basic/identify_message.hpp"
#include "p2p/basic/observed_addresses.hpp"
#include "p2p/protocol/message_reader.hpp"
#include "p2p/protocol/protocol.hpp"

namespace ggen::p2p {

inline constexpr std::string_view k_identify_protocol = "/ipfs/id/1.0.0";
inline constexpr std::string_view k_identify_push_protocol = "/ipfs/id/push/1.0.0";
inline constexpr std::chrono::seconds k_identify_timeout{10};  ///< one exchange, either way
/// Changes of this host that fall together are pushed once.
inline constexpr std::chrono::milliseconds k_identify_push_delay{100};
/// Answers given to one peer and pushes taken from it: a burst, then one every five seconds.
inline constexpr double k_identify_burst = 10;
inline constexpr double k_identify_per_second = 0.2;
inline constexpr std::size_t k_identify_streams_per_peer_max = 4;  ///< inbound, at once
inline constexpr std::size_t k_identify_events_max = 64;

/// What a peer told, as an application sees it.
struct PeerIdentity {
    PeerId peer;
    std::string protocol_version;
    std::string agent;
    std::vector<std::string> protocols;
    std::vector<Multiaddr> addresses;
    bool is_certified = false;  ///< the addresses come from a record that the peer signed
    bool is_push = false;
    std::optional<Multiaddr> observed;  ///< where the peer sees us
};

struct IdentifyOptions {
    std::string protocol_version = "ggen/1.0.0";
    std::string agent = "ggen";
    /// Number of the first signed record: greater than any that this key signed before (Unix time in milliseconds).
    std::uint64_t record_seq = 1;
    bool keeps_events = false;  ///< for `poll_event`
};

/// Identify and identify/push (libp2p/specs identify/README.md): asks every new peer who it is, answers the same,
/// and pushes when this host changes. A peer's word about itself is checked: key and record must be the peer's own,
/// a record older than the last is dropped, loopback addresses of a distant peer are left out.
class Identify final : public Protocol {
public:
    Identify(Ed25519PrivateKey const& key, IdentifyOptions options);

    /// What peers told, oldest first; at most 64 wait, the oldest are dropped. Only with `keeps_events`.
    [[nodiscard]] std::optional<PeerIdentity> poll_event();
    /// Exchanges under way, both directions.
    [[nodiscard]] std::size_t stream_count() const { return streams_.size(); }

    [[nodiscard]] std::vector<std::string> protocols() const override;
    void on_host_changed(HostInfo const& info, TimePoint now) override;
    void on_peer_connected(PeerInfo const& info, TimePoint now) override;
    void on_peer_disconnected(PeerId const& peer, TimePoint now) override;
    void on_stream_refused(StreamKey stream, Error const& error, TimePoint now) override;
    void on_inbound_stream(StreamKey stream, PeerId const& peer, std::string const& protocol, TimePoint now) override;
    void on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint now) override;
    void on_stream_finished(StreamKey stream, TimePoint now) override;
    void on_stream_reset(StreamKey stream, TimePoint now) override;
    [[nodiscard]] std::optional<TimePoint> next_deadline() const override;
    void on_deadline(TimePoint now) override;

private:
    enum class Kind : std::uint8_t { question, answer, pushed_by_us, pushed_by_peer };
    struct Incoming {
        MessageReader reader{k_identify_accept_bytes_max};
        IdentifyMessage message;
        std::size_t message_count = 0;
    };
    struct Stream {
        PeerId peer;
        Kind kind;
        TimePoint deadline;
        std::unique_ptr<Incoming> incoming;  // of question and pushed_by_peer
    };
    struct Peer {
        PeerInfo info;
        std::uint64_t record_seq = 0;
        std::vector<std::string> protocols = {};  // a push that names none leaves them
        std::string agent = {};
        double tokens = k_identify_burst;
        TimePoint tokens_at{};
        std::size_t inbound_count = 0;
    };

    [[nodiscard]] bool admit(Peer& peer, TimePoint now);
    void open(PeerId const& peer, std::string_view protocol, Kind kind, TimePoint now, std::optional<Block> bytes);
    [[nodiscard]] Block own_message(Peer const& peer);
    [[nodiscard]] Result<void> read(Incoming& incoming);
    void fail(StreamKey stream, Conduct conduct);
    void forget(StreamKey stream);
    void learn(PeerId const& id, IdentifyMessage const& message, bool is_push, TimePoint now);
    void observe(Peer const& peer, Multiaddr const& seen, TimePoint now);
    void push_all(TimePoint now);

    Ed25519PrivateKey key_;
    IdentifyOptions options_;
    PeerId self_;
    IdentifyMessage own_;  // Its record is none until somebody asks.
    bool has_host_info_ = false;
    std::uint64_t next_seq_;
    std::optional<TimePoint> push_at_;
    std::map<PeerId, Peer> peers_;
    std::map<StreamKey, Stream> streams_;
    ObservedAddresses observed_;
    std::deque<PeerIdentity> events_;
};

}  // namespace ggen::p2p
