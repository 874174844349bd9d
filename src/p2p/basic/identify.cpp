#include "p2p/basic/identify.hpp"

#include <algorithm>

#include "p2p/identity/envelope.hpp"
#include "p2p/identity/identity.hpp"

namespace ggen::p2p {
namespace {

/// The addresses of a peer that make sense from where it was seen: none of another peer, and none of its own
/// machine unless that is ours too. A trailing /p2p of its own is cut.
std::vector<Multiaddr> usable_addresses(std::vector<Multiaddr> const& addresses, PeerId const& peer, bool is_local) {
    std::vector<Multiaddr> out;
    for (auto const& address : addresses) {
        if (is_loopback(address) && !is_local) continue;
        if (!address.has(MultiaddrCode::p2p)) {
            out.push_back(address);
            continue;
        }
        if (address.peer_id() != peer || address.parts().size() < 2) continue;
        auto parts = address.parts();
        parts.pop_back();
        if (auto bare = Multiaddr::from_parts(std::move(parts))) out.push_back(std::move(bare).value());
    }
    return out;
}

bool is_key_of(Bytes const& public_key, PeerId const& peer) {
    auto const key = decode_public_key(public_key);
    return key && peer_id_of(*key) == peer;
}

/// The port of `/ip…/…/tcp/<port>`; 0 when it is another kind of address.
std::uint16_t tcp_port(Multiaddr const& address) {
    auto const& parts = address.parts();
    return parts.size() >= 2 && parts[1].code == MultiaddrCode::tcp ? parts[1].port() : std::uint16_t{0};
}

}  // namespace

Identify::Identify(Ed25519PrivateKey const& key, IdentifyOptions options)
    : key_(key), options_(std::move(options)), self_(peer_id_of(key_.public_key())),
      next_seq_(options_.record_seq) {
    own_.public_key = encode_public_key(PublicKey::from_ed25519(key_.public_key()));
    own_.protocol_version = options_.protocol_version;
    own_.agent_version = options_.agent;
}

std::vector<std::string> Identify::protocols() const {
    return {std::string(k_identify_protocol), std::string(k_identify_push_protocol)};
}

std::optional<PeerIdentity> Identify::poll_event() {
    if (events_.empty()) return std::nullopt;
    auto event = std::move(events_.front());
    events_.pop_front();
    return event;
}

void Identify::on_host_changed(HostInfo const& info, TimePoint now) {
    auto protocols = info.protocols;
    std::erase_if(protocols, [](auto const& name) { return name.empty() || name.size() >= 140; });
    protocols.resize(std::min(protocols.size(), k_identify_protocols_emit_max));
    std::vector<Multiaddr> addresses(
        info.addresses.begin(),
        info.addresses.begin() +
            static_cast<std::ptrdiff_t>(std::min(info.addresses.size(), k_identify_addresses_emit_max)));
    if (has_host_info_ && own_.protocols == protocols && own_.listen_addresses == addresses) return;
    has_host_info_ = true;
    ++next_seq_;
    own_.protocols = std::move(protocols);
    own_.listen_addresses = std::move(addresses);
    own_.signed_peer_record.reset();  // Signed for who asks first: a node that starts changes a dozen times before.
    if (!peers_.empty() && !push_at_) push_at_ = now + k_identify_push_delay;
}

void Identify::on_peer_connected(PeerInfo const& info, TimePoint now) {
    peers_.insert_or_assign(info.peer, Peer{.info = info, .tokens_at = now});
    open(info.peer, k_identify_protocol, Kind::question, now, std::nullopt);
}

void Identify::on_peer_disconnected(PeerId const& peer, TimePoint /*now*/) { peers_.erase(peer); }

void Identify::open(PeerId const& peer, std::string_view protocol, Kind kind, TimePoint now,
                    std::optional<Block> bytes) {
    auto const key = new_stream_key();
    streams_.emplace(key, Stream{peer, kind, now + k_identify_timeout,
                                 kind == Kind::question ? std::make_unique<Incoming>() : nullptr});
    put(OpenStream{.stream = key, .peer = peer, .protocols = {std::string(protocol)}, .addresses = {},
                   .may_dial = false});
    if (bytes) put(WriteStream{key, std::move(*bytes)});
    put(FinishStream{key});
}

bool Identify::admit(Peer& peer, TimePoint now) {
    auto const passed = std::chrono::duration<double>(now - peer.tokens_at).count();
    peer.tokens = std::min(k_identify_burst, peer.tokens + passed * k_identify_per_second);
    peer.tokens_at = now;
    if (peer.tokens < 1 || peer.inbound_count >= k_identify_streams_per_peer_max) return false;
    peer.tokens -= 1;
    return true;
}

Block Identify::own_message(Peer const& peer) {
    if (has_host_info_ && !own_.signed_peer_record) {
        own_.signed_peer_record = seal_peer_record(key_, PeerRecord{self_, next_seq_ - 1, own_.listen_addresses});
    }
    auto message = own_;
    message.observed_address = peer.info.address;
    Bytes out;
    for (auto const& part : encode_identify(message)) {
        auto const framed = frame_message(part);
        out.insert(out.end(), framed.begin(), framed.end());
    }
    return std::make_shared<Bytes const>(std::move(out));
}

void Identify::on_inbound_stream(StreamKey stream, PeerId const& peer, std::string const& protocol, TimePoint now) {
    auto const at = peers_.find(peer);
    if (at == peers_.end() || !admit(at->second, now)) {
        put(ResetStream{stream});
        if (at != peers_.end()) put(ReportPeer{peer, Conduct::overload});
        return;
    }
    ++at->second.inbound_count;
    auto const is_push = protocol == k_identify_push_protocol;
    streams_.emplace(stream, Stream{peer, is_push ? Kind::pushed_by_peer : Kind::answer, now + k_identify_timeout,
                                    is_push ? std::make_unique<Incoming>() : nullptr});
    if (!is_push) put(WriteStream{stream, own_message(at->second)});
    put(FinishStream{stream});
}

Result<void> Identify::read(Incoming& incoming) {
    for (;;) {
        ASSIGN_OR_RETURN(auto const message, incoming.reader.next());
        if (!message) return ok();
        if (++incoming.message_count > k_identify_messages_max) {
            return Error{Errc::too_large, "identify: more than 10 messages"};
        }
        RETURN_IF_ERROR(merge_identify(*message, incoming.message));
    }
}

void Identify::on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint /*now*/) {
    auto const at = streams_.find(stream);
    if (at == streams_.end()) return;
    if (!at->second.incoming) return fail(stream, Conduct::protocol_error);  // nothing may be said here
    at->second.incoming->reader.feed(bytes);
    if (!read(*at->second.incoming)) fail(stream, Conduct::protocol_error);
}

