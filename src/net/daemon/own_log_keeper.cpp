#include "net/daemon/own_log_keeper.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "node/own_registry.hpp"
#include "registry/log_restore.hpp"
#include "registry/root_chain.hpp"

namespace ggen::p2p {

/// Nothing when the peer has no copy, or one that our key did not sign.
std::optional<std::uint64_t> OwnLogKeeper::size_shown_by(PeerSource& source) const {
    auto const note = source.read("checkpoint", merkle::k_checkpoint_bytes_max);
    auto const identity = options_.profile.load_identity(options_.files, options_.random);
    if (!note || !identity) return std::nullopt;
    auto const opened = merkle::open_checkpoint(as_text(*note), identity->verifier());
    if (!opened) return std::nullopt;
    return opened->checkpoint.size;
}

Result<Json> OwnLogKeeper::recover(std::vector<Holder> const& holders, Check const& check, CancelToken const& cancel) {
    std::lock_guard const guard{one_at_a_time_};
    auto const deadline = std::chrono::steady_clock::now() + k_own_log_wait;
    auto const in_time = [&]() -> Result<void> {
        RETURN_IF_ERROR(check());
        if (std::chrono::steady_clock::now() < deadline) return ok();
        return Error{Errc::timed_out, "no answer in time"};
    };
    std::vector<Shown> shown;
    std::set<PeerId> asked{node_.swarm().self()};
    for (auto const& holder : holders) {
        RETURN_IF_ERROR(check());
        if (!asked.insert(holder.peer).second) continue;
        PeerSource source{node_, exchange_, holder, log_, in_time};
        if (auto const size = size_shown_by(source)) shown.push_back({holder, *size});
    }
    std::stable_sort(shown.begin(), shown.end(), [](Shown const& a, Shown const& b) { return a.size > b.size; });
    ASSIGN_OR_RETURN(auto const options, own_writer_options(options_.files, options_.random, options_.profile));
    std::optional<RestoreReport> report;
    std::optional<Error> failure;
    for (auto const& [holder, size] : shown) {
        PeerSource source{node_, exchange_, holder, log_, check};
        auto root = ggen::detail::load_root_chain(options_.files, options.directory);
        if (!root) root = fetch_root_of_peer(source, node_.swarm().self());
        auto done = root ? restore_log(options_.files, options_.clock, options, *root, source, cancel)
                         : Result<RestoreReport>{root.error()};
        if (done) {
            // The longest copies come first, and ours is not shorter now.
            report = *done;
            break;
        }
        if (done.error().id == ErrorId::log_fork || done.error().code == Errc::cancelled ||
            done.error().id == ErrorId::registry_busy) {
            return done.error();
        }
        failure = done.error();
    }
    if (!report && failure) return *failure;
    auto json = Json::object();
    json.set("asked", std::uint64_t{asked.size() - 1}).set("holders", std::uint64_t{shown.size()});
    json.set("size", report ? report->size : std::uint64_t{0});
    json.set("restored", report ? report->size - report->old_size : std::uint64_t{0});
    if (!report) return json;
    if (report->size > report->old_size) {
        options_.log.warn("this node's own registry came back from a peer: " + std::to_string(report->old_size) +
                          " entries were here, " + std::to_string(report->size) + " are now");
    }
    RETURN_IF_ERROR(accept_log(options_.files, options_.clock, options));
    return json;
}

Result<Json> OwnLogKeeper::accept_alone() {
    std::lock_guard const guard{one_at_a_time_};
    ASSIGN_OR_RETURN(auto const options, own_writer_options(options_.files, options_.random, options_.profile));
    RETURN_IF_ERROR(accept_log(options_.files, options_.clock, options));
    auto json = Json::object();
    json.set("asked", std::uint64_t{0}).set("holders", std::uint64_t{0}).set("restored", std::uint64_t{0});
    return json;
}

}  // namespace ggen::p2p
