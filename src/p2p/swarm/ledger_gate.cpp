#include "p2p/swarm/ledger_gate.hpp"

namespace ggen::p2p {

bool LedgerGate::may_dial(PeerId const& peer, Multiaddr const& /*address*/, TimePoint now) {
    return !ledger_.is_refused(peer, now);
}

bool LedgerGate::may_accept(Multiaddr const& address, TimePoint now) {
    return ledger_.network_score(address, now) > k_ledger_refused_network_score;
}

/// A new name from a bad network is what a bad peer would come back as; whoever was useful before is let in.
bool LedgerGate::may_connect(PeerId const& peer, Multiaddr const& address, TimePoint now) {
    if (ledger_.is_refused(peer, now)) return false;
    if (ledger_.network_score(address, now) <= k_ledger_refused_strangers_score &&
        ledger_.standing(peer, now).is_stranger) {
        return false;
    }
    ledger_.on_connected(peer, address, now);
    return true;
}

bool LedgerGate::may_stay(PeerId const& peer, TimePoint now) { return !ledger_.is_refused(peer, now); }

std::uint64_t LedgerGate::receive_bytes_max(PeerId const& peer, TimePoint now) {
    return ledger_.standing(peer, now).score > 0 ? ledger_.useful_bytes(peer, now) : 0;
}

void LedgerGate::on_conduct(ReportPeer const& report, Multiaddr const& /*address*/, TimePoint now) {
    ledger_.on_conduct(report.peer, report.conduct, report.weight, now);
}

}  // namespace ggen::p2p
