#include "p2p/kad/kad.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace ggen::p2p {
namespace {

constexpr std::size_t k_refreshes_at_once = 2;
constexpr std::chrono::seconds k_refresh_pause{2};  // between two lookups of a refresh: each is dozens of handshakes
/// Buckets past this one are covered by the lookup of this node itself, and a target in them costs 2^n hashes.
constexpr unsigned k_refresh_buckets_max = 14;
constexpr std::uint32_t k_value_of_member = 10;   // of a connection to a peer of the table
constexpr std::uint32_t k_value_of_neighbour = 30;  // to one of the k nearest to this node
constexpr std::chrono::seconds k_first_refresh{30};
constexpr std::chrono::seconds k_second_refresh{90};  // after the first
/// Whoever knows its neighbours finds everybody through them, and is found: lookups of its far buckets, which connect
/// it with hundreds of peers, have time. A network that starts as one would spend its first minute on little else.
constexpr std::chrono::seconds k_refresh_after_joining_min{30};
constexpr std::chrono::seconds k_refresh_after_joining_max{60};
constexpr std::chrono::nanoseconds k_first_look_again = std::chrono::seconds{1};  // then after twice as long each time

std::optional<TimePoint> earlier(std::optional<TimePoint> a, std::optional<TimePoint> b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

}  // namespace

Kad::Kad(KadOptions options)
    : options_(std::move(options)),
      random_(options_.seed),
      table_(kad_key_of(options_.self.bytes())),
      book_(options_.book_slot_peers),
      requests_(*this),
      inbound_(*this, *this),
      records_(table_.self()) {}

std::vector<std::string> Kad::protocols() const {
    if (options_.mode == KadMode::client) return {};
    return {options_.protocol};
}

void Kad::set_mode(KadMode mode, TimePoint now) {
    if (options_.mode == mode) return;
    options_.mode = mode;
    if (mode == KadMode::client) inbound_.close_all();
    put(ProtocolsChanged{});
    work(now);
}

std::optional<KadEvent> Kad::poll_event() {
    if (events_.empty()) return std::nullopt;
    auto event = std::move(events_.front());
    events_.pop_front();
    return event;
}

std::optional<double> Kad::network_size(TimePoint now) const {
    auto peers = size_.peers(now);
    // A young network grows faster than samples age; but it has at least those that are known.
    if (peers) peers = std::max(*peers, static_cast<double>(table_.size() + 1));
    return peers;
}

KadStatus Kad::status() const {
    KadStatus status;
    status.table_peers = table_.size();
    status.connected_peers = peers_.size();
    status.queries = queries_.size();
    status.requests_waiting = requests_.waiting_count();
    status.outbound_streams = requests_.stream_count();
    status.inbound_streams = inbound_.stream_count();
    status.inbound_buffered_bytes = inbound_.buffered_bytes();
    status.records = records_.size();
    status.record_bytes = records_.size_bytes();
    status.provider_keys = providers_.key_count();
    status.providers = providers_.size();
    status.published = published_.size();
    return status;
}

void Kad::on_host_changed(HostInfo const& info, TimePoint now) {
    own_addresses_ = info.addresses;
    if (!refresh_at_ && options_.refreshes) refresh_at_ = now + k_first_refresh;
    work(now);
}

/// The neighbourhood that counts against `address`; 0 = none, as on loopback unless told so.
std::uint64_t Kad::counted_group(BytesView address) const {
    auto const reach = address_reach(address);
    auto const is_counted = (reach != AddressReach::loopback || options_.limits_loopback) &&
                            (reach != AddressReach::local || options_.limits_local);
    return is_counted ? address_group(address) : 0;
}

void Kad::on_peer_connected(PeerInfo const& info, TimePoint now) {
    if (peers_.size() >= k_kad_peers_max) return;
    Peer peer;
    auto const address = info.address.encode();
    peer.reach = address_reach(address);
    peer.group = counted_group(address);
    if (info.direction == Direction::outbound) peer.addresses = AddressList::from({&info.address, 1}, 1);
    auto const key = kad_key_of(info.peer.bytes());
    peers_.insert_or_assign(key, std::move(peer));
    if (table_.set_connected(key, true)) value_peer(info.peer, true);
    if (!refresh_at_ && options_.refreshes) refresh_at_ = now + k_first_refresh;
}

void Kad::on_peer_disconnected(PeerId const& peer, TimePoint now) {
    auto const key = kad_key_of(peer.bytes());
    peers_.erase(key);
    table_.set_connected(key, false);
    if (!is_welcome(peer, now)) {  // sent away, perhaps for what we reported
        table_.remove(key);
        book_.forget(key);
    }
    inbound_.on_peer_disconnected(peer);
    work(now);
}

void Kad::on_peer_addresses(PeerId const& peer, std::span<Multiaddr const> addresses, bool /*is_certified*/,
                            TimePoint /*now*/) {
    auto const key = kad_key_of(peer.bytes());
    auto const at = peers_.find(key);
    if (at == peers_.end()) return;
    auto list =
        AddressList::from(addresses, k_kad_addresses_accept_max).reachable(at->second.reach, k_kad_addresses_emit_max);
    if (list.is_empty()) return;
    table_.set_addresses(key, list);
    at->second.addresses = std::move(list);
}

void Kad::on_peer_protocols(PeerId const& peer, std::span<std::string const> protocols, TimePoint now) {
    auto const key = kad_key_of(peer.bytes());
    auto const at = peers_.find(key);
    if (at == peers_.end()) return;
    at->second.is_server = std::find(protocols.begin(), protocols.end(), options_.protocol) != protocols.end();
    if (at->second.is_server) {
        if (is_welcome(peer, now)) book_.hear({key, peer, at->second.addresses}, at->second.group);
        consider(peer, now);
    } else if (table_.remove(key)) {
        value_peer(peer, false);
    }
    work(now);
}

Kad::Peer const* Kad::find_peer_of(PeerId const& peer) const {
    auto const at = peers_.find(kad_key_of(peer.bytes()));
    return at == peers_.end() ? nullptr : &at->second;
}

/// Nobody comes into the table on its word alone: it has to answer a request first.
void Kad::consider(PeerId const& peer, TimePoint now) {
    auto const key = kad_key_of(peer.bytes());
    auto const at = peers_.find(key);
    if (at == peers_.end() || at->second.addresses.is_empty() || !is_welcome(peer, now)) return;
    if (!table_.has_room(key, at->second.group) || probing_.contains(key)) return;
    if (probes_waiting_.size() >= k_kad_probes_waiting_max) return;
    probing_.insert(key);
    probes_waiting_.push_back({key, peer, at->second.addresses});
    start_probes(now);
}

void Kad::start_probes(TimePoint now) {
    KadMessage request;
    request.key = Bytes(options_.self.bytes().begin(), options_.self.bytes().end());
    while (probes_running_ < k_kad_probes_at_once_max && !probes_waiting_.empty()) {
        auto const contact = std::move(probes_waiting_.front());
        probes_waiting_.pop_front();
        ++probes_running_;
        requests_.send(contact, {options_.protocol}, request, {0, RequestTag::Purpose::probe},
                       is_connected(contact.key), now);
    }
}

void Kad::value_peer(PeerId const& peer, bool is_member) {
    if (!is_member) {
        put(ValuePeer{peer, 0});
        return;
    }
    auto const key = kad_key_of(peer.bytes());
    auto const distance = kad_distance(key, table_.self());
    auto const nearer = std::count_if(table_.entries().begin(), table_.entries().end(), [&](TableEntry const& entry) {
        return kad_distance(entry.contact.key, table_.self()) < distance;
    });
    auto const is_neighbour = static_cast<std::size_t>(nearer) < k_kad_bucket_peers;
    put(ValuePeer{peer, is_neighbour ? k_value_of_neighbour : k_value_of_member});
}

void Kad::learn(RequestOutcome const& outcome, TimePoint now) {
    auto const& contact = outcome.peer;
    if (auto const* error = std::get_if<Error>(&outcome.result)) {
        if (error->code == Errc::too_large) return;  // our own queue was full: says nothing about the peer
        book_.forget(contact.key);
        auto const is_gone = error->code == Errc::refused ? table_.remove(contact.key) : table_.on_failure(contact.key);
        if (is_gone) value_peer(contact.id, false);
        if (error->code == Errc::timed_out) put(ReportPeer{contact.id, Conduct::timeout, 1});
        return;
    }
    if (!std::holds_alternative<KadMessage>(outcome.result)) return;
    auto const round_trip = outcome.was_connected ? outcome.took : std::chrono::microseconds{0};
    // A dial takes three round trips to the first answer.
    auto const distance = outcome.was_connected ? outcome.took : outcome.took / 3;
    if (is_welcome(contact.id, now)) book_.on_answer(contact, counted_group(contact.addresses.first()), distance);
    if (table_.find(contact.key) != nullptr) {
        table_.on_answer(contact.key, round_trip, now);
        return;
    }
    auto known = contact;
    std::uint64_t group = 0;
    if (auto const at = peers_.find(contact.key); at != peers_.end()) {
        if (!at->second.addresses.is_empty()) known.addresses = at->second.addresses;
        group = at->second.group;
    }
    if (known.addresses.is_empty() || known.id == options_.self || !is_welcome(known.id, now)) return;
    known.addresses = known.addresses.reachable(AddressReach::loopback, k_kad_addresses_emit_max);
    if (!table_.add(known, group, round_trip, now)) return;
    table_.set_connected(known.key, is_connected(known.key));
    value_peer(contact.id, true);
    put(LearnAddresses{contact.id, known.addresses.decode(), false});
}

void Kad::on_outcome(RequestOutcome outcome, TimePoint now) {
    learn(outcome, now);
    if (outcome.tag.purpose == RequestTag::Purpose::probe) {
        --probes_running_;
        probing_.erase(outcome.peer.key);
        start_probes(now);
        return;
    }
    auto const at = queries_.find(outcome.tag.query);
    if (at == queries_.end()) return;  // it ended meanwhile; what was learned stays
    if (outcome.tag.purpose == RequestTag::Purpose::lookup) {
        on_lookup_answer(at->second, outcome, now);
    } else if (outcome.tag.purpose == RequestTag::Purpose::store) {
        on_store_outcome(at->second, outcome, now);
    }
    advance(outcome.tag.query, now);
}

void Kad::work(TimePoint now) {
    while (auto outcome = requests_.poll_outcome()) on_outcome(std::move(*outcome), now);
}

void Kad::on_stream_opened(StreamKey stream, std::string const& /*protocol*/, TimePoint now) {
    requests_.on_opened(stream, now);
}

void Kad::on_stream_refused(StreamKey stream, Error const& error, TimePoint now) {
    requests_.on_refused(stream, error, now);
    work(now);
}

void Kad::on_inbound_stream(StreamKey stream, PeerId const& peer, std::string const& /*protocol*/, TimePoint now) {
    if (options_.mode == KadMode::client) {
        put(ResetStream{stream});
        return;
    }
    inbound_.on_stream(stream, peer, now);
}

void Kad::on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint now) {
    if (stream % 2 == 0) {
        inbound_.on_bytes(stream, bytes, now);
        return;
    }
    requests_.on_bytes(stream, bytes, now);
    work(now);
}

