#include "p2p/discovery/rendezvous.hpp"

#include <algorithm>
#include <utility>

#include "codec/multihash.hpp"
#include "crypto/digest.hpp"

namespace ggen::p2p {
namespace {

constexpr std::size_t k_found_peers_max = 256;

}  // namespace

Bytes rendezvous_key(std::string_view name) {
    auto const digest = sha256(as_bytes(std::string{"/ggen/rendezvous/"} + std::string{name}));
    return Multihash{k_multihash_sha2_256, {digest.bytes.begin(), digest.bytes.end()}}.encode();
}

Result<std::unique_ptr<Rendezvous>> Rendezvous::create(Kad& kad, RendezvousOptions options, TimePoint now) {
    if (options.name.empty()) return Error{Errc::invalid, "rendezvous: an empty name"};
    if (options.name.size() > k_rendezvous_name_bytes_max) {
        return Error{Errc::too_large, "rendezvous: a name over 128 bytes"};
    }
    auto key = rendezvous_key(options.name);
    return std::unique_ptr<Rendezvous>{new Rendezvous{kad, std::move(options), std::move(key), now}};
}

Rendezvous::Rendezvous(Kad& kad, RendezvousOptions options, Bytes key, TimePoint now)
    : kad_(kad), options_(std::move(options)), key_(std::move(key)), search_at_(now) {
    if (options_.is_announcing) announce_at_ = now;
}

bool Rendezvous::on_kad_event(KadEvent const& event, TimePoint now) {
    if (auto const* const found = std::get_if<ProvidersFound>(&event)) {
        if (found->query != search_ || search_ == 0) return false;
        for (auto const& provider : found->providers) on_found(provider);
        return true;
    }
    if (auto const* const published = std::get_if<Published>(&event)) {
        return announcement_ != 0 && published->query == announcement_;
    }
    auto const* const finished = std::get_if<QueryFinished>(&event);
    if (finished == nullptr || finished->query == 0) return false;
    if (finished->query == announcement_) {
        announcement_ = 0;
        is_announced_ = !finished->error;
        // Kad repeats what was published once; what never was is tried again here.
        if (!is_announced_) announce_at_ = now + k_rendezvous_first_search;
        return true;
    }
    if (finished->query != search_) return false;
    search_ = 0;
    search_later(now);
    return true;
}

void Rendezvous::search_later(TimePoint now) {
    search_at_ = now + step_;
    step_ = std::min<std::chrono::nanoseconds>(step_ * 2, k_rendezvous_search_max);
}

void Rendezvous::on_found(FoundPeer const& found) {
    if (found.id == options_.self) return;
    if (!found_.contains(found.id)) {
        if (found_.size() == k_found_peers_max) return;
        found_.insert(found.id);
    }
    if (all_connected_.contains(found.id)) {
        connected_.insert(found.id);
        return;
    }
    if (connected_.size() >= options_.peers_wanted) return;
    if (!found.addresses.empty()) put(LearnAddresses{found.id, found.addresses, false});
    put(ConnectPeer{found.id, found.addresses});
}

void Rendezvous::on_peer_connected(PeerInfo const& info, TimePoint now) {
    all_connected_.insert(info.peer);
    if (found_.contains(info.peer)) connected_.insert(info.peer);
    // The first way into the network: what failed for want of peers is tried now.
    if (all_connected_.size() == 1) {
        if (announce_at_) announce_at_ = now + std::chrono::seconds{1};
        if (search_ == 0) search_at_ = now + std::chrono::seconds{1};
    }
}

void Rendezvous::on_peer_disconnected(PeerId const& peer, TimePoint now) {
    all_connected_.erase(peer);
    if (connected_.erase(peer) == 0) return;
    step_ = k_rendezvous_first_search;
    if (search_ == 0) search_at_ = now + step_;
}

std::optional<TimePoint> Rendezvous::next_deadline() const {
    auto next = announce_at_;
    if (search_at_ && (!next || *search_at_ < *next)) next = search_at_;
    return next;
}

void Rendezvous::on_deadline(TimePoint now) {
    if (announce_at_ && *announce_at_ <= now) {
        announce_at_.reset();
        if (announcement_ == 0) announcement_ = kad_.provide(key_, now);
    }
    if (!search_at_ || *search_at_ > now) return;
    search_at_.reset();
    if (connected_.size() >= options_.peers_wanted) {
        search_later(now);
        return;
    }
    // Peers that are gone for good must not keep new ones out.
    found_ = connected_;
    search_ = kad_.find_providers(key_, now, options_.peers_wanted * 2);
}

}  // namespace ggen::p2p
