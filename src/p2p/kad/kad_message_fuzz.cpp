// Any bytes as a message: no crash, lists within their limits, and what was read is written within what rust takes and
// read again as the same.
#include <cstdint>

#include "p2p/kad/message.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const message = ggen::p2p::decode_kad_message({data, size});
    if (!message) return 0;
    for (auto const* list : {&message->closer, &message->providers}) {
        GGEN_ASSERT(list->size() <= ggen::p2p::k_kad_peers_accept_max);
        for (auto const& peer : *list) {
            GGEN_ASSERT(peer.addresses.size() <= ggen::p2p::k_kad_addresses_accept_max);
            for (auto const view : peer.addresses.views()) {
                (void)ggen::p2p::address_reach(view);
                (void)ggen::p2p::address_group(view);
            }
            (void)peer.addresses.decode();
        }
    }
    auto const written = ggen::p2p::encode_kad_message(*message);
    GGEN_ASSERT(message->record || written.size() <= ggen::p2p::k_kad_message_emit_bytes_max);
    auto const again = ggen::p2p::decode_kad_message(written);
    GGEN_ASSERT(again.has_value());
    GGEN_ASSERT(again->type == message->type && again->key == message->key && again->record == message->record);
    GGEN_ASSERT(again->closer.size() <= message->closer.size());
    return 0;
}
