// An image of the ledger from a disk that may hold anything: read or refused, and what was read is written again.
#include <cstdint>

#include "p2p/reputation/ledger.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ggen::TimePoint const now{std::chrono::hours{100'000}};
    auto const ledger = ggen::p2p::Ledger::decode({data, size}, std::chrono::seconds{60}, now);
    if (!ledger) return 0;
    GGEN_ASSERT(ledger->peer_count() <= ggen::p2p::k_ledger_peers_max);
    auto const again = ggen::p2p::Ledger::decode(ledger->encode(now), std::chrono::seconds{0}, now);
    GGEN_ASSERT(again && again->peer_count() == ledger->peer_count());
    return 0;
}
