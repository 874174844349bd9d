#include "net/p2p/node_services.hpp"

#include <utility>

#include "base/time.hpp"
#include "p2p/discovery/state_file.hpp"

namespace ggen::p2p {
namespace {

constexpr std::size_t k_warnings_max = 64;
constexpr std::int64_t k_ns_per_s = 1'000'000'000;

GossipOptions gossip_options(NodeServices::Start const& start, Ledger& ledger) {
    GossipOptions options;
    options.key = start.key;
    options.first_seqno = static_cast<std::uint64_t>(start.wall.seconds * k_ns_per_s);
    options.application_score = [&ledger](PeerId const& peer) {
        return ledger.gossip_score(peer, std::chrono::steady_clock::now());
    };
    options.fanout_topic.policy = SignaturePolicy::signed_by_author;
    options.fanout_topic.message_id = author_message_id;
    return options;
}

KadOptions kad_options(NodeServices::Start const& start, Ledger& ledger, std::uint64_t seed) {
    KadOptions options{.self = start.self, .seed = seed};
    options.wall_at = start.wall;
    options.steady_at = start.now;
    options.is_welcome = [&ledger](PeerId const& peer, TimePoint now) { return !ledger.is_refused(peer, now); };
    return options;
}

}  // namespace

NodeServices::NodeServices(NodeOptions const& options, Start const& start, Random& random, Ledger& ledger)
    : ledger_(ledger),
      start_(start),
      folder_(options.state_folder),
      disk_(make_posix_file_system()),
      peerstore_(PeerstoreOptions{start.self, start.wall, start.now}),
      bootstrap_(BootstrapOptions{start.self, random.next_u64()}),
      save_at_(folder_.empty() ? TimePoint::max() : start.now + k_peerstore_save_interval) {
    if (options.has_kad) {
        auto kad = kad_options(start, ledger, random.next_u64());
        if (!options.is_kad_server) kad.mode = KadMode::client;
        kad_ = std::make_unique<Kad>(std::move(kad));
    }
    if (options.has_topics) {
        gossip_ = std::make_unique<Gossip>(start.self, gossip_options(start, ledger), random.next_u64(), start.now);
    }
}

Result<std::unique_ptr<NodeServices>> NodeServices::create(NodeOptions const& options, Start const& start,
                                                           Random& random, Ledger& ledger) {
    std::unique_ptr<NodeServices> out{new NodeServices{options, start, random, ledger}};
    for (auto const& text : options.bootstrap) {
        ASSIGN_OR_RETURN(auto peer, parse_known_peer(text));
        if (peer.peer == start.self) continue;  // one list for all nodes of a fleet
        RETURN_IF_ERROR(out->bootstrap_.add(std::move(peer), start.now));
    }
    if (!options.meets_at.empty() && !out->kad_) return Error{Errc::invalid, "node: a rendezvous needs kad (has_kad)"};
    for (auto const& name : options.meets_at) {
        ASSIGN_OR_RETURN(auto one, Rendezvous::create(*out->kad_, RendezvousOptions{start.self, name}, start.now));
        out->rendezvous_.push_back(std::move(one));
    }
    if (options.finds_neighbours) {
        ASSIGN_OR_RETURN(out->mdns_, Mdns::create({.self = start.self, .seed = random.next_u64()}, start.now));
    }
    if (!out->folder_.empty()) out->load(start.now);
    return out;
}

std::vector<Protocol*> NodeServices::protocols() {
    std::vector<Protocol*> out{&peerstore_, &bootstrap_};
    if (mdns_) out.push_back(mdns_.get());
    if (kad_) out.push_back(kad_.get());
    for (auto const& one : rendezvous_) out.push_back(one.get());
    if (gossip_) out.push_back(gossip_.get());
    return out;
}

Result<void> NodeServices::open_multicast(asio::io_context& io, MulticastOptions const& options,
                                          std::function<void()> wake) {
    if (!mdns_) return ok();
    auto received = [this, wake = std::move(wake)](BytesView datagram, bool is_own_machine, TimePoint now) {
        mdns_->on_datagram(datagram, is_own_machine, now);
        wake();
    };
    ASSIGN_OR_RETURN(multicast_, MulticastSocket::create(io, options, std::move(received)));
    return ok();
}

bool NodeServices::turn(TimePoint now) {
    bool is_called = false;
    if (mdns_) {
        while (auto const datagram = mdns_->poll_datagram()) {
            if (multicast_) multicast_->send(*datagram);
        }
        while (mdns_->poll_event()) {
        }
    }
    if (kad_ && is_in_kad_ != (kad_->table().size() > 0)) {
        join_kad(now);
        is_called = true;
    }
    while (kad_) {
        auto const event = kad_->poll_event();
        if (!event) break;
        is_called = true;
        bool is_taken = false;
        for (auto const& one : rendezvous_) is_taken = one->on_kad_event(*event, now) || is_taken;
        if (!is_taken && kad_handler_) kad_handler_(*event);
    }
    while (gossip_) {
        auto const event = gossip_->poll_event();
        if (!event) break;
        auto const* const received = std::get_if<MessageReceived>(&*event);
        auto const at = received != nullptr ? topics_.find(received->message->topic()) : topics_.end();
        if (at != topics_.end() && received->message->author()) {
            at->second(*received->message->author(), received->message->data());
        } else if (gossip_handler_) {
            is_called = true;
            gossip_handler_(*event);
        }
    }
    return is_called;
}

/// The first peer that speaks kad, or the first after all were lost, is asked for this node's neighbourhood.
void NodeServices::join_kad(TimePoint now) {
    is_in_kad_ = kad_->table().size() > 0;
    if (is_in_kad_) (void)kad_->bootstrap({}, now);
}

Result<void> NodeServices::join(std::string const& topic, TopicHandler handler, TimePoint now) {
    if (!gossip_) return Error{Errc::refused, "node: made without topics (has_topics)"};
    TopicOptions options;
    options.policy = SignaturePolicy::signed_by_author;
    options.message_id = author_message_id;
    RETURN_IF_ERROR(gossip_->join(topic, std::move(options), now));
    topics_.insert_or_assign(topic, std::move(handler));
    return ok();
}

Result<void> NodeServices::publish(std::string_view topic, BytesView data, TimePoint now) {
    if (!gossip_) return Error{Errc::refused, "node: made without topics (has_topics)"};
    RETURN_IF_ERROR(gossip_->publish(topic, data, now));
    return ok();
}

void NodeServices::say_farewell() {
    if (!mdns_ || !multicast_) return;
    mdns_->say_farewell();
    while (auto const datagram = mdns_->poll_datagram()) multicast_->send(*datagram);
}

void NodeServices::warn(Error error) {
    if (warnings_.size() < k_warnings_max) warnings_.push_back(std::move(error));
}

/// What cannot be read is told, put aside and begun afresh: it is a memory, and no reason not to start.
void NodeServices::load(TimePoint now) {
    if (auto const read = load_peerstore(*disk_, join_path(folder_, "peers"), peerstore_, now); !read) {
        warn(read.error());
    }
    for (auto const& known : peerstore_.peers(now)) {
        if (!known.addresses.empty()) (void)bootstrap_.add({known.peer, known.addresses}, now);
    }
    if (auto const read = load_ledger(now); !read) warn(read.error());
}

Result<void> NodeServices::load_ledger(TimePoint now) {
    auto const path = join_path(folder_, "reputation");
    auto const info = disk_->info(path);
    if (!info && info.error().code == Errc::not_found) return ok();
    if (!info) return info.error();
    auto const age = std::chrono::seconds{start_.wall.seconds - info->modified_ns / k_ns_per_s};
    return load_state_file(*disk_, path, k_ledger_image_bytes_max, [&](BytesView image) -> Result<void> {
        ASSIGN_OR_RETURN(ledger_, Ledger::decode(image, age, now));
        return ok();
    });
}

void NodeServices::save(TimePoint now) {
    if (folder_.empty()) return;
    save_at_ = now + k_peerstore_save_interval;
    if (peerstore_.is_changed()) {
        auto const saved = save_peerstore(*disk_, join_path(folder_, "peers"), peerstore_, now);
        if (!saved) warn(saved.error());
    }
    ledger_.expire(now);
    if (ledger_.peer_count() == 0) return;
    auto const saved = save_state_file(*disk_, join_path(folder_, "reputation"), ledger_.encode(now));
    if (!saved) warn(saved.error());
}

}  // namespace ggen::p2p
