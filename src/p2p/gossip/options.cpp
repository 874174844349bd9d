#include "p2p/gossip/options.hpp"

namespace ggen::p2p {
namespace {

Error invalid(char const* what) { return Error{Errc::invalid, std::string{"gossip options: "} + what}; }

}  // namespace

Result<void> GossipOptions::validate() const {
    if (!(mesh_low <= mesh_size && mesh_size <= mesh_high && mesh_low >= 1)) {
        return invalid("mesh sizes are out of order");
    }
    if (mesh_best > mesh_size) return invalid("mesh_best is over mesh_size");
    if (mesh_outbound >= mesh_low || mesh_outbound > mesh_size / 2) {
        return invalid("mesh_outbound is not below mesh_low and within half of mesh_size");
    }
    if (gossip_windows > cache_windows || gossip_windows == 0) return invalid("gossip_windows is over cache_windows");
    if (heartbeat.count() <= 0 || first_heartbeat.count() < 0 || seen_ttl.count() <= 0 || iwant_retry.count() <= 0) {
        return invalid("a time is not positive");
    }
    if (iwant_followup < iwant_retry) return invalid("iwant_followup is below iwant_retry");
    if (prune_backoff > k_gossip_backoff_max || prune_backoff.count() < 1 || unsubscribe_backoff.count() < 1) {
        return invalid("a backoff is not from 1 s to 1 h");
    }
    if (opportunistic_ticks == 0 || direct_connect_ticks == 0) return invalid("a number of ticks is 0");
    if (gossip_factor < 0 || gossip_factor > 1) return invalid("gossip_factor is not from 0 to 1");
    if (probe_window < probe_hold) return invalid("probe_window is below probe_hold");
    if (eager_peers == 0) return invalid("eager_peers is 0");
    RETURN_IF_ERROR(score.validate());
    RETURN_IF_ERROR(thresholds.validate());
    return fanout_topic.score.validate();
}

}  // namespace ggen::p2p
