#include "peer_node.hpp"

#include <sys/resource.h>

#include <cstdio>

#include "peer_json.hpp"

namespace ggen::p2p::interop {
namespace {

TimePoint steady_now() { return std::chrono::steady_clock::now(); }

void say(Json const& line) {
    std::printf("%s\n", line.dump().c_str());
    std::fflush(stdout);
}

std::int64_t microseconds(std::chrono::nanoseconds duration) {
    return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

Json usage() {
    rusage raw{};
    getrusage(RUSAGE_SELF, &raw);
    auto const in_us = [](timeval const& time) { return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec; };
    auto out = Json::object();
    out.set("peak_rss_bytes", std::int64_t{raw.ru_maxrss} * 1024);
    out.set("cpu_us", in_us(raw.ru_utime) + in_us(raw.ru_stime));
    return out;
}

}  // namespace

Result<std::unique_ptr<PeerNode>> PeerNode::create(Json const& options) {
    SystemRandom random;
    std::unique_ptr<PeerNode> node{new PeerNode(Ed25519PrivateKey::generate(random))};
    ASSIGN_OR_RETURN(node->driver_, AsioDriver::create(node->swarm_));
    auto const now = steady_now();
    node->overlay_ = std::make_unique<PeerOverlay>(node->key_, options, node->random_, now);
    for (auto* const protocol : node->overlay_->protocols()) node->swarm_.add_protocol(*protocol, now);
    for (auto* const protocol : std::initializer_list<Protocol*>{&node->identify_, &node->ping_, &node->perf_,
                                                                 &node->app_}) {
        node->swarm_.add_protocol(*protocol, now);
    }
    auto const* const listen = options.find("listen");
    if (listen != nullptr && listen->if_array() != nullptr) {
        for (auto const& text : *listen->if_array()) {
            if (text.if_string() == nullptr) return Error{Errc::invalid, "listen: addresses are texts"};
            ASSIGN_OR_RETURN(auto const address, Multiaddr::parse(*text.if_string()));
            node->swarm_.listen(address, now);
        }
    } else {
        node->swarm_.listen(Multiaddr::parse("/ip4/127.0.0.1/tcp/0").value(), now);
    }
    return node;
}

void PeerNode::run() {
    driver_->set_turn_hook([this](TimePoint now) {
        poll(now);
        return false;
    });
    driver_->run_until(TimePoint::max());
}

void PeerNode::stop() { driver_->stop(); }

void PeerNode::command(std::string line) {
    driver_->post([this, line = std::move(line)](TimePoint now) {
        auto const command = Json::parse(line);
        if (command) {
            perform(*command, now);
        } else {
            std::fprintf(stderr, "libp2p_peer: %s\n", command.error().context.c_str());
        }
    });
}

void PeerNode::perform(Json const& command, TimePoint now) {
    auto const id = static_cast<std::int64_t>(number_of(command, "id", 0));
    if (auto const result = start(id, command, now)) answer(id, *result);
    swarm_.on_protocols_called(now);
}

std::optional<Answer> PeerNode::start(std::int64_t id, Json const& command, TimePoint now) {
    auto const name = text_of(command, "do");
    if (name == "stop") {
        swarm_.shut_down(now);
        driver_->stop();
        return Json::object();
    }
    if (name == "usage") return usage();
    if (name == "peers") return peers();
    if (name == "handle") {
        app_.claim(text_of(command, "protocol"));
        return Json::object();
    }
    if (overlay_->perform(id, name, command, now, tell())) return std::nullopt;
    return start_basic(id, name, command, now);
}

std::optional<Answer> PeerNode::start_basic(std::int64_t id, std::string const& name, Json const& command,
                                                      TimePoint now) {
    auto const target = target_of(command);
    if (!target) return target.error();
    if (name == "connect") {
        app_.connect(target->peer, target->addresses, [this, id](Result<std::uint64_t> const& result) {
            answer(id, result ? Answer{Json::object()} : Answer{result.error()});
        });
    } else if (name == "disconnect") {
        swarm_.disconnect(target->peer, now);
        identities_.erase(target->peer);  // the next connection has its own identify
        return Json::object();
    } else if (name == "ping") {
        pings_[target->peer].push_back(id);
        ping_.ping(target->peer, target->addresses, now);
    } else if (name == "identify") {
        identifies_.emplace(target->peer, id);
        app_.connect(target->peer, target->addresses, [](Result<std::uint64_t> const&) {});
    } else if (name == "protocols_of") {
        return protocols_of(target->peer);
    } else if (name == "echo") {
        auto const done = [this, id](Result<PeerApp::Echoed> const& result) {
            if (!result) return answer(id, result.error());
            answer(id, Json::object().set("bytes", result->bytes).set("first_us", microseconds(result->until_first)));
        };
        app_.echo(target->peer, target->addresses, number_of(command, "bytes", 0), done, now);
    } else if (name == "perf") {
        auto const streams = number_of(command, "streams", 1);
        auto const download = number_of(command, "download", 0);
        perf_groups_.emplace(id, PerfGroup{streams, streams * download, now});
        for (std::uint64_t i = 0; i < streams; ++i) {
            auto const transfer =
                perf_.run({target->peer, target->addresses, number_of(command, "upload", 0), download}, now);
            transfers_.emplace(transfer, id);
        }
    } else {
        return Error{Errc::invalid, "no command " + name};
    }
    return std::nullopt;
}

Answer PeerNode::peers() const {
    std::vector<std::string> out;
    for (auto const& peer : swarm_.peers()) out.push_back(peer.peer.text());
    return Json::object().set("peers", json_of(out));
}

Answer PeerNode::protocols_of(PeerId const& peer) const {
    auto const& all = app_.protocols_of();
    auto const at = all.find(peer);
    return Json::object().set("protocols", at == all.end() ? Json::array() : json_of(at->second));
}

void PeerNode::answer(std::int64_t id, Answer const& result) {
    auto line = Json::object();
    line.set("id", id);
    line.set("ok", result.has_value());
    if (result) {
        line.merge(*result);
    } else {
        line.set("error", result.error().context);
    }
    say(line);
}

void PeerNode::poll(TimePoint now) {
    auto const addresses = swarm_.listen_addresses();
    if (!is_ready_ && !addresses.empty()) {
        is_ready_ = true;
        auto texts = Json::array();
        auto const self = swarm_.self().text();
        for (auto const& address : addresses) texts.push(address.text() + "/p2p/" + self);
        say(Json::object().set("event", "ready").set("peer", self).set("addresses", std::move(texts)));
    }
    overlay_->poll(tell(), say);
    poll_basic(now);
}

PeerOverlay::Tell PeerNode::tell() {
    return [this](std::int64_t id, Answer const& result) { answer(id, result); };
}

void PeerNode::poll_basic(TimePoint now) {
    while (auto const done = ping_.poll_event()) {
        auto& waiting = pings_[done->peer];
        if (waiting.empty()) continue;
        auto const id = waiting.front();
        waiting.pop_front();
        if (done->round_trip) {
            answer(id, Json::object().set("round_trip_us", microseconds(*done->round_trip)));
        } else {
            answer(id, done->round_trip.error());
        }
    }
    while (auto event = identify_.poll_event()) identities_.insert_or_assign(event->peer, std::move(*event));
    for (auto at = identifies_.begin(); at != identifies_.end();) {
        auto const found = identities_.find(at->first);
        if (found == identities_.end()) {
            ++at;
            continue;
        }
        auto const& identity = found->second;
        auto out = Json::object();
        out.set("peer", identity.peer.text()).set("agent", identity.agent);
        out.set("protocols", json_of(identity.protocols)).set("addresses", json_of(identity.addresses));
        out.set("observed", identity.observed ? Json{identity.observed->text()} : Json{});
        out.set("certified", identity.is_certified);
        answer(at->second, out);
        at = identifies_.erase(at);
    }
    while (auto const done = perf_.poll_event()) {
        auto const at = transfers_.find(done->id);
        if (at == transfers_.end()) continue;
        auto const id = at->second;
        transfers_.erase(at);
        auto const group = perf_groups_.find(id);
        if (group == perf_groups_.end()) continue;
        if (!done->report) {
            answer(id, done->report.error());
            perf_groups_.erase(group);
        } else if (--group->second.left == 0) {
            auto const seconds = std::chrono::duration<double>(now - group->second.begin).count();
            answer(id, Json::object().set("received", group->second.download_bytes).set("seconds", seconds));
            perf_groups_.erase(group);
        }
    }
}

}  // namespace ggen::p2p::interop
