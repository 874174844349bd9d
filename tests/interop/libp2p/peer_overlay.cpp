#include "peer_overlay.hpp"

#include "base/time.hpp"
#include "crypto/digest.hpp"
#include "p2p/identity/identity.hpp"
#include "peer_json.hpp"

namespace ggen::p2p::interop {
namespace {

/// The SHA-256 multihash of a text: what a raw CID of js-libp2p holds.
Bytes multihash_of(std::string const& text) {
    Bytes out{0x12, 0x20};
    auto const digest = sha256(as_bytes(text));
    out.insert(out.end(), digest.bytes.begin(), digest.bytes.end());
    return out;
}

}  // namespace

TopicOptions signed_topic(std::string_view whose) {
    TopicOptions topic;
    topic.policy = SignaturePolicy::signed_by_author;
    topic.message_id = author_message_id;
    if (whose == "js") topic.message_id = author_key_message_id;
    if (whose == "rust") topic.message_id = author_text_message_id;
    return topic;
}

PeerOverlay::PeerOverlay(Ed25519PrivateKey const& key, Json const& options, Random& random, TimePoint now)
    : message_ids_(text_of(options, "messageIds")) {
    auto const self = peer_id_of(key.public_key());
    auto const wall = SystemClock{}.wall_now();
    if (auto const protocol = text_of(options, "kad"); !protocol.empty()) {
        KadOptions kad{.self = self};
        kad.seed = random.next_u64();
        kad.protocol = protocol;
        kad.validators.add("v", std::make_shared<AnyValue const>());
        kad.wall_at = wall;
        kad.steady_at = now;
        kad_ = std::make_unique<Kad>(std::move(kad));
    }
    if (options.find("gossip") != nullptr) {
        GossipOptions gossip;
        gossip.is_flood_publishing = false;  // the mesh is what is tested
        gossip.fanout_topic = signed_topic(message_ids_);
        gossip.key = key;
        gossip.first_seqno = static_cast<std::uint64_t>(wall.seconds) * 1'000'000'000;
        gossip_ = std::make_unique<Gossip>(self, std::move(gossip), random.next_u64(), now);
    }
}

std::vector<Protocol*> PeerOverlay::protocols() {
    std::vector<Protocol*> out;
    if (kad_) out.push_back(kad_.get());
    if (gossip_) out.push_back(gossip_.get());
    return out;
}

bool PeerOverlay::perform(std::int64_t id, std::string const& name, Json const& command, TimePoint now,
                          Tell const& tell) {
    if (kad_ && name == "kad_table") {
        tell(id, Json::object().set("size", std::uint64_t{kad_->status().table_peers}));
        return true;
    }
    if (kad_ && name.starts_with("kad_")) {
        auto const query = start_query(name, command, now);
        if (!query) return false;
        questions_.emplace(*query, Question{id, number_of(command, "count", 1)});
        return true;
    }
    bool const is_known = name == "subscribe" || name == "unsubscribe" || name == "publish" || name == "mesh" ||
                          name == "gossip_counters";
    if (!gossip_ || !is_known) return false;
    tell(id, gossip_command(name, command, now));
    return true;
}

std::optional<QueryId> PeerOverlay::start_query(std::string const& name, Json const& command, TimePoint now) {
    auto const key = text_of(command, "key");
    if (name == "kad_put") return kad_->put_value(as_bytes(key), as_bytes(text_of(command, "value")), now);
    if (name == "kad_get") return kad_->get_value(as_bytes(key), now);
    if (name == "kad_provide") return kad_->provide(multihash_of(key), now);
    if (name == "kad_find_providers") {
        return kad_->find_providers(multihash_of(key), now, number_of(command, "count", 1));
    }
    auto const target = target_of(command);
    if (!target) return std::nullopt;
    if (name == "kad_find_peer") return kad_->find_peer(target->peer, now);
    if (name == "kad_bootstrap") {
        return kad_->bootstrap({KadPeer{target->peer, AddressList::from(target->addresses, 8)}}, now);
    }
    return std::nullopt;
}

void PeerOverlay::poll(Tell const& tell, std::function<void(Json const&)> const& say) {
    while (kad_) {
        auto const event = kad_->poll_event();
        if (!event) break;
        on_event(*event, tell);
    }
    while (gossip_) {
        auto const event = gossip_->poll_event();
        if (!event) break;
        auto const* const received = std::get_if<MessageReceived>(&*event);
        if (received == nullptr) continue;
        auto const& message = *received->message;
        say(Json::object()
                .set("event", "message")
                .set("topic", std::string{message.topic()})
                .set("data", std::string{as_text(message.data())}));
    }
}

void PeerOverlay::answer(QueryId query, Answer const& result, Tell const& tell) {
    auto const at = questions_.find(query);
    if (at == questions_.end()) return;
    auto const id = at->second.id;
    questions_.erase(at);
    tell(id, result);
}

void PeerOverlay::on_event(KadEvent const& event, Tell const& tell) {
    if (auto const* const value = std::get_if<ValueFound>(&event)) {
        answer(value->query, Json::object().set("value", std::string{as_text(value->value)}), tell);
    } else if (auto const* const peer = std::get_if<PeerFound>(&event)) {
        answer(peer->query, Json::object().set("addresses", json_of(peer->peer.addresses)), tell);
    } else if (auto const* const published = std::get_if<Published>(&event)) {
        answer(published->query, Json::object().set("holders", std::uint64_t{published->holders}), tell);
    } else if (auto const* const found = std::get_if<ProvidersFound>(&event)) {
        auto const at = questions_.find(found->query);
        if (at == questions_.end()) return;
        for (auto const& provider : found->providers) at->second.providers.push_back(provider.id.text());
        if (at->second.providers.size() < at->second.wanted) return;
        answer(found->query, Json::object().set("peers", json_of(at->second.providers)), tell);
    } else if (auto const* const done = std::get_if<QueryFinished>(&event)) {
        auto const at = questions_.find(done->query);
        if (at == questions_.end()) return;
        if (done->error && at->second.providers.empty()) return answer(done->query, *done->error, tell);
        answer(done->query,
               Json::object()
                   .set("peers", json_of(at->second.providers))
                   .set("holders", std::uint64_t{done->holders}),
               tell);
    }
}

Answer PeerOverlay::gossip_command(std::string const& name, Json const& command, TimePoint now) {
    auto const topic = text_of(command, "topic");
    if (name == "mesh") return mesh(topic);
    if (name == "gossip_counters") return gossip_counters();
    if (name == "subscribe") {
        auto options = signed_topic(message_ids_);
        // Without a verdict: told to the application, and not forwarded.
        auto const* const held = command.find("held");
        options.is_validated_later = held != nullptr && held->if_bool() != nullptr && *held->if_bool();
        RETURN_IF_ERROR(gossip_->join(topic, std::move(options), now));
    } else if (name == "unsubscribe") {
        RETURN_IF_ERROR(gossip_->leave(topic, now));
    } else {
        RETURN_IF_ERROR(gossip_->publish(topic, as_bytes(text_of(command, "data")), now));
    }
    return Json::object();
}

Answer PeerOverlay::mesh(std::string const& topic) const {
    return Json::object()
        .set("mesh", json_of(gossip_->mesh(topic)))
        .set("subscribers", json_of(gossip_->subscribers(topic)));
}

Answer PeerOverlay::gossip_counters() const {
    auto const& all = gossip_->counters();
    return Json::object()
        .set("received", all.received)
        .set("duplicates", all.duplicates)
        .set("rejected", all.rejected)
        .set("dropped", all.dropped)
        .set("ihave_ids_sent", all.ihave_ids_sent)
        .set("iwant_ids_sent", all.iwant_ids_sent)
        .set("idontwant_ids_sent", all.idontwant_ids_sent)
        .set("suppressed", all.suppressed)
        .set("bad_rpcs", all.bad_rpcs);
}

}  // namespace ggen::p2p::interop
