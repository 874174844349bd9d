#include "p2p/discovery/peerstore.hpp"

#include <algorithm>
#include <utility>

#include "codec/protobuf.hpp"
#include "p2p/discovery/state_file.hpp"
#include "p2p/identity/envelope.hpp"

namespace ggen::p2p {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

constexpr std::string_view k_magic = "ggen-peers";
constexpr std::uint64_t k_version = 1;
// Field numbers of the file and of a peer in it.
constexpr std::uint32_t k_file_magic = 1;
constexpr std::uint32_t k_file_version = 2;
constexpr std::uint32_t k_file_peer = 3;
constexpr std::uint32_t k_peer_id = 1;
constexpr std::uint32_t k_peer_address = 2;
constexpr std::uint32_t k_peer_record = 3;
constexpr std::uint32_t k_peer_seen = 4;

constexpr std::int64_t k_lifetime_s = duration_cast<seconds>(k_peerstore_lifetime).count();
/// A clock that was wrong once may have written the future.
constexpr std::uint64_t k_seen_max = 1ULL << 40U;

Error invalid(char const* what) { return Error{Errc::invalid, std::string{"peerstore: "} + what}; }

bool contains(std::vector<Multiaddr> const& list, Multiaddr const& address) {
    return std::find(list.begin(), list.end(), address) != list.end();
}

}  // namespace

Peerstore::Peerstore(PeerstoreOptions options) : options_(std::move(options)) {}

UnixTime Peerstore::wall(TimePoint now) const {
    return {options_.wall_at.seconds + duration_cast<seconds>(now - options_.steady_at).count()};
}

StoredPeer const* Peerstore::find(PeerId const& peer) const {
    auto const at = peers_.find(peer);
    return at == peers_.end() ? nullptr : &at->second.stored;
}

std::vector<StoredPeer> Peerstore::peers(TimePoint now) const {
    std::vector<StoredPeer> out;
    out.reserve(peers_.size());
    for (auto const& [peer, entry] : peers_) {
        out.push_back(entry.stored);
        if (entry.is_connected) out.back().seen = wall(now);
    }
    std::stable_sort(out.begin(), out.end(), [](auto const& a, auto const& b) { return a.seen > b.seen; });
    return out;
}

Peerstore::Entry* Peerstore::entry(PeerId const& peer) {
    auto const at = peers_.find(peer);
    return at == peers_.end() ? nullptr : &at->second;
}

void Peerstore::make_room() {
    auto oldest = peers_.end();
    for (auto at = peers_.begin(); at != peers_.end(); ++at) {
        if (oldest == peers_.end() || std::pair(at->second.is_connected, at->second.stored.seen) <
                                          std::pair(oldest->second.is_connected, oldest->second.stored.seen)) {
            oldest = at;
        }
    }
    peers_.erase(oldest);
}

void Peerstore::on_peer_connected(PeerInfo const& info, TimePoint now) {
    if (info.peer == options_.self) return;
    auto* known = entry(info.peer);
    if (known == nullptr) {
        if (peers_.size() == k_peerstore_peers_max) make_room();
        known = &peers_.emplace(info.peer, Entry{StoredPeer{info.peer, {}, {}, 0, {}}}).first->second;
    }
    known->is_connected = true;
    known->stored.seen = wall(now);
    is_changed_ = true;
    if (info.direction != Direction::outbound) return;  // The port of who came here is not one that listens.
    auto& addresses = known->stored.addresses;
    std::erase(addresses, info.address);
    if (addresses.size() == k_peerstore_addresses_max) addresses.pop_back();
    addresses.insert(addresses.begin(), info.address);
    known->is_proven_first = true;
}

void Peerstore::on_peer_disconnected(PeerId const& peer, TimePoint now) {
    auto* const known = entry(peer);
    if (known == nullptr) return;
    known->is_connected = false;
    known->stored.seen = wall(now);
    is_changed_ = true;
}

/// What the peer says now takes the place of what it said before; the address that worked stays in front.
void Peerstore::on_peer_addresses(PeerId const& peer, std::span<Multiaddr const> addresses, bool is_certified,
                                  TimePoint /*now*/) {
    auto* const known = entry(peer);
    if (known == nullptr || !known->is_connected || addresses.empty()) return;
    if (!is_certified && !known->stored.signed_record.empty()) return;
    std::vector<Multiaddr> list;
    if (known->is_proven_first) list.push_back(known->stored.addresses.front());
    for (auto const& address : addresses) {
        if (list.size() == k_peerstore_addresses_max) break;
        if (!contains(list, address)) list.push_back(address);
    }
    if (list == known->stored.addresses) return;
    known->stored.addresses = std::move(list);
    is_changed_ = true;
}

void Peerstore::on_peer_record(PeerId const& peer, BytesView sealed, TimePoint /*now*/) {
    auto* const known = entry(peer);
    if (known == nullptr || sealed.size() > k_peerstore_record_bytes_max) return;
    auto const record = reopen_peer_record(sealed);
    if (!record || record->peer != peer) return;
    auto& stored = known->stored;
    if (!stored.signed_record.empty() && record->seq <= stored.record_seq) return;
    stored.signed_record.assign(sealed.begin(), sealed.end());
    stored.record_seq = record->seq;
    is_changed_ = true;
}