void Kad::on_stream_finished(StreamKey stream, TimePoint now) {
    if (stream % 2 == 0) {
        inbound_.on_finished(stream, now);
        return;
    }
    requests_.on_finished(stream, now);
    work(now);
}

void Kad::on_stream_reset(StreamKey stream, TimePoint now) {
    if (stream % 2 == 0) {
        inbound_.on_reset(stream);
        return;
    }
    requests_.on_reset(stream, now);
    work(now);
}

void Kad::on_stream_sent(StreamKey stream, std::size_t bytes, TimePoint now) {
    if (stream % 2 == 0) {
        inbound_.on_sent(stream, bytes, now);
        return;
    }
    requests_.on_sent(stream, bytes, now);
    work(now);
}

std::optional<TimePoint> Kad::next_deadline() const {
    auto wake = earlier(requests_.next_deadline(), inbound_.next_deadline());
    wake = earlier(earlier(wake, refresh_at_), look_again_at_);
    bool const may_refresh = refreshes_running_ < k_refreshes_at_once && queries_.size() < k_kad_queries_max;
    if (may_refresh && !refreshes_waiting_.empty()) wake = earlier(wake, next_refresh_at_);
    if (!publish_times_.empty() && republishing_ < k_kad_republish_at_once_max) {
        wake = earlier(wake, publish_times_.begin()->first);
    }
    for (auto const& [id, query] : queries_) wake = earlier(earlier(wake, query.wake_at), query.gives_up_at);
    return wake;
}

