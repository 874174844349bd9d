// Two ends and a hostile wire: calls of both applications, flights that are cut, held back and changed at will. No
// crash, no end that stops making sense, memory within the budget and all of it back at the end.
#include <array>
#include <cstdint>
#include <memory>

#include "base/testing/fuzz_input.hpp"
#include "p2p/wire/testing/connection_pair.hpp"

namespace {

using ggen::Bytes;
using ggen::BytesView;
using ggen::p2p::Connection;
using ggen::p2p::Yamux;
using ggen::testing::FuzzInput;
namespace testing = ggen::p2p::testing;

constexpr std::uint64_t k_budget_bytes = std::uint64_t{4} << 20U;

struct End {
    std::unique_ptr<Connection> connection;
    Bytes arriving;  // on the wire towards it
    bool has_failed = false;
};

class Fight {
public:
    explicit Fight(bool has_early_muxer) {
        static auto const dialer = testing::config_of(Yamux::Role::dialer, testing::names({"/a/1"}));
        static auto const listener = testing::config_of(Yamux::Role::listener, testing::names({"/a/1", "/b/1"}));
        auto config = dialer;
        config.has_early_muxer = has_early_muxer;
        ends_[0].connection = std::make_unique<Connection>(config, budget_, now_);
        ends_[1].connection = std::make_unique<Connection>(listener, budget_, now_);
    }
    ~Fight() {
        ends_[0].connection.reset();
        ends_[1].connection.reset();
        GGEN_ASSERT(budget_.taken_bytes() == 0);
    }
    Fight(Fight const&) = delete;
    Fight& operator=(Fight const&) = delete;

    void step(FuzzInput& input) {
        auto const call = input.byte();
        End& end = ends_[call & 1U];
        End& other = ends_[1 - (call & 1U)];
        auto& connection = *end.connection;
        auto const stream = static_cast<ggen::p2p::StreamId>(input.byte() % 12);
        now_ += std::chrono::milliseconds{call};
        switch ((call >> 1U) % 14) {
            case 0: (void)connection.open_stream({"/none/1", "/b/1"}, now_); break;
            case 1: (void)connection.open_stream_lazily("/a/1", now_); break;
            case 2: (void)connection.open_stream_lazily("/none/1", now_); break;
            case 3: (void)connection.write(stream, Bytes(std::size_t{input.byte()} * 300, 'x')); break;
            case 4: connection.finish(stream); break;
            case 5: connection.reset(stream); break;
            case 6: connection.consume(stream, std::size_t{input.byte()} * 1024, now_); break;
            case 7: connection.go_away(); break;
            case 8: end.has_failed = !connection.on_deadline(now_) || end.has_failed; break;
            case 9: now_ = std::max(now_, connection.next_deadline()); break;
            case 10:
                if (!end.arriving.empty()) end.arriving[input.byte() % end.arriving.size()] ^= input.byte();
                break;
            case 11: poll(connection, input.byte() % 2 == 0); break;
            default: send(end, other, input); break;
        }
        GGEN_ASSERT(budget_.taken_bytes() <= k_budget_bytes);
    }

private:
    void poll(Connection& connection, bool is_consuming) {
        while (auto event = connection.poll_event()) {
            auto const* bytes = std::get_if<ggen::p2p::StreamBytes>(&*event);
            if (bytes == nullptr) continue;
            GGEN_ASSERT(!bytes->bytes.empty());
            if (is_consuming) connection.consume(bytes->stream, bytes->bytes.size(), now_);
        }
    }
    void send(End& from, End& to, FuzzInput& input) {
        Bytes const out = from.connection->take_output(std::size_t{input.byte()} * 1024 + 1);
        to.arriving.insert(to.arriving.end(), out.begin(), out.end());
        auto const size = std::min(to.arriving.size(), std::size_t{input.byte()} * 200 + 1);
        auto const done = to.connection->on_bytes(BytesView{to.arriving}.first(size), now_);
        // An error is the last word: nothing is taken after it.
        GGEN_ASSERT(!to.has_failed || !done || size == 0);
        to.has_failed = to.has_failed || !done;
        to.arriving.erase(to.arriving.begin(), to.arriving.begin() + static_cast<std::ptrdiff_t>(size));
        poll(*to.connection, true);
    }

    ggen::p2p::WindowBudget budget_{k_budget_bytes};
    ggen::TimePoint now_{std::chrono::seconds{1000}};
    std::array<End, 2> ends_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    FuzzInput input{{data, std::min<std::size_t>(size, 4096)}};
    Fight fight{input.byte() % 2 == 0};
    while (!input.is_empty()) fight.step(input);
    return 0;
}
