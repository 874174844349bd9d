// Identify messages: any bytes are refused or read; what is read can be written in small messages and read again.
#include <cstdint>

#include "p2p/basic/identify_message.hpp"

namespace ggen::p2p {
namespace {

void check(BytesView bytes) {
    IdentifyMessage message;
    if (!merge_identify(bytes, message)) return;
    GGEN_ASSERT(message.protocols.size() <= k_identify_protocols_max);
    GGEN_ASSERT(message.listen_addresses.size() <= k_identify_addresses_max);
    GGEN_ASSERT(message.agent_version.size() <= k_identify_agent_bytes_max);
    auto const is_large = [](std::optional<Bytes> const& field) { return field && field->size() > 4000; };
    if (is_large(message.signed_peer_record) || is_large(message.public_key)) return;
    IdentifyMessage again;
    for (auto const& part : encode_identify(message)) {
        GGEN_ASSERT(part.size() <= k_identify_emit_bytes_max && merge_identify(part, again).has_value());
    }
    GGEN_ASSERT(again == message);
}

}  // namespace
}  // namespace ggen::p2p

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ggen::p2p::check({data, size});
    return 0;
}