void Kad::on_deadline(TimePoint now) {
    requests_.on_deadline(now);
    inbound_.on_deadline(now);
    work(now);
    std::vector<QueryId> due;
    for (auto const& [id, query] : queries_) {
        if ((query.wake_at && *query.wake_at <= now) || query.gives_up_at <= now) due.push_back(id);
    }
    for (auto const id : due) advance(id, now);
    work(now);
    if (refresh_at_ && *refresh_at_ <= now) refresh(now);
    if (look_again_at_ && *look_again_at_ <= now) {
        look_again_at_.reset();
        if (peers_.size() < k_kad_join_peers && refreshes_waiting_.empty())
            refreshes_waiting_.push_back(k_kad_key_bits);
    }
    start_refreshes(now);
    republish(now);
    work(now);
}

/// The bytes of a peer id whose key lies in a bucket: what others are asked for, since some take nothing else.
Bytes Kad::random_id_in(unsigned bucket) {
    constexpr std::size_t k_id_bytes = 34;
    Bytes id(k_id_bytes);
    for (;;) {
        random_.fill(id);
        id[0] = 0x12;  // a SHA-256 multihash, as of a key that is too long to stand in the id
        id[1] = 0x20;
        if (kad_common_bits(kad_key_of(id), table_.self()) == bucket) return id;
    }
}

