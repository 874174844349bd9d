#include "daemon_node.hpp"

#include <cstdio>
#include <fstream>
#include <iterator>

#include "base/time.hpp"
#include "codec/multihash.hpp"
#include "p2p/identity/identity.hpp"
#include "peer_json.hpp"
#include "peer_overlay.hpp"

namespace ggen::p2p::interop {
namespace {

std::vector<Bytes> encoded(std::vector<Multiaddr> const& addresses) {
    std::vector<Bytes> out;
    out.reserve(addresses.size());
    for (auto const& address : addresses) out.push_back(address.encode());
    return out;
}

DaemonPeer encoded(FoundPeer const& peer) { return {peer.id, encoded(peer.addresses)}; }

Result<Ed25519PrivateKey> key_of(Json const& options, Random& random) {
    auto const path = text_of(options, "key");
    if (path.empty()) return Ed25519PrivateKey::generate(random);
    std::ifstream file{path, std::ios::binary};
    Bytes const bytes{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
    return decode_private_key(bytes);
}

Error unknown_call(char const* what) { return Error{Errc::invalid, std::string{"no such request of "} + what}; }

}  // namespace

Result<std::unique_ptr<DaemonNode>> DaemonNode::create(Json const& options) {
    SystemRandom random;
    ASSIGN_OR_RETURN(auto const key, key_of(options, random));
    std::unique_ptr<DaemonNode> node{new DaemonNode(key)};
    ASSIGN_OR_RETURN(node->driver_, AsioDriver::create(node->swarm_));
    auto const now = std::chrono::steady_clock::now();
    auto const wall = SystemClock{}.wall_now();
    std::vector<Protocol*> protocols{&node->identify_, &node->ping_, &node->host_, &node->app_};
    if (options.find("dht") != nullptr) {
        KadOptions kad{.self = node->swarm_.self()};
        kad.seed = random.next_u64();
        kad.protocol = k_kad_public_protocol;
        kad.validators.add("pk", std::make_shared<PublicKeyValidator const>());
        kad.wall_at = wall;
        kad.steady_at = now;
        node->kad_ = std::make_unique<Kad>(std::move(kad));
        protocols.push_back(node->kad_.get());
    }
    if (options.find("pubsub") != nullptr) {
        GossipOptions gossip;
        gossip.fanout_topic = signed_topic("js");
        gossip.key = key;
        gossip.first_seqno = static_cast<std::uint64_t>(wall.seconds) * 1'000'000'000;
        node->gossip_ = std::make_unique<Gossip>(node->swarm_.self(), std::move(gossip), random.next_u64(), now);
        protocols.push_back(node->gossip_.get());
    }
    node->host_.set_waker([raw = node.get()] { raw->has_asked_ = true; });
    for (auto* const protocol : protocols) node->swarm_.add_protocol(*protocol, now);
    if (auto const listen = text_of(options, "listen"); !listen.empty()) {
        ASSIGN_OR_RETURN(auto const address, Multiaddr::parse(listen));
        node->swarm_.listen(address, now);
    }
    return node;
}

void DaemonNode::run() {
    driver_->set_turn_hook([this](TimePoint now) {
        now_ = now;
        poll();
        if (!std::exchange(has_asked_, false)) return false;
        swarm_.on_protocols_called(now);
        return true;
    });
    driver_->run_until(TimePoint::max());
}

DaemonChannel::Post DaemonNode::post() {
    return [this](std::function<void()> work) {
        driver_->post([this, work = std::move(work)](TimePoint now) {
            now_ = now;
            has_asked_ = true;
            work();
        });
    };
}

void DaemonNode::serve(int socket) {
    auto const channel = std::make_shared<DaemonChannel>(socket, post());
    channel->start([this, channel = std::weak_ptr{channel}](Bytes const& message) {
        if (auto const client = channel.lock()) perform(client, message);
    });
}

void DaemonNode::perform(Channel const& channel, Bytes const& message) {
    auto const request = decode_daemon_request(message);
    if (!request) return tell(channel, request.error());
    tell(channel, start(channel, *request));
}

void DaemonNode::tell(Channel const& channel, Result<std::optional<Bytes>> const& answer) {
    if (answer && !*answer) return;
    channel->send(answer ? **answer : daemon_error(answer.error().context));
    channel->finish();
}

Result<std::optional<Bytes>> DaemonNode::start(Channel const& channel, DaemonRequest const& request) {
    switch (request.call) {
        case DaemonCall::identify: return identity();
        case DaemonCall::list_peers: return peers();
        case DaemonCall::connect: RETURN_IF_ERROR(connect(channel, request)); return std::nullopt;
        case DaemonCall::disconnect: {
            ASSIGN_OR_RETURN(auto const peer, PeerId::from_bytes(request.peer));
            swarm_.disconnect(peer, now_);
            return daemon_ok();
        }
        case DaemonCall::stream_open: RETURN_IF_ERROR(open_stream(channel, request)); return std::nullopt;
        case DaemonCall::stream_handler: RETURN_IF_ERROR(handle_streams(request)); return daemon_ok();
        case DaemonCall::dht: return start_dht(channel, request);
        case DaemonCall::pubsub: return start_pubsub(channel, request);
        case DaemonCall::connection_manager: return value_peer(request);
        case DaemonCall::peerstore: return protocols_of(request);
    }
    return unknown_call("the daemon");
}

Bytes DaemonNode::identity() const { return daemon_identity({swarm_.self(), encoded(swarm_.listen_addresses())}); }

DaemonPeer DaemonNode::connected(PeerId const& peer) const {
    auto const at = app_.peers().find(peer);
    DaemonPeer out{peer};
    if (at != app_.peers().end()) out.addresses.push_back(at->second.address.encode());
    return out;
}

Bytes DaemonNode::peers() const {
    std::vector<DaemonPeer> out;
    out.reserve(app_.peers().size());
    for (auto const& [peer, info] : app_.peers()) out.push_back(connected(peer));
    return daemon_peers(out);
}

Result<std::optional<Bytes>> DaemonNode::value_peer(DaemonRequest const& request) {
    auto const call = static_cast<DaemonTagCall>(request.kind);
    if (call == DaemonTagCall::trim) return Error{Errc::refused, "the swarm trims connections by itself"};
    ASSIGN_OR_RETURN(auto const peer, PeerId::from_bytes(request.peer));
    app_.value(peer, call == DaemonTagCall::tag ? static_cast<std::uint32_t>(request.weight) : 0);
    return daemon_ok();
}

Result<std::optional<Bytes>> DaemonNode::protocols_of(DaemonRequest const& request) {
    ASSIGN_OR_RETURN(auto const peer, PeerId::from_bytes(request.peer));
    auto const at = app_.protocols_of().find(peer);
    if (static_cast<DaemonPeerstoreCall>(request.kind) != DaemonPeerstoreCall::protocols ||
        at == app_.protocols_of().end()) {
        return Error{Errc::not_found, "nothing is known of " + peer.text()};
    }
    return daemon_protocols(at->second);
}

Result<void> DaemonNode::connect(Channel const& channel, DaemonRequest const& request) {
    ASSIGN_OR_RETURN(auto const peer, PeerId::from_bytes(request.peer));
    std::vector<Multiaddr> addresses;
    for (auto const& bytes : request.addresses) {
        ASSIGN_OR_RETURN(auto address, Multiaddr::decode(bytes));
        addresses.push_back(std::move(address));
    }
    app_.connect(peer, std::move(addresses), [this, channel](Result<std::uint64_t> const& done) {
        tell(channel, done ? Result<std::optional<Bytes>>{daemon_ok()} : done.error());
    });
    return ok();
}

namespace {

/// Bytes of a stream to a client and back, until both have ended.
void join(Stream stream, std::shared_ptr<DaemonChannel> const& channel) {
    stream.on_bytes([channel](BytesView bytes) { channel->send({bytes.begin(), bytes.end()}); });
    stream.on_finished([channel] { channel->finish(); });
    stream.on_drained([channel] { channel->retry(); });
    stream.on_closed([channel](std::optional<Error> const& error) { error ? channel->abort() : channel->finish(); });
    channel->set_taker([stream](BytesView bytes) mutable { return stream.is_closed() || stream.write(bytes); },
                       [stream]() mutable { stream.finish(); });
}

}  // namespace

Result<void> DaemonNode::open_stream(Channel const& channel, DaemonRequest const& request) {
    ASSIGN_OR_RETURN(auto const peer, PeerId::from_bytes(request.peer));
    auto stream = host_.open(peer, request.protocols);
    stream.on_closed([this, channel](std::optional<Error> const& error) {
        tell(channel, error ? *error : Error{Errc::cancelled, "the stream was closed"});
    });
    // What comes before the answer is written waits: the client has to read that first.
    channel->set_taker([](BytesView /*bytes*/) { return false; }, nullptr);
    opening_.push_back({channel, stream});
    return ok();
}

void DaemonNode::poll_opening() {
    std::erase_if(opening_, [this](Opening& one) {
        if (one.stream.is_closed()) return true;
        if (one.stream.protocol().empty()) return false;
        one.channel->send(daemon_stream(connected(one.stream.peer()), one.stream.protocol()));
        join(one.stream, one.channel);
        one.channel->retry();
        return true;
    });
}

Result<void> DaemonNode::handle_streams(DaemonRequest const& request) {
    ASSIGN_OR_RETURN(auto const address, Multiaddr::decode(request.address));
    for (auto const& protocol : request.protocols) {
        host_.handle(protocol, [this, address](Stream stream) {
            auto const channel = DaemonChannel::dial(address, post());
            if (!channel) return stream.reset();
            (*channel)->send(daemon_stream_info(connected(stream.peer()), stream.protocol()));
            join(stream, *channel);
            (*channel)->start(nullptr);
        });
    }
    return ok();
}

Result<std::optional<Bytes>> DaemonNode::start_dht(Channel const& channel, DaemonRequest const& request) {
    if (!kad_) return Error{Errc::refused, "this node has no DHT"};
    auto const call = static_cast<DaemonDhtCall>(request.kind);
    QueryId query = 0;
    switch (call) {
        case DaemonDhtCall::find_peer: {
            ASSIGN_OR_RETURN(auto const peer, PeerId::from_bytes(request.peer));
            query = kad_->find_peer(peer, now_);
            break;
        }
        case DaemonDhtCall::find_providers:
        case DaemonDhtCall::provide: {
            ASSIGN_OR_RETURN(auto const cid, Cid::decode(request.cid));
            auto const key = cid.hash.encode();
            auto const count = request.count == 0 ? k_kad_providers_per_key_max : request.count;
            query = call == DaemonDhtCall::provide ? kad_->provide(key, now_) : kad_->find_providers(key, now_, count);
            break;
        }
        case DaemonDhtCall::closest_peers: query = kad_->closest_peers(request.key, now_); break;
        case DaemonDhtCall::public_key: {
            ASSIGN_OR_RETURN(auto const peer, PeerId::from_bytes(request.peer));
            if (!peer.inline_key().empty()) return daemon_dht_value(peer.inline_key());
            Bytes key{'/', 'p', 'k', '/'};
            key.insert(key.end(), peer.bytes().begin(), peer.bytes().end());
            query = kad_->get_value(key, now_);
            break;
        }
        case DaemonDhtCall::get_value:
        case DaemonDhtCall::search_value: query = kad_->get_value(request.key, now_); break;
        case DaemonDhtCall::put_value: query = kad_->put_value(request.key, request.value, now_); break;
        default: return unknown_call("the DHT");
    }
    bool const is_list = call == DaemonDhtCall::find_providers || call == DaemonDhtCall::closest_peers;
    if (is_list) channel->send(daemon_dht_begin());
    questions_.emplace(query, Question{channel, call});
    return std::nullopt;
}

void DaemonNode::on_event(KadEvent const& event) {
    auto const query = std::visit([](auto const& one) { return one.query; }, event);
    auto const at = questions_.find(query);
    if (at == questions_.end()) return;
    auto& [channel, call, is_answered] = at->second;
    if (auto const* const peer = std::get_if<PeerFound>(&event)) {
        is_answered = true;
        tell(channel, daemon_dht_peer(encoded(peer->peer)));
    } else if (auto const* const value = std::get_if<ValueFound>(&event); value != nullptr && !is_answered) {
        is_answered = true;
        tell(channel, daemon_dht_value(value->value));
    } else if (auto const* const providers = std::get_if<ProvidersFound>(&event)) {
        for (auto const& provider : providers->providers) channel->send(daemon_dht_item(encoded(provider)));
    } else if (auto const* const nearest = std::get_if<PeersFound>(&event)) {
        for (auto const& one : nearest->peers) channel->send(daemon_dht_item(BytesView{one.id.bytes()}));
    } else if (auto const* const done = std::get_if<QueryFinished>(&event)) {
        bool const is_list = call == DaemonDhtCall::find_providers || call == DaemonDhtCall::closest_peers;
        if (is_list) {
            tell(channel, daemon_dht_end());
        } else if (!is_answered) {
            tell(channel, done->error ? Result<std::optional<Bytes>>{*done->error} : daemon_ok());
        }
        questions_.erase(at);
    }
}

Result<std::optional<Bytes>> DaemonNode::start_pubsub(Channel const& channel, DaemonRequest const& request) {
    if (!gossip_) return Error{Errc::refused, "this node has no topics"};
    auto const& topic = request.topic;
    switch (static_cast<DaemonPubsubCall>(request.kind)) {
        case DaemonPubsubCall::topics: {
            std::vector<std::string> topics;
            topics.reserve(subscribers_.size());
            for (auto const& [name, channels] : subscribers_) topics.push_back(name);
            return daemon_topics(topics, {});
        }
        case DaemonPubsubCall::subscribers: return daemon_topics({topic}, gossip_->subscribers(topic));
        case DaemonPubsubCall::publish:
            RETURN_IF_ERROR(gossip_->publish(topic, request.value, now_));
            return daemon_ok();
        case DaemonPubsubCall::subscribe: {
            if (!subscribers_.contains(topic)) RETURN_IF_ERROR(gossip_->join(topic, signed_topic("js"), now_));
            subscribers_[topic].insert(channel);
            channel->send(daemon_ok());
            channel->set_taker(nullptr, [this, topic, client = channel.get()] {
                auto& channels = subscribers_[topic];
                std::erase_if(channels, [client](Channel const& one) { return one.get() == client; });
                if (!channels.empty()) return;
                subscribers_.erase(topic);
                (void)gossip_->leave(topic, now_);
            });
            return std::nullopt;
        }
    }
    return unknown_call("topics");
}

void DaemonNode::on_message(MessageReceived const& received) {
    auto const at = subscribers_.find(received.message->topic());
    if (at == subscribers_.end()) return;
    auto const message = daemon_pubsub_message(*received.message->wire());
    if (!message) return;
    for (auto const& channel : at->second) channel->send(*message);
}

void DaemonNode::poll() {
    auto const addresses = swarm_.listen_addresses();
    if (!is_ready_ && swarm_.pending_listeners() == 0) {
        is_ready_ = true;
        std::printf("ready %s\n", swarm_.self().text().c_str());
        std::fflush(stdout);
    }
    poll_opening();
    while (kad_) {
        auto const event = kad_->poll_event();
        if (!event) break;
        on_event(*event);
    }
    while (gossip_) {
        auto const event = gossip_->poll_event();
        if (!event) break;
        if (auto const* const received = std::get_if<MessageReceived>(&*event)) on_message(*received);
    }
}

}  // namespace ggen::p2p::interop
