// Any bytes in any pieces: both sides end, agree only on what they offered, and cut at the same byte.
#include <cstdint>

#include "p2p/wire/multistream.hpp"

namespace {

void check(ggen::p2p::Multistream whole, ggen::p2p::Multistream pieces, ggen::BytesView bytes) {
    auto const taken = whole.on_bytes(bytes);
    std::size_t sum = 0;
    bool is_failed = false;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        auto const one = pieces.on_bytes(bytes.subspan(i, 1));
        is_failed = !one;
        if (!one || *one == 0) break;
        sum += *one;
    }
    GGEN_ASSERT(is_failed == !taken.has_value());
    if (taken) GGEN_ASSERT(sum == *taken && whole.state() == pieces.state());
    GGEN_ASSERT(whole.take_output() == pieces.take_output());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const dial = [] { return ggen::p2p::Multistream::dial({"/noise", "/tls/1.0.0"}).value(); };
    auto const listen = [] { return ggen::p2p::Multistream::listen({"/noise", "/yamux/1.0.0"}); };
    check(dial(), dial(), {data, size});
    check(listen(), listen(), {data, size});
    return 0;
}