void Kad::refresh_after_joining(TimePoint now) {
    auto const span = std::chrono::nanoseconds{k_refresh_after_joining_max - k_refresh_after_joining_min}.count();
    refresh_at_ = now + k_refresh_after_joining_min +
                  std::chrono::nanoseconds{static_cast<std::int64_t>(static_cast<double>(span) * random_.unit())};
}

/// Nodes that start at one moment hear of nobody but those who were there before: each looks again until it has met as
/// many as a join asks, or its first refresh is nearer than the next look would be.
void Kad::look_again_when_few(TimePoint now) {
    if (refreshes_begun_ > 0 || peers_.size() >= k_kad_join_peers) return;
    look_again_after_ = look_again_after_.count() == 0 ? k_first_look_again : 2 * look_again_after_;
    auto const at = now + std::chrono::nanoseconds{static_cast<std::int64_t>(
                              static_cast<double>(look_again_after_.count()) * (0.75 + 0.5 * random_.unit()))};
    if (refresh_at_ && at < *refresh_at_) look_again_at_ = at;
}

void Kad::refresh(TimePoint now) {
    // A node often joins a network that is just starting: what it first learns of its size is soon far too little.
    auto const interval = std::chrono::duration_cast<std::chrono::nanoseconds>(
        refreshes_begun_++ > 0 ? std::chrono::seconds{k_kad_refresh_interval} : k_second_refresh);
    refresh_at_ = now + std::chrono::nanoseconds{static_cast<std::int64_t>(
                            static_cast<double>(interval.count()) * (0.9 + 0.2 * random_.unit()))};
    records_.expire(now);
    providers_.expire(now);
    refreshes_waiting_.clear();
    refreshes_waiting_.push_back(k_kad_key_bits);
    auto const buckets = std::min(table_.bucket_count(), k_refresh_buckets_max);
    for (unsigned bucket = 0; bucket < buckets; ++bucket) refreshes_waiting_.push_back(bucket);
    for (auto const& entry : table_.entries()) {
        if (now - entry.answered_at < k_kad_refresh_interval || probing_.contains(entry.contact.key)) continue;
        if (probes_waiting_.size() >= k_kad_probes_waiting_max) break;
        probing_.insert(entry.contact.key);
        probes_waiting_.push_back(entry.contact);
    }
    start_probes(now);
    start_refreshes(now);
}

