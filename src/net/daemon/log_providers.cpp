#include "net/daemon/log_providers.hpp"

#include <utility>

#include "codec/multihash.hpp"

namespace ggen::p2p {
namespace {

constexpr std::chrono::seconds k_lookup_max{5};

/// The id of a log as the multihash that it is.
Bytes provider_key(Digest const& log) {
    return Multihash{k_multihash_sha2_256, Bytes{log.bytes.begin(), log.bytes.end()}}.encode();
}

}  // namespace

void LogProviders::start() {
    node_.on_kad_event([this](KadEvent const& event) { on_kad(event); });
}

void LogProviders::on_kad(KadEvent const& event) {
    Waiting waits;
    std::vector<Holder> holders;
    take(event, waits, holders);
    if (waits) waits(std::move(holders));
}

void LogProviders::take(KadEvent const& event, Waiting& waits, std::vector<Holder>& holders) {
    std::lock_guard const guard{mutex_};
    if (auto const* const published = std::get_if<Published>(&event)) {
        auto const at = provides_.find(published->query);
        if (at != provides_.end()) provided_.insert(at->second);
    } else if (auto const* const found = std::get_if<ProvidersFound>(&event)) {
        for (auto const& one : found->providers) found_[found->query].push_back({one.id, one.addresses});
    } else if (auto const* const peer = std::get_if<PeerFound>(&event)) {
        found_[peer->query].push_back({peer->peer.id, peer->peer.addresses});
    } else if (auto const* const finished = std::get_if<QueryFinished>(&event)) {
        provides_.erase(finished->query);
        if (auto lookup = lookups_.extract(finished->query); !lookup.empty()) waits = std::move(lookup.mapped());
        if (auto named = found_.extract(finished->query); !named.empty()) holders = std::move(named.mapped());
    }
}

void LogProviders::provide(std::vector<Digest> const& all, std::size_t at_once) {
    std::vector<Digest> wanted;
    {
        std::lock_guard const guard{mutex_};
        std::set<Digest> under_way;
        for (auto const& [query, digest] : provides_) under_way.insert(digest);
        for (auto const& digest : all) {
            bool const is_new = !provided_.contains(digest) && !under_way.contains(digest);
            if (is_new && wanted.size() + under_way.size() < at_once) wanted.push_back(digest);
        }
    }
    if (wanted.empty()) return;
    node_.post([this, wanted = std::move(wanted)] {
        if (node_.kad()->table().size() == 0) return;
        for (auto const& digest : wanted) {
            auto const query = node_.kad()->provide(provider_key(digest), steady_now());
            std::lock_guard const guard{mutex_};
            provides_.emplace(query, digest);
        }
    });
}

void LogProviders::unprovide(Digest const& digest) {
    {
        std::lock_guard const guard{mutex_};
        provided_.erase(digest);
    }
    node_.post([this, digest] { node_.kad()->unpublish(provider_key(digest)); });
}

void LogProviders::ask(Digest const& digest, std::function<void(std::vector<Holder>)> done) {
    node_.post([this, digest, done = std::move(done)] {
        if (node_.kad()->table().size() == 0) {
            done({});
            return;
        }
        auto const query = node_.kad()->find_providers(provider_key(digest), steady_now());
        std::lock_guard const guard{mutex_};
        lookups_.emplace(query, done);
    });
}

std::vector<Holder> LogProviders::look_up(Digest const& log, std::optional<PeerId> const& origin,
                                          std::function<Result<void>()> const& check) {
    std::vector<Holder> out;
    for (bool const is_origin : {false, true}) {
        if (is_origin && !origin) continue;
        auto const answer = std::make_shared<Answer<std::vector<Holder>>>();
        node_.post([this, log, origin, is_origin, answer] {
            auto& kad = *node_.kad();
            auto const query = is_origin ? kad.find_peer(*origin, steady_now())
                                         : kad.find_providers(provider_key(log), steady_now());
            std::lock_guard const guard{mutex_};
            lookups_.emplace(query, [answer](std::vector<Holder> holders) { answer->give(std::move(holders)); });
        });
        auto const found = answer->wait(check, steady_now() + k_lookup_max);
        if (found) out.insert(out.end(), found->begin(), found->end());
    }
    return out;
}

}  // namespace ggen::p2p
