// A file of peers from a disk that may hold anything: read or refused, and what was read is written and read again.
#include <cstdint>

#include "p2p/discovery/peerstore.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using ggen::p2p::Peerstore;
    ggen::Bytes id{0x00, 0x24, 0x08, 0x01, 0x12, 0x20};
    id.resize(38, 1);
    ggen::p2p::PeerstoreOptions const options{*ggen::PeerId::from_bytes(id), {1'800'000'000}, {}};
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
