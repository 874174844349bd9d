#include "net/daemon/log_holders.hpp"

#include <set>
#include <utility>

#include "net/daemon/arguments.hpp"
#include "net/daemon/node_thread.hpp"
#include "node/checkpoint_topic.hpp"
#include "node/own_registry.hpp"
#include "node/profile.hpp"
#include "p2p/exchange/message.hpp"
#include "registry/root_chain.hpp"

namespace ggen::p2p {
namespace {

constexpr std::size_t k_holders_max = 16;  ///< asked in turn for one look at a log
constexpr std::size_t k_blob_holders_max = 256;
constexpr std::size_t k_sources_max = 8;

/// The id names the key that signs the log; the root file beside it is the one of that fingerprint, or taken on first
/// use.
Result<RootFile> fetch_root_of_log(RegistrySource& source, FollowWish const& wish) {
    auto const refused = [&](std::string const& why) {
        return Error{Errc::refused, ErrorId::p2p_follow_refused,
                     "the registry shown for " + wish.log.hex() + " " + why};
    };
    ASSIGN_OR_RETURN(auto const first, source.read("root/1", RootFile::k_bytes_max));
    ASSIGN_OR_RETURN(auto root, RootFile::parse(as_text(first)));
    RETURN_IF_ERROR(root.verify_signed_by(root));
    bool const is_first = root.fingerprint() == wish.fingerprint;
    ASSIGN_OR_RETURN(auto newest, ggen::detail::follow_root_chain(source, std::move(root)));
    if (log_id(newest.log_key) != wish.log) return refused("is signed by another key");
    if (wish.fingerprint && !is_first && newest.fingerprint() != *wish.fingerprint) {
        return refused("has a root file of another fingerprint");
    }
    return newest;
}

}  // namespace

Result<FollowWish> FollowWish::parse(Json const& arguments) {
    FollowWish wish;
    ASSIGN_OR_RETURN(wish.sources, list_argument(arguments, "sources"));
    if (wish.sources.size() > k_sources_max) return Error{Errc::invalid, "control: at most 8 sources"};
    if (arguments.find("root") != nullptr) {
        ASSIGN_OR_RETURN(auto const note, text_argument(arguments, "root"));
        ASSIGN_OR_RETURN(wish.root, RootFile::parse(note));
        wish.log = log_id(wish.root->log_key);
        return wish;
    }
    if (arguments.find("fingerprint") != nullptr) {
        ASSIGN_OR_RETURN(auto const text, text_argument(arguments, "fingerprint"));
        ASSIGN_OR_RETURN(wish.fingerprint, Digest::parse(text));
    }
    ASSIGN_OR_RETURN(auto const text, text_argument(arguments, "registry"));
    if (auto const log = Digest::from_hex(text)) {
        wish.log = *log;
        return wish;
    }
    ASSIGN_OR_RETURN(wish.peer, PeerId::parse(text));
    ASSIGN_OR_RETURN(auto const key, log_key_of_peer(*wish.peer));
    wish.log = log_id(key);
    return wish;
}

std::vector<Holder> LogHolders::of(Digest const& log, std::optional<PeerId> const& origin, Check const& check) {
    return gather(log, origin, k_holders_max, check);
}

std::vector<Holder> LogHolders::of_blob(Digest const& log, std::optional<PeerId> const& origin, Check const& check) {
    return gather(log, origin, k_blob_holders_max, check);
}

std::vector<Holder> LogHolders::gather(Digest const& log, std::optional<PeerId> const& origin,
                                       std::size_t followers_max, Check const& check) {
    auto const work = [this, log, origin, followers_max] {
        std::vector<Holder> out;
        std::set<PeerId> seen;
        auto const add = [&](PeerId const& peer, std::size_t most) {
            bool const is_usable = parts_.node.swarm().is_connected(peer) ||
                                   !parts_.node.swarm().known_addresses(peer).empty();
            if (peer == parts_.node.swarm().self() || !is_usable || !seen.insert(peer).second) return;
            if (out.size() < most) out.push_back({peer, {}});
        };
        if (origin) add(*origin, followers_max);
        for (auto const& peer : parts_.node.gossip()->subscribers(checkpoint_topic(log))) add(peer, followers_max);
        for (auto const& [peer, watched] : parts_.watch.peers()) add(peer, k_holders_max);
        return out;
    };
    auto holders = on_node(parts_.node, work, check);
    return holders ? *std::move(holders) : std::vector<Holder>{};
}

Result<RootFile> LogHolders::find_root(FollowWish const& wish, std::vector<Holder>* holders, Check const& check) {
    std::optional<Error> refused;
    std::set<PeerId> silent;
    for (bool const is_looked_up : {false, true}) {
        auto const candidates = is_looked_up ? parts_.providers.look_up(wish.log, wish.peer, check)
                                             : of(wish.log, wish.peer, check);
        for (auto const& holder : candidates) {
            RETURN_IF_ERROR(check());
            PeerSource source{parts_.node, parts_.exchange, holder, wish.log, check};
            auto root = wish.peer ? fetch_root_of_peer(source, *wish.peer) : fetch_root_of_log(source, wish);
            if (root) {
                holders->insert(holders->begin(), holder);
                return root;
            }
            if (root.error().id == ErrorId::p2p_follow_refused) refused = root.error();
            bool const is_silent = root.error().code == Errc::timed_out || root.error().code == Errc::unavailable;
            if (is_silent) silent.insert(holder.peer);
        }
    }
    if (refused) return *refused;
    if (!silent.empty()) {
        return Error{Errc::unavailable, ErrorId::p2p_not_held,
                     "nobody gave the registry of " + wish.label() + ", and " + std::to_string(silent.size()) +
                         (silent.size() == 1 ? " peer" : " peers") + " did not answer in time",
                     "ggen follow " + wish.label() + " again in a moment, they may be busy"};
    }
    return Error{Errc::not_found, ErrorId::p2p_not_held,
                 "no peer that can be reached has the registry of " + wish.label(), "ggen p2p connect MULTIADDR"};
}

}  // namespace ggen::p2p
