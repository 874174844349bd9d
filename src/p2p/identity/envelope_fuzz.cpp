// Keys, envelopes and peer records: what is read can be written and read again, and no changed byte is believed.
#include <cstdint>

#include "p2p/identity/envelope.hpp"
#include "p2p/identity/identity.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ggen::BytesView const bytes{data, size};
    if (auto const key = ggen::p2p::decode_public_key(bytes)) {
        auto const again = ggen::p2p::encode_public_key(*key);
        GGEN_ASSERT(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
        auto const id = ggen::p2p::peer_id_of(*key);
        if (!id.inline_key().empty()) GGEN_ASSERT(ggen::p2p::inline_public_key(id).value() == *key);
    }
    if (auto const envelope = ggen::p2p::Envelope::decode(bytes)) {
        auto const again = ggen::p2p::Envelope::decode(envelope->encode());
        GGEN_ASSERT(again.has_value() && again->payload == envelope->payload && again->key == envelope->key);
    }
    if (auto const record = ggen::p2p::PeerRecord::decode(bytes)) {
        GGEN_ASSERT(ggen::p2p::PeerRecord::decode(record->encode()).value() == *record);
    }
    if (auto const record = ggen::p2p::open_peer_record(bytes)) {
        GGEN_ASSERT(ggen::p2p::Envelope::decode(bytes).has_value());
    }
    return 0;
}
