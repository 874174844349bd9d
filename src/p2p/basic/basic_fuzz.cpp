// Any sequence of calls to identify, ping and perf: each ends, bounded, with its outputs in order.
#include <cstdint>

#include "p2p/basic/identify.hpp"
#include "p2p/basic/perf.hpp"
#include "p2p/basic/ping.hpp"
#include "p2p/identity/identity.hpp"

namespace ggen::p2p {
namespace {

Ed25519PrivateKey key_of(std::uint8_t number) {
    return Ed25519PrivateKey::from_seed(Bytes(32, number)).value();
}

class Driver {
public:
    Driver(Protocol& protocol, BytesView script) : protocol_(protocol), script_(script) {}

    void run() {
        while (!script_.empty()) {
            auto const op = take();
            step(op);
            while (auto const output = protocol_.poll_output()) {
                if (auto const* const open = std::get_if<OpenStream>(&*output)) streams_[take() % 4] = open->stream;
            }
            static_cast<void>(protocol_.next_deadline());
        }
    }

private:
    std::uint8_t take() {
        if (script_.empty()) return 0;
        auto const byte = script_[0];
        script_ = script_.subspan(1);
        return byte;
    }
    void step(std::uint8_t op) {
        static auto const address = Multiaddr::parse("/ip4/192.0.2.1/tcp/1").value();
        static PeerId const peers[2] = {peer_id_of(key_of(2).public_key()), peer_id_of(key_of(3).public_key())};
        auto const& peer = peers[op / 16 % 2];
        auto const stream = streams_[op / 32 % 4];
        switch (op % 16) {
            case 0: protocol_.on_peer_connected({peer, address, Direction::inbound}, now_); break;
            case 1: protocol_.on_peer_disconnected(peer, now_); break;
            case 2: protocol_.on_stream_opened(stream, "/x", now_); break;
            case 3: protocol_.on_stream_refused(stream, Error{Errc::refused, "no"}, now_); break;
            case 4: case 5: {
                auto const names = protocol_.protocols();
                if (names.empty()) break;
                streams_[op / 32 % 4] = next_key_;
                protocol_.on_inbound_stream(next_key_, peer, names[op % names.size()], now_);
                next_key_ += 2;
                break;
            }
            case 6: case 7: case 8: case 9: {
                std::size_t const wanted = take();
                auto const size = std::min(wanted, script_.size());
                if (size > 0) protocol_.on_stream_bytes(stream, script_.first(size), now_);
                script_ = script_.subspan(size);
                break;
            }
            case 10: protocol_.on_stream_finished(stream, now_); break;
            case 11: protocol_.on_stream_reset(stream, now_); break;
            case 12: protocol_.on_stream_sent(stream, std::size_t{512} * take(), now_); break;
            case 13: now_ += std::chrono::seconds(take() % 64); break;
            case 14: protocol_.on_deadline(now_); break;
            default: protocol_.on_host_changed({peers[0], {"/a"}, {address}}, now_); break;
        }
    }

    Protocol& protocol_;
    BytesView script_;
    TimePoint now_{};
    StreamKey streams_[4] = {};
    StreamKey next_key_ = 2;
};

void fuzz(std::uint8_t choice, BytesView script) {
    static auto const key = key_of(1);
    if (choice % 3 == 0) {
        Identify identify{key, {.keeps_events = true}};
        Driver{identify, script}.run();
    } else if (choice % 3 == 1) {
        Ping ping{1};
        for (std::uint8_t i = 0; i < choice % 5; ++i) ping.ping(peer_id_of(key_of(2).public_key()), {}, {});
        Driver{ping, script}.run();
    } else {
        Perf perf{true};
        perf.run({peer_id_of(key_of(2).public_key()), {}, 100'000, 1000}, {});
        Driver{perf, script}.run();
    }
}

}  // namespace
}  // namespace ggen::p2p

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size >= 1 && size <= 4096) ggen::p2p::fuzz(data[0], {data + 1, size - 1});
    return 0;
}
