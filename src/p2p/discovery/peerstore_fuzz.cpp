// A file of peers from a disk that may hold anything: read or refused, and what was read is written and read again.
#include <cstdint>

#include "codec/testing/peer_ids.hpp"
#include "p2p/discovery/peerstore.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using ggen::p2p::Peerstore;
    ggen::p2p::PeerstoreOptions const options{ggen::testing::numbered_peer(1), {1'800'000'000}, {}};
    Peerstore store{options};
    if (!store.decode({data, size}, {})) {
        GGEN_ASSERT(store.peer_count() == 0);
        return 0;
    }
    GGEN_ASSERT(store.peer_count() <= ggen::p2p::k_peerstore_peers_max);
    Peerstore again{options};
    GGEN_ASSERT(again.decode(store.encode({}), {}).has_value());
    GGEN_ASSERT(again.peer_count() == store.peer_count());
    return 0;
}
