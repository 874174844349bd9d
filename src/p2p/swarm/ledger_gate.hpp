#pragma once

#include "p2p/reputation/ledger.hpp"
#include "p2p/swarm/gate.hpp"

namespace ggen::p2p {

/// The door of a swarm that a reputation ledger keeps (docs/protocols/p2p-reputation.md): refuses peers that are banned
/// or deep in faults, networks whose peers are, and strangers from networks that are on the way there; writes down how
/// peers behave, and has those sent away that go too far.
class LedgerGate final : public Gate {
public:
    /// `ledger` must outlive the gate.
    explicit LedgerGate(Ledger& ledger) : ledger_(ledger) {}

    [[nodiscard]] bool may_dial(PeerId const& peer, Multiaddr const& address, TimePoint now) override;
    [[nodiscard]] bool may_accept(Multiaddr const& address, TimePoint now) override;
    [[nodiscard]] bool may_connect(PeerId const& peer, Multiaddr const& address, TimePoint now) override;
    [[nodiscard]] bool may_stay(PeerId const& peer, TimePoint now) override;
    /// As much as it served us lately: what it may take is what it gave.
    [[nodiscard]] std::uint64_t receive_bytes_max(PeerId const& peer, TimePoint now) override;
    void on_conduct(ReportPeer const& report, Multiaddr const& address, TimePoint now) override;

private:
    Ledger& ledger_;
};

}  // namespace ggen::p2p