void Kad::start_refreshes(TimePoint now) {
    while (refreshes_running_ < k_refreshes_at_once && !refreshes_waiting_.empty() && next_refresh_at_ <= now &&
           queries_.size() < k_kad_queries_max) {
        next_refresh_at_ = now + k_refresh_pause;
        auto const bucket = refreshes_waiting_.front();
        refreshes_waiting_.pop_front();
        auto const is_self = bucket == k_kad_key_bits;
        auto const own = Bytes(options_.self.bytes().begin(), options_.self.bytes().end());
        auto& query = start(QueryKind::refresh, is_self ? own : random_id_in(bucket), now);
        query.is_random_target = !is_self;
        ++refreshes_running_;
        advance(query.id, now);
    }
    auto const is_over = refreshes_waiting_.empty() && refreshes_running_ == 0;
    if (is_over && refreshes_begun_ > refreshes_published_after_) publish_again(now);
}

/// A network that starts as one is full of nodes that do not know their neighbours yet: what is published in its first
/// minutes comes to the wrong holders, where nobody looks later. So all of it is published again after the second
/// refresh, and after the third, when the others have had time for theirs.
void Kad::publish_again(TimePoint now) {
    constexpr unsigned k_first_after = 2;
    constexpr unsigned k_last_after = 3;
    refreshes_published_after_ = refreshes_begun_;
    if (refreshes_begun_ < k_first_after || refreshes_begun_ > k_last_after) return;
    publish_times_.clear();
    for (auto& [key, publication] : published_) {
        publication.next_at = now;
        publish_times_.emplace(now, key);
    }
}

void Kad::republish(TimePoint now) {
    while (!publish_times_.empty() && publish_times_.begin()->first <= now &&
           republishing_ < k_kad_republish_at_once_max && queries_.size() < k_kad_queries_max) {
        auto const key = publish_times_.begin()->second;
        publish_times_.erase(publish_times_.begin());
        auto& publication = published_.at(key);
        publication.next_at = now + k_kad_republish_interval;
        publish_times_.emplace(publication.next_at, key);
        if (publication.value) (void)store_record(key, *publication.value, now);  // a better one here goes out instead
        auto& query = start(QueryKind::republish, key, now);
        ++republishing_;
        KadMessage message;
        message.key = key;
        message.type = publication.value ? KadMessageType::put_value : KadMessageType::add_provider;
        if (publication.value) {
            auto const* const held = records_.find(key, now);
            message.record =
                held != nullptr ? record_of(*held) : KadRecord{key, *publication.value, format_utc(wall(now)), {}, 0};
        } else {
            message.providers.push_back(
                {options_.self, AddressList::from(own_addresses_, k_kad_addresses_emit_max), KadConnection::connected});
        }
        query.message = std::move(message);
        advance(query.id, now);
    }
}

}  // namespace ggen::p2p
