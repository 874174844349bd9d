// Questions, summaries and hits of strangers: refused, or within their limits and read back equal; a hit is proven or
// refused without harm.
#include <cstdint>

#include "node/search_message.hpp"

namespace ggen::p2p {
namespace {

void look(BytesView input) {
    if (auto const request = decode_search_request(input)) {
        GGEN_ASSERT(request->limit >= 1 && request->limit <= k_search_hits_max);
        GGEN_ASSERT(request->text.size() <= k_search_text_bytes_max && request->tags.size() <= k_search_tags_max);
        auto const again = decode_search_request(encode_search_request(*request));
        GGEN_ASSERT(again && again->text == request->text && again->category == request->category &&
                    again->tags == request->tags && again->except == request->except && again->limit == request->limit);
    }
    if (auto const summary = decode_search_summary(input)) GGEN_ASSERT(summary->hits <= k_search_hits_max);
    if (auto const hit = decode_search_hit(input)) {
        GGEN_ASSERT(hit->manifest.size() <= k_search_manifest_bytes_max);
        auto const again = decode_search_hit(encode_search_hit(*hit));
        GGEN_ASSERT(again && again->log_key == hit->log_key && again->proof == hit->proof &&
                    again->manifest == hit->manifest);
        auto const proven = prove_search_hit(*hit);
        GGEN_ASSERT(!proven || proven->index < proven->log_size);
    }
}

}  // namespace
}  // namespace ggen::p2p

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ggen::p2p::look({data, size});
    return 0;
}
