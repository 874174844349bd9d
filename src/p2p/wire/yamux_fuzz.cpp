// A sequence of calls chosen by the input: raw frames from a hostile peer between the calls of an
// application. No crash, memory within the budget, and everything given back at the end.
#include <cstdint>

#include "base/testing/fuzz_input.hpp"
#include "p2p/wire/yamux.hpp"

namespace {

using ggen::testing::FuzzInput;
using ggen::p2p::Yamux;

constexpr std::uint64_t k_budget_bytes = 1 << 20;

void drain(Yamux& session, ggen::TimePoint now, bool is_consuming) {
    while (auto const event = session.poll_event()) {
        if (auto const* opened = std::get_if<ggen::p2p::StreamOpened>(&*event)) session.accept(opened->stream);
        auto const* data = std::get_if<ggen::p2p::StreamData>(&*event);
        if (data != nullptr && is_consuming) session.consume(data->stream, data->bytes.size(), now);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ggen::p2p::WindowBudget budget{k_budget_bytes};
    {
        Yamux session{Yamux::Role::listener, budget};
        FuzzInput input{{data, size}};
        ggen::TimePoint now{};
        while (!input.is_empty()) {
            auto const call = input.byte();
            ggen::p2p::StreamId const stream = input.byte() % 8U;
            now += std::chrono::milliseconds{call};
            switch (call % 12) {
                case 0: (void)session.open_stream(); break;
                case 1: (void)session.write(stream, ggen::Bytes(std::size_t{input.byte()} * 512)); break;
                case 2: session.finish(stream); break;
                case 3: session.reset(stream); break;
                case 4: session.consume(stream, std::size_t{input.byte()} * 1024, now); break;
                case 5: session.ping(now); break;
                case 6: session.go_away(); break;
                case 7: (void)session.take_output(std::size_t{input.byte()} * 64); break;
                case 8: drain(session, now, (call & 16U) != 0); break;
                case 9: {
                    ggen::Bytes body;
                    ggen::p2p::YamuxHeader{ggen::p2p::YamuxType::data, static_cast<std::uint16_t>(call >> 4U), stream,
                                           60'000}.append_to(body);
                    body.resize(body.size() + 60'000);
                    (void)session.on_bytes(body, now);
                    break;
                }
                default: (void)session.on_bytes(input.bytes(12), now); break;
            }
            GGEN_ASSERT(budget.taken_bytes() <= k_budget_bytes);
        }
    }
    GGEN_ASSERT(budget.taken_bytes() == 0);
    return 0;
}
