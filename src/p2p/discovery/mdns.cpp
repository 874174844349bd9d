#include "p2p/discovery/mdns.hpp"

#include <algorithm>
#include <utility>

#include "p2p/kad/address_list.hpp"

namespace ggen::p2p {
namespace {

constexpr std::string_view k_meta_service = "_services._dns-sd._udp.local";
constexpr std::string_view k_text_prefix = "dnsaddr=";
constexpr std::size_t k_label_bytes = 40;  // 32 to 63 says the specification
constexpr std::size_t k_events_max = 2 * k_mdns_neighbours_max;

/// Only what can be dialed as it stands: names would make others ask their name servers for us.
bool is_plain(Multiaddr const& address) {
    auto const& parts = address.parts();
    return parts.size() == 2 && (parts[0].code == MultiaddrCode::ip4 || parts[0].code == MultiaddrCode::ip6) &&
           parts[1].code == MultiaddrCode::tcp && parts[1].port() != 0;
}

std::string random_label(SeededRandom& random) {
    constexpr std::string_view k_letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    std::string out;
    for (std::size_t i = 0; i < k_label_bytes; ++i) out.push_back(k_letters[random.below(k_letters.size())]);
    return out;
}

/// An address with the peer that it names at its end. Nothing when it is of no use.
std::optional<std::pair<PeerId, Multiaddr>> read_text(std::string_view text) {
    if (!text.starts_with(k_text_prefix)) return std::nullopt;
    auto const whole = Multiaddr::parse(text.substr(k_text_prefix.size()));
    if (!whole) return std::nullopt;
    auto const peer = whole->peer_id();
    auto parts = whole->parts();
    if (!peer || parts.size() != 3) return std::nullopt;
    parts.pop_back();
    auto address = Multiaddr::from_parts(std::move(parts));
    if (!address || !is_plain(*address)) return std::nullopt;
    return std::pair{*peer, std::move(address).value()};
}

}  // namespace

Result<std::unique_ptr<Mdns>> Mdns::create(MdnsOptions options, TimePoint now) {
    ASSIGN_OR_RETURN(auto service, make_dns_name(options.service));
    if (service.size() + 1 + k_label_bytes > k_dns_name_bytes_max) {
        return Error{Errc::too_large, "mdns: the name of the service leaves no room for a peer's"};
    }
    return std::unique_ptr<Mdns>{
        new Mdns{std::move(options), std::move(service), make_dns_name(k_meta_service).value(), now}};
}

Mdns::Mdns(MdnsOptions options, DnsName service, DnsName meta, TimePoint now)
    : options_(std::move(options)),
      random_(options_.seed),
      service_(std::move(service)),
      meta_(std::move(meta)),
      instance_(child_name(random_label(random_), service_)),
      query_at_(now + k_mdns_first_query / 2 +
                std::chrono::milliseconds{random_.below(k_mdns_first_query.count() / 2)}) {}

void Mdns::on_host_changed(HostInfo const& info, TimePoint now) {
    std::vector<Multiaddr> own;
    for (auto const& address : info.addresses) {
        if (own.size() < k_mdns_addresses_max && is_plain(address)) own.push_back(address);
    }
    if (own == own_) return;
    own_ = std::move(own);
    announcements_left_ = own_.empty() ? 0 : k_mdns_announcements;
    if (!own_.empty()) announce(now);
}

void Mdns::on_peer_connected(PeerInfo const& info, TimePoint /*now*/) { connected_.insert(info.peer); }
void Mdns::on_peer_disconnected(PeerId const& peer, TimePoint /*now*/) { connected_.erase(peer); }

void Mdns::on_datagram(BytesView datagram, bool is_own_machine, TimePoint now) {
    auto const message = decode_dns_message(datagram);
    if (!message) {
        ++refused_;
        return;
    }
    if (!message->is_response) {
        for (auto const& question : message->questions) on_question(question, now);
        return;
    }
    for (auto const* const section : {&message->answers, &message->additional}) {
        for (auto const& record : *section) {
            if (record.type == DnsType::txt && parent_name(record.name) == service_) {
                on_text(record, is_own_machine, now);
            }
        }
    }
}

void Mdns::on_question(DnsQuestion const& question, TimePoint now) {
    bool const is_ptr = question.type == DnsType::ptr || question.type == DnsType::any;
    bool const is_txt = question.type == DnsType::txt || question.type == DnsType::any;
    bool const is_ours = (is_ptr && question.name == service_) || (is_txt && question.name == instance_);
    bool const is_meta = is_ptr && question.name == meta_;
    if (own_.empty() || !(is_ours || is_meta)) return;
    is_meta_asked_ = is_meta_asked_ || is_meta;
    auto const spread = (k_mdns_answer_delay_max - k_mdns_answer_delay_min).count();
    announce(now + k_mdns_answer_delay_min +
             std::chrono::milliseconds{random_.below(static_cast<std::uint64_t>(spread))});
}

/// Plans an answer, which is an announcement too: one for all who ask meanwhile, never two within a second.
void Mdns::announce(TimePoint earliest) {
    if (answer_at_) return;
    answer_at_ = answered_at_ ? std::max(earliest, *answered_at_ + k_mdns_answer_gap) : earliest;
}

void Mdns::on_text(DnsRecord const& record, bool is_own_machine, TimePoint now) {
    std::optional<PeerId> peer;
    std::vector<Multiaddr> addresses;
    for (auto const& text : record.texts) {
        if (addresses.size() == k_mdns_addresses_max) break;
        auto found = read_text(text);
        if (!found || (peer && found->first != *peer)) continue;
        peer = found->first;
        if (!is_own_machine && address_reach(found->second.encode()) == AddressReach::loopback) continue;
        if (std::find(addresses.begin(), addresses.end(), found->second) == addresses.end()) {
            addresses.push_back(std::move(found->second));
        }
    }
    if (!peer || *peer == options_.self) return;
    on_neighbour(*peer, std::move(addresses),
                 std::min<std::chrono::seconds>(std::chrono::seconds{record.ttl_s}, k_mdns_ttl_max), now);
}

void Mdns::on_neighbour(PeerId const& peer, std::vector<Multiaddr> addresses, std::chrono::seconds ttl,
                        TimePoint now) {
    auto at = neighbours_.find(peer);
    if (ttl.count() == 0) {
        if (at != neighbours_.end()) forget(at);
        return;
    }
    if (addresses.empty()) return;
    bool is_news = false;
    if (at == neighbours_.end()) {
        if (neighbours_.size() == k_mdns_neighbours_max) forget(neighbours_.find(by_end_.begin()->second));
        at = neighbours_.emplace(peer, Neighbour{{}, now + ttl}).first;
        is_news = true;
    } else {
        by_end_.erase({at->second.until, peer});
        at->second.until = now + ttl;
    }
    by_end_.emplace(at->second.until, peer);
    // A peer with many addresses sends several datagrams: what is new joins what is known, and pushes it out when full.
    auto& known = at->second.addresses;
    for (auto& address : addresses) {
        if (std::find(known.begin(), known.end(), address) != known.end()) continue;
        if (known.size() == k_mdns_addresses_max) known.erase(known.begin());
        known.push_back(std::move(address));
        is_news = true;
    }
    if (is_news) {
        put(LearnAddresses{peer, known, false});
        put_event(NeighbourFound{peer, known});
    }
    if (options_.dials && !connected_.contains(peer) && connected_.size() < k_mdns_connections_wanted) {
        put(ConnectPeer{peer, known});
    }
}

void Mdns::forget(std::map<PeerId, Neighbour>::iterator at) {
    by_end_.erase({at->second.until, at->first});
    put_event(NeighbourLost{at->first});
    neighbours_.erase(at);
}

/// An application that does not look loses the oldest.
void Mdns::put_event(MdnsEvent event) {
    if (events_.size() == k_events_max) events_.pop_front();
    events_.push_back(std::move(event));
}

/// As many datagrams as the addresses need, each whole by itself.
void Mdns::answer(std::chrono::seconds ttl) {
    auto const seconds = static_cast<std::uint32_t>(ttl.count());
    DnsMessage const empty{true, {}, {{service_, DnsType::ptr, seconds, instance_}},
                           {{instance_, DnsType::txt, seconds}}};
    DnsMessage message = empty;
    std::size_t size = encode_dns_message(message).size();
    auto const flush = [&] {
        if (message.additional[0].texts.empty()) return;
        datagrams_.push_back(encode_dns_message(message));
        message = empty;
        size = encode_dns_message(message).size();
    };
    for (auto const& address : own_) {
        auto const text = std::string{k_text_prefix} + address.text() + "/p2p/" + options_.self.text();
        if (text.size() > k_dns_text_bytes_max) continue;
        if (size + 1 + text.size() > k_mdns_emit_bytes_max) flush();
        size += 1 + text.size();
        message.additional[0].texts.push_back(text);
    }
    flush();
    if (std::exchange(is_meta_asked_, false)) {
        datagrams_.push_back(
            encode_dns_message(DnsMessage{true, {}, {{meta_, DnsType::ptr, seconds, service_}}, {}}));
    }
}

void Mdns::say_farewell() {
    if (own_.empty()) return;
    answer(std::chrono::seconds{0});
    own_.clear();
    answer_at_.reset();
    announcements_left_ = 0;
}

std::optional<Bytes> Mdns::poll_datagram() {
    if (datagrams_.empty()) return std::nullopt;
    auto out = std::move(datagrams_.front());
    datagrams_.pop_front();
    return out;
}

std::optional<MdnsEvent> Mdns::poll_event() {
    if (events_.empty()) return std::nullopt;
    auto out = std::move(events_.front());
    events_.pop_front();
    return out;
}

std::optional<TimePoint> Mdns::next_deadline() const {
    auto next = query_at_;
    if (answer_at_) next = std::min(next, *answer_at_);
    if (!by_end_.empty()) next = std::min(next, by_end_.begin()->first);
    return next;
}

void Mdns::on_deadline(TimePoint now) {
    while (!by_end_.empty() && by_end_.begin()->first <= now) forget(neighbours_.find(by_end_.begin()->second));
    if (query_at_ <= now) {
        datagrams_.push_back(encode_dns_message(DnsMessage{false, {{service_, DnsType::ptr}}, {}, {}}));
        query_at_ = now + query_step_;
        query_step_ = std::min<std::chrono::nanoseconds>(query_step_ * 2, k_mdns_query_interval);
    }
    if (answer_at_ && *answer_at_ <= now) {
        answer_at_.reset();
        answered_at_ = now;
        answer(k_mdns_ttl);
        if (announcements_left_ > 0) --announcements_left_;
        if (announcements_left_ > 0) announce(now + k_mdns_answer_gap);
    }
}

}  // namespace ggen::p2p