void Identify::on_stream_finished(StreamKey stream, TimePoint now) {
    auto const at = streams_.find(stream);
    if (at == streams_.end()) return;
    auto const kind = at->second.kind;
    if (kind == Kind::question || kind == Kind::pushed_by_peer) {
        auto const& incoming = *at->second.incoming;
        if (incoming.reader.pending_bytes() != 0 || incoming.message_count == 0) {
            return fail(stream, Conduct::protocol_error);
        }
        auto const peer = at->second.peer;
        auto const message = std::move(at->second.incoming->message);
        forget(stream);
        learn(peer, message, kind == Kind::pushed_by_peer, now);
        return;
    }
    // The asker's end of an answer often comes before the answer has left; the stream ends by our own finish then.
    forget(stream);
}

void Identify::on_stream_reset(StreamKey stream, TimePoint /*now*/) { forget(stream); }
void Identify::on_stream_refused(StreamKey stream, Error const& /*error*/, TimePoint /*now*/) { forget(stream); }

void Identify::fail(StreamKey stream, Conduct conduct) {
    auto const at = streams_.find(stream);
    put(ReportPeer{at->second.peer, conduct});
    put(ResetStream{stream});
    forget(stream);
}

void Identify::forget(StreamKey stream) {
    auto const at = streams_.find(stream);
    if (at == streams_.end()) return;
    auto const is_inbound = at->second.kind == Kind::answer || at->second.kind == Kind::pushed_by_peer;
    auto const peer = peers_.find(at->second.peer);
    if (is_inbound && peer != peers_.end()) --peer->second.inbound_count;
    streams_.erase(at);
}

