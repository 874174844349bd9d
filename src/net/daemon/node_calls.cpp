#include "net/daemon/node_calls.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "net/daemon/arguments.hpp"
#include "net/daemon/node_thread.hpp"
#include "p2p/discovery/bootstrap.hpp"

namespace ggen::p2p {
namespace {

std::int64_t seconds_between(TimePoint from, TimePoint to) {
    return std::chrono::duration_cast<std::chrono::seconds>(to - from).count();
}

/// What the node can say of itself, on its own thread.
Json status_of(Node& node, PeerWatch const& watch, TimePoint now) {
    auto json = Json::object();
    auto const usage = node.swarm().usage();
    json.set("peer", node.swarm().self().text());
    json.set("listening", json_addresses(node.swarm().listen_addresses()));
    json.set("addresses", json_addresses(watch.own_addresses()));
    auto reach = Json::object();
    auto const& distant = watch.last_distant_inbound();
    reach.set("reachable", distant ? Json{true} : Json{});
    reach.set("checked_by", distant ? Json{distant->peer.text()} : Json{});
    reach.set("seconds_ago", distant ? Json{seconds_between(distant->at, now)} : Json{});
    reach.set("inbound", watch.inbound_count());
    json.set("reachability", std::move(reach));
    json.set("peers", std::uint64_t{usage.peers});
    json.set("connections", std::uint64_t{usage.connections});
    json.set("streams", std::uint64_t{usage.streams});
    if (auto* const kad = node.kad()) {
        auto const status = kad->status();
        auto dht = Json::object();
        dht.set("table_peers", std::uint64_t{status.table_peers});
        dht.set("provides", std::uint64_t{status.published});
        dht.set("held_providers", std::uint64_t{status.providers});
        auto const size = kad->network_size(now);
        dht.set("network_size", size ? Json{static_cast<std::int64_t>(*size)} : Json{});
        json.set("dht", std::move(dht));
    }
    auto warnings = Json::array();
    for (auto const& warning : node.warnings()) warnings.push(warning.context);
    json.set("warnings", std::move(warnings));
    return json;
}

Json json_peer(PeerUsage const& usage, WatchedPeer const* watched, Standing const& standing, TimePoint now) {
    auto json = Json::object();
    json.set("peer", usage.peer.text());
    json.set("address", usage.address.text());
    json.set("direction", usage.direction == Direction::inbound ? "inbound" : "outbound");
    json.set("reputation", standing.score);
    json.set("stranger", standing.is_stranger);
    json.set("round_trip_us", usage.round_trip ? Json{static_cast<std::int64_t>(
                                                     std::chrono::duration_cast<std::chrono::microseconds>(
                                                         *usage.round_trip).count())}
                                               : Json{});
    json.set("connections", std::uint64_t{usage.connections});
    json.set("streams", std::uint64_t{usage.streams});
    json.set("held_bytes", usage.held_bytes);
    json.set("connected_seconds", watched != nullptr ? Json{seconds_between(watched->since, now)} : Json{});
    auto protocols = Json::array();
    if (watched != nullptr) {
        for (auto const& name : watched->protocols) protocols.push(name);
    }
    json.set("protocols", std::move(protocols));
    json.set("addresses", watched != nullptr ? json_addresses(watched->addresses) : Json::array());
    return json;
}

}  // namespace

NodeCalls::NodeCalls(Parts parts) : parts_(parts), started_(std::chrono::steady_clock::now()) {}

Result<Json> NodeCalls::answer(std::string const& call, Json const& arguments, ControlSession& session) {
    if (call == "status") return status(session);
    if (call == "peers") return peers(session);
    if (call == "connect") return connect(arguments, session);
    if (call == "disconnect") return disconnect(arguments, session);
    if (call == "follow") return parts_.market.follow(arguments, session);
    if (call == "unfollow") return parts_.market.unfollow(arguments);
    if (call == "announce") return parts_.market.announce(session);
    if (call == "recover") return parts_.market.recover(arguments, session);
    if (call == "blob") return parts_.market.blob(arguments, session);
    if (call == "blocks") return parts_.blocks.list(arguments, session);
    if (call == "witness") return parts_.witnesses.ask(arguments, session);
    if (call == "search") return parts_.search.search(arguments, session);
    if (call == "stop") {
        parts_.node.stop();
        return Json::object().set("pid", static_cast<std::int64_t>(::getpid()));
    }
    return Error{Errc::invalid, "control: this node knows no call " + call};
}

Result<Json> NodeCalls::status(ControlSession const& session) {
    auto const work = [node = &parts_.node, watch = &parts_.watch, blocks = &parts_.blocks] {
        return status_of(*node, *watch, std::chrono::steady_clock::now()).set("bitswap", blocks->status());
    };
    ASSIGN_OR_RETURN(auto json, on_node(parts_.node, work, [&] { return session.check(); }));
    json.set("pid", static_cast<std::int64_t>(::getpid()));
    json.set("uptime_seconds", seconds_between(started_, std::chrono::steady_clock::now()));
    json.set("market", parts_.market.registries());
    json.set("profile", parts_.options.profile.folder());
    json.set("log", parts_.options.profile.log_path());
    return json;
}

Result<Json> NodeCalls::peers(ControlSession const& session) {
    auto const work = [node = &parts_.node, watch = &parts_.watch] {
        auto const now = std::chrono::steady_clock::now();
        auto list = Json::array();
        for (auto const& usage : node->swarm().peers()) {
            auto const at = watch->peers().find(usage.peer);
            list.push(json_peer(usage, at == watch->peers().end() ? nullptr : &at->second,
                                node->ledger().standing(usage.peer, now), now));
        }
        return list;
    };
    ASSIGN_OR_RETURN(auto list, on_node(parts_.node, work, [&] { return session.check(); }));
    return Json::object().set("peers", std::move(list));
}

Result<Json> NodeCalls::connect(Json const& arguments, ControlSession const& session) {
    ASSIGN_OR_RETURN(auto const text, text_argument(arguments, "address"));
    ASSIGN_OR_RETURN(auto const seconds, number_argument(arguments, "timeout", 10, k_call_timeout_seconds_max));
    ASSIGN_OR_RETURN(auto known, parse_known_peer(text));
    if (known.peer == parts_.node.swarm().self()) return Error{Errc::invalid, text + " is this node itself"};
    auto const answer = std::make_shared<Answer<Result<void>>>();
    parts_.node.post([watch = &parts_.watch, known, answer] {
        watch->connect(known.peer, known.addresses,
                       [answer](Result<void> outcome) { answer->give(std::move(outcome)); });
    });
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds{seconds};
    auto const outcome = answer->wait([&] { return session.check(); }, deadline);
    auto const* const error = !outcome ? &outcome.error() : !*outcome ? &outcome->error() : nullptr;
    if (error == nullptr) return Json::object().set("peer", known.peer.text()).set("address", text);
    if (error->code == Errc::cancelled) return *error;
    auto const code = error->code == Errc::timed_out ? Errc::timed_out : Errc::unavailable;
    return Error{code, ErrorId::p2p_peer_unreachable, text + ": " + error->context,
                 "ggen p2p ping " + text + " says what answers there"};
}

Result<Json> NodeCalls::disconnect(Json const& arguments, ControlSession const& session) {
    ASSIGN_OR_RETURN(auto const text, text_argument(arguments, "peer"));
    ASSIGN_OR_RETURN(auto const peer, PeerId::parse(text));
    auto const work = [node = &parts_.node, watch = &parts_.watch, peer] {
        bool const was_connected = node->swarm().is_connected(peer);
        watch->disconnect(peer);
        return was_connected;
    };
    ASSIGN_OR_RETURN(bool const was_connected, on_node(parts_.node, work, [&] { return session.check(); }));
    if (!was_connected) {
        return Error{Errc::not_found, ErrorId::p2p_peer_unreachable, text + " is not connected", "ggen p2p peer-list"};
    }
    return Json::object().set("peer", text);
}

}  // namespace ggen::p2p