void Peerstore::expire(TimePoint now) {
    auto const today = wall(now).seconds;
    auto const gone = std::erase_if(peers_, [&](auto const& one) {
        return !one.second.is_connected && today - one.second.stored.seen.seconds >= k_lifetime_s;
    });
    is_changed_ = is_changed_ || gone > 0;
}

Bytes Peerstore::encode(TimePoint now) const {
    ProtoWriter file;
    file.bytes(k_file_magic, as_bytes(k_magic)).uint(k_file_version, k_version);
    for (auto const& stored : peers(now)) {
        ProtoWriter one;
        one.bytes(k_peer_id, stored.peer.bytes());
        for (auto const& address : stored.addresses) one.bytes(k_peer_address, address.encode());
        if (!stored.signed_record.empty()) one.bytes(k_peer_record, stored.signed_record);
        one.uint(k_peer_seen, static_cast<std::uint64_t>(std::max<std::int64_t>(stored.seen.seconds, 0)));
        file.bytes(k_file_peer, one.message());
    }
    return std::move(file).take();
}

Result<StoredPeer> Peerstore::decode_peer(BytesView entry) const {
    std::optional<PeerId> peer;
    std::vector<Multiaddr> addresses;
    Bytes sealed;
    std::uint64_t seen = 0;
    ProtoReader fields{entry};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, fields.next());
        if (!field) break;
        if (field->number == k_peer_id) {
            ASSIGN_OR_RETURN(auto const bytes, proto_bytes(*field));
            ASSIGN_OR_RETURN(peer, PeerId::from_bytes(bytes));
        } else if (field->number == k_peer_address) {
            if (addresses.size() == k_peerstore_addresses_max) {
                return Error{Errc::too_large, "peerstore: more than 16 addresses (k_peerstore_addresses_max)"};
            }
            ASSIGN_OR_RETURN(auto const bytes, proto_bytes(*field));
            ASSIGN_OR_RETURN(auto address, Multiaddr::decode(bytes));
            addresses.push_back(std::move(address));
        } else if (field->number == k_peer_record) {
            ASSIGN_OR_RETURN(auto const bytes, proto_bytes(*field));
            if (bytes.size() > k_peerstore_record_bytes_max) {
                return Error{Errc::too_large, "peerstore: a record over 4 KiB (k_peerstore_record_bytes_max)"};
            }
            sealed.assign(bytes.begin(), bytes.end());
        } else if (field->number == k_peer_seen) {
            ASSIGN_OR_RETURN(seen, proto_uint(*field));
        }
    }
    if (!peer) return invalid("a peer without an id");
    if (seen > k_seen_max) return invalid("a time that cannot be");
    StoredPeer out{std::move(*peer), std::move(addresses), {}, 0, {static_cast<std::int64_t>(seen)}};
    if (sealed.empty()) return out;
    ASSIGN_OR_RETURN(auto const record, open_peer_record(sealed));
    if (record.peer != out.peer) return Error{Errc::refused, "peerstore: a signed record of another peer"};
    out.signed_record = std::move(sealed);
    out.record_seq = record.seq;
    return out;
}

Result<void> Peerstore::decode(BytesView image, TimePoint now) {
    if (image.size() > k_peerstore_file_bytes_max) {
        return Error{Errc::too_large, "peerstore: a file over 8 MiB (k_peerstore_file_bytes_max)"};
    }
    bool has_magic = false;
    bool has_version = false;
    std::vector<StoredPeer> found;
    ProtoReader reader{image, k_peerstore_peers_max + 16};
    for (;;) {
        ASSIGN_OR_RETURN(auto const field, reader.next());
        if (!field) break;
        if (field->number == k_file_magic) {
            ASSIGN_OR_RETURN(auto const magic, proto_bytes(*field));
            has_magic = as_text(magic) == k_magic;
        } else if (field->number == k_file_version) {
            ASSIGN_OR_RETURN(auto const version, proto_uint(*field));
            if (version != k_version) return invalid("another version");
            has_version = true;
        } else if (field->number == k_file_peer) {
            if (!has_magic || !has_version) break;
            if (found.size() == k_peerstore_peers_max) {
                return Error{Errc::too_large, "peerstore: more than 1,024 peers (k_peerstore_peers_max)"};
            }
            ASSIGN_OR_RETURN(auto const entry, proto_bytes(*field));
            ASSIGN_OR_RETURN(auto peer, decode_peer(entry));
            found.push_back(std::move(peer));
        }
    }
    if (!has_magic || !has_version) return invalid("not a peerstore");
    auto const today = wall(now);
    for (auto& peer : found) {
        peer.seen = std::min(peer.seen, today);
        if (peer.peer == options_.self || today.seconds - peer.seen.seconds >= k_lifetime_s) continue;
        if (peers_.size() == k_peerstore_peers_max || peers_.contains(peer.peer)) continue;
        PeerId const id = peer.peer;
        peers_.emplace(id, Entry{std::move(peer)});
    }
    return ok();
}

Result<void> load_peerstore(FileSystem& disk, std::string const& path, Peerstore& store, TimePoint now) {
    return load_state_file(disk, path, k_peerstore_file_bytes_max,
                           [&](BytesView image) { return store.decode(image, now); });
}

Result<void> save_peerstore(FileSystem& disk, std::string const& path, Peerstore& store, TimePoint now) {
    store.expire(now);
    RETURN_IF_ERROR(save_state_file(disk, path, store.encode(now)));
    store.mark_saved();
    return ok();
}

}  // namespace ggen::p2p
