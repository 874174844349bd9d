// Answers of strangers: refused, or read back equal.
#include <cstdint>

#include "node/witness_message.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const answer = ggen::p2p::decode_witness_answer({data, size});
    if (!answer) return 0;
    GGEN_ASSERT(answer->status >= 200 && answer->status < 600);
    auto const again = ggen::p2p::decode_witness_answer(ggen::p2p::encode_witness_answer(*answer));
    GGEN_ASSERT(again && again->status == answer->status && again->is_size == answer->is_size);
    GGEN_ASSERT(again->body == answer->body || answer->body.size() > ggen::p2p::k_witness_answer_bytes_max - 16);
    return 0;
}
