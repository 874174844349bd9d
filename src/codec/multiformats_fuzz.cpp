// Varints, multibase, multihashes, CIDs and peer ids: what is accepted has one spelling in its own form.
#include <cstdint>
#include <string_view>

#include "codec/multibase.hpp"
#include "codec/multihash.hpp"
#include "codec/peer_id.hpp"
#include "codec/varint.hpp"

namespace {

bool equal(ggen::BytesView a, ggen::BytesView b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ggen::BytesView const bytes{data, size};
    std::string_view const text{reinterpret_cast<char const*>(data), size};
    if (auto const varint = ggen::peek_uvarint(bytes); varint && *varint) {
        ggen::Bytes again;
        ggen::append_uvarint(again, (*varint)->value);
        GGEN_ASSERT(equal(again, bytes.first((*varint)->size_bytes)));
    }
    if (auto const based = ggen::multibase_decode(text)) {
        GGEN_ASSERT(ggen::multibase_encode(based->base, based->bytes) == text);
    }
    if (auto const hash = ggen::Multihash::decode(bytes)) GGEN_ASSERT(equal(hash->encode(), bytes));
    if (auto const cid = ggen::Cid::decode(bytes)) GGEN_ASSERT(equal(cid->encode(), bytes));
    if (auto const cid = ggen::Cid::parse(text)) GGEN_ASSERT(ggen::Cid::parse(cid->text()).value() == *cid);
    if (auto const id = ggen::PeerId::from_bytes(bytes)) GGEN_ASSERT(ggen::PeerId::parse(id->text()).value() == *id);
    if (auto const id = ggen::PeerId::parse(text)) GGEN_ASSERT(ggen::PeerId::parse(id->cid_text()).value() == *id);
    return 0;
}
