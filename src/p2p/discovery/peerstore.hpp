#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "p2p/discovery/bootstrap.hpp"
#include "p2p/discovery/limits.hpp"
#include "p2p/discovery/quiet_protocol.hpp"

namespace ggen::p2p {

struct PeerstoreOptions {
    PeerId self;
    UnixTime wall_at{};    ///< wall-clock time at `steady_at`: the file carries one
    TimePoint steady_at{};
};

/// A peer that this host was connected to, and how to get back to it.
struct StoredPeer {
    PeerId peer;
    std::vector<Multiaddr> addresses;  ///< without /p2p: the one that worked last, then what the peer told
    Bytes signed_record;               ///< its envelope, verified; empty without one
    std::uint64_t record_seq = 0;      ///< of the record
    UnixTime seen{};                   ///< when it was last connected
};

/// Remembers the peers that were connected, across runs: watches the host, is written to a file by its owner
/// (docs/formats/peerstore.md). Only peers that proved who they are get in, so strangers cannot fill it by hearsay. At
/// most 1,024 with 16 addresses; the one seen longest ago gives way, and all are forgotten 30 days after.
class Peerstore final : public QuietProtocol {
public:
    explicit Peerstore(PeerstoreOptions options);

    /// Most recently seen first.
    [[nodiscard]] std::vector<StoredPeer> peers(TimePoint now) const;
    [[nodiscard]] StoredPeer const* find(PeerId const& peer) const;
    [[nodiscard]] std::size_t peer_count() const { return peers_.size(); }
    /// Something changed since the last `mark_saved`.
    [[nodiscard]] bool is_changed() const { return is_changed_; }
    void mark_saved() { is_changed_ = false; }
    void expire(TimePoint now);

    [[nodiscard]] Bytes encode(TimePoint now) const;
    /// Adds what `image` holds and is not over its time; on error nothing is added. Signed records are verified again.
    /// Errors: invalid (not a peerstore, another version, a peer that cannot be), refused (a record whose signature is
    /// not its peer's), too_large (8 MiB, 1,024 peers, 16 addresses, a record over 4 KiB).
    [[nodiscard]] Result<void> decode(BytesView image, TimePoint now);

    void on_peer_connected(PeerInfo const& info, TimePoint now) override;
    void on_peer_disconnected(PeerId const& peer, TimePoint now) override;
    void on_peer_addresses(PeerId const& peer, std::span<Multiaddr const> addresses, bool is_certified,
                           TimePoint now) override;
    void on_peer_record(PeerId const& peer, BytesView sealed, TimePoint now) override;

private:
    struct Entry {
        StoredPeer stored;
        bool is_connected = false;
        bool is_proven_first = false;  // the first address is one that this host dialed
    };

    [[nodiscard]] UnixTime wall(TimePoint now) const;
    [[nodiscard]] Result<StoredPeer> decode_peer(BytesView entry) const;
    Entry* entry(PeerId const& peer);
    void make_room();

    PeerstoreOptions options_;
    std::map<PeerId, Entry> peers_;
    bool is_changed_ = false;
};

/// Reads the file into `store`; a file that is not there is an empty one. Blocks. Errors: io, and those of `decode`:
/// then the file was moved to `<path>.bad`, and the store is as it was.
[[nodiscard]] Result<void> load_peerstore(FileSystem& disk, std::string const& path, Peerstore& store, TimePoint now);
/// Writes the file whole or not at all, with its directory. Blocks. Errors: io.
[[nodiscard]] Result<void> save_peerstore(FileSystem& disk, std::string const& path, Peerstore& store, TimePoint now);

}  // namespace ggen::p2p
