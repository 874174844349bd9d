// Requests and answers of strangers: refused, or within their limits and read back equal.
#include <cstdint>

#include "p2p/exchange/limits.hpp"
#include "p2p/exchange/message.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ggen::BytesView const input{data, size};
    if (auto const request = ggen::p2p::decode_exchange_request(input)) {
        GGEN_ASSERT(request->length >= 1 && request->length <= ggen::p2p::k_exchange_range_bytes_max);
        GGEN_ASSERT(request->path.find("..") == std::string::npos && request->path.front() != '/');
        auto const again = ggen::p2p::decode_exchange_request(encode_exchange_request(*request));
        GGEN_ASSERT(again && again->path == request->path && again->offset == request->offset &&
                    again->length == request->length && again->log == request->log);
    }
    if (auto const answer = ggen::p2p::decode_exchange_answer(input)) {
        GGEN_ASSERT(answer->length <= ggen::p2p::k_exchange_range_bytes_max);
        GGEN_ASSERT((answer->status == ggen::p2p::ExchangeStatus::ok) == (answer->length != 0));
    }
    if (auto const kind = ggen::p2p::kind_of_path(ggen::as_text(input))) {
        GGEN_ASSERT(size <= ggen::p2p::k_exchange_path_bytes_max);
        GGEN_ASSERT((*kind == ggen::p2p::ObjectKind::log) == !ggen::p2p::blob_of_path(ggen::as_text(input)));
    }
    return 0;
}