void Identify::learn(PeerId const& id, IdentifyMessage const& message, bool is_push, TimePoint now) {
    auto const at = peers_.find(id);
    if (at == peers_.end()) return;
    auto& peer = at->second;
    if (message.public_key && !is_key_of(*message.public_key, id)) {
        put(ReportPeer{id, Conduct::invalid_data});
        return;
    }
    PeerIdentity identity{.peer = id, .protocol_version = message.protocol_version, .agent = message.agent_version,
                          .protocols = message.protocols, .addresses = message.listen_addresses,
                          .is_certified = false, .is_push = is_push, .observed = message.observed_address};
    Bytes signed_record;
    if (message.signed_peer_record) {
        auto record = open_peer_record(*message.signed_peer_record);
        if (!record || record->peer != id) {
            put(ReportPeer{id, Conduct::invalid_data});
        } else if (record->seq > peer.record_seq) {
            peer.record_seq = record->seq;
            identity.addresses = std::move(record->addresses);
            identity.is_certified = true;
            signed_record = *message.signed_peer_record;
        } else {
            identity.addresses.clear();  // older than what is known
        }
    }
    identity.addresses = usable_addresses(identity.addresses, id, is_loopback(peer.info.address));
    if (!identity.addresses.empty()) put(LearnAddresses{id, identity.addresses, identity.is_certified});
    if (!is_push || !message.protocols.empty()) peer.protocols = message.protocols;
    if (!is_push || !message.agent_version.empty()) peer.agent = message.agent_version;
    put(PeerIdentified{id, peer.protocols, peer.agent, std::move(signed_record)});
    if (message.observed_address) observe(peer, *message.observed_address, now);
    if (!options_.keeps_events) return;
    if (events_.size() == k_identify_events_max) events_.pop_front();
    events_.push_back(std::move(identity));
}

/// Peers that dialed us name the address that they reached. One that we dialed sees the port of that one
/// connection, which says something only when we dial from a port that we listen on.
void Identify::observe(Peer const& peer, Multiaddr const& seen, TimePoint now) {
    auto const& own = own_.listen_addresses;
    auto const is_listening =
        std::any_of(own.begin(), own.end(), [&](auto const& address) { return tcp_port(address) == tcp_port(seen); });
    if (tcp_port(seen) == 0 || seen.parts().size() != 2) return;
    if (peer.info.direction == Direction::outbound && !is_listening) return;
    if (std::find(own.begin(), own.end(), seen) != own.end()) return;
    if (observed_.add(seen, peer.info.address, now)) put(ConfirmAddress{seen});
}

void Identify::push_all(TimePoint now) {
    for (auto const& [id, peer] : peers_) {
        auto const& names = peer.protocols;
        auto const takes_pushes = std::find(names.begin(), names.end(), k_identify_push_protocol) != names.end();
        if (takes_pushes) open(id, k_identify_push_protocol, Kind::pushed_by_us, now, own_message(peer));
    }
}

std::optional<TimePoint> Identify::next_deadline() const {
    auto next = push_at_;
    for (auto const& [key, stream] : streams_) {
        if (!next || stream.deadline < *next) next = stream.deadline;
    }
    return next;
}

void Identify::on_deadline(TimePoint now) {
    if (push_at_ && now >= *push_at_) {
        push_at_.reset();
        push_all(now);
    }
    std::vector<StreamKey> late;
    for (auto const& [key, stream] : streams_) {
        if (now >= stream.deadline) late.push_back(key);
    }
    for (auto const key : late) {
        if (streams_.at(key).incoming) {
            fail(key, Conduct::timeout);
        } else {
            put(ResetStream{key});  // The peer has the message, and never closed its side.
            forget(key);
        }
    }
}

}  // namespace ggen::p2p
