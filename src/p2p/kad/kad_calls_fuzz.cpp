// A sequence of calls chosen by the input: a host with hostile peers on one side, an application on the other. No
// crash, every list within its limit, and nothing left when all peers have gone and time has passed.
#include <cstdint>
#include <memory>
#include <vector>

#include "base/testing/fuzz_input.hpp"
#include "codec/testing/peer_ids.hpp"
#include "p2p/kad/kad.hpp"
#include "p2p/protocol/message_reader.hpp"

namespace {

using ggen::testing::FuzzInput;
using ggen::testing::numbered_peer;
using ggen::p2p::Kad;
using ggen::p2p::StreamKey;

class AnyValue final : public ggen::p2p::RecordValidator {
public:
    [[nodiscard]] ggen::Result<void> validate(ggen::BytesView, ggen::BytesView value) const override {
        if (value.empty()) return ggen::Error{ggen::Errc::refused, "empty"};
        return ggen::ok();
    }
    [[nodiscard]] std::size_t select(ggen::BytesView, std::span<ggen::BytesView const> values) const override {
        std::size_t best = 0;
        for (std::size_t i = 1; i < values.size(); ++i) best = values[i].size() > values[best].size() ? i : best;
        return best;
    }
};

ggen::Multiaddr address(std::uint8_t number) {
    return *ggen::Multiaddr::parse("/ip4/81." + std::to_string(number) + ".0.1/tcp/1");
}

/// A message that is whole, so that the input reaches what lies behind the parser.
ggen::Bytes message(FuzzInput& input) {
    ggen::p2p::KadMessage out;
    out.type = static_cast<ggen::p2p::KadMessageType>(input.byte() % 6);
    out.key = {'/', 'v', '/', static_cast<std::uint8_t>(input.byte() % 4)};
    auto const shape = input.byte();
    if ((shape & 1U) != 0) {
        auto const value = input.bytes(shape / 16);
        out.record = ggen::p2p::KadRecord{out.key, {value.begin(), value.end()}, "", {}, 0};
    }
    for (unsigned i = 0; i < shape / 32U; ++i) {
        auto const number = input.byte();
        auto const where = address(number);
        ggen::p2p::KadPeer peer{numbered_peer(number), ggen::p2p::AddressList::from({&where, 1}, 1),
                                ggen::p2p::KadConnection::connected};
        out.closer.push_back(peer);
        out.providers.push_back(peer);
    }
    return ggen::p2p::frame_message(encode_kad_message(out));
}

struct Host {
    explicit Host(Kad& core) : kad(core) {}

    Kad& kad;
    ggen::TimePoint now{};
    std::vector<StreamKey> opened;
    StreamKey inbound = 0;

    void drain() {
        while (auto output = kad.poll_output()) {
            if (auto const* open = std::get_if<ggen::p2p::OpenStream>(&*output)) opened.push_back(open->stream);
        }
        while (kad.poll_event()) {
        }
        if (opened.size() > 64) opened.erase(opened.begin(), opened.end() - 64);
        auto const status = kad.status();
        GGEN_ASSERT(status.records <= ggen::p2p::k_kad_records_max);
        GGEN_ASSERT(status.providers <= ggen::p2p::k_kad_providers_max);
        GGEN_ASSERT(status.inbound_streams <= ggen::p2p::k_kad_inbound_streams_max);
        GGEN_ASSERT(status.inbound_buffered_bytes <= ggen::p2p::k_kad_inbound_buffered_bytes_max);
    }
    void pass(std::chrono::nanoseconds duration) {
        auto const end = now + duration;
        for (int turns = 0; turns < 10'000; ++turns) {
            auto const wake = kad.next_deadline();
            if (!wake || *wake > end) break;
            now = std::max(now, *wake);
            kad.on_deadline(now);
            drain();
        }
        now = end;
    }
    [[nodiscard]] StreamKey stream(std::uint8_t choice) const {
        if ((choice & 1U) == 0 || opened.empty()) return inbound == 0 ? 2 : 2 * (1 + choice / 2U % (inbound / 2));
        return opened[choice / 2U % opened.size()];
    }
};

void step(Host& host, FuzzInput& input) {
    auto const call = input.byte();
    auto const who = static_cast<std::uint8_t>(input.byte() % 40);
    auto& kad = host.kad;
    ggen::Bytes const key{'/', 'v', '/', static_cast<std::uint8_t>(who % 4)};
    switch (call % 16) {
        case 0: {
            auto const where = address(who);
            kad.on_peer_connected({numbered_peer(who), where, ggen::p2p::Direction::inbound}, host.now);
            kad.on_peer_addresses(numbered_peer(who), {&where, 1}, false, host.now);
            std::vector<std::string> const names{std::string(ggen::p2p::k_kad_protocol)};
            kad.on_peer_protocols(numbered_peer(who), std::span(names).first(call / 128U), host.now);
            break;
        }
        case 1: kad.on_peer_disconnected(numbered_peer(who), host.now); break;
        case 2: kad.on_inbound_stream(host.inbound += 2, numbered_peer(who), "x", host.now); break;
        case 3:
        case 4: kad.on_stream_bytes(host.stream(who), message(input), host.now); break;
        case 5: kad.on_stream_bytes(host.stream(who), ggen::Bytes(1, input.byte()), host.now); break;
        case 6: kad.on_stream_refused(host.stream(who) | 1U, {ggen::Errc::unavailable, "x"}, host.now); break;
        case 7: kad.on_stream_reset(host.stream(who), host.now); break;
        case 8: kad.on_stream_finished(host.stream(who), host.now); break;
        case 9: kad.on_stream_sent(host.stream(who), 100, host.now); break;
        case 10: (void)kad.get_value(key, host.now, 1 + who % 3U); break;
        case 11: (void)kad.put_value(key, input.bytes(who), host.now); break;
        case 12: (void)kad.provide(key, host.now); break;
        case 13: (void)kad.find_providers(key, host.now, who); break;
        case 14: kad.cancel(who); break;
        default: host.pass(std::chrono::milliseconds{who * 50}); break;
    }
    host.drain();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ggen::p2p::KadOptions options{numbered_peer(200), 7};
    options.validators.add("v", std::make_shared<AnyValue>());
    Kad kad(std::move(options));
    kad.on_host_changed({numbered_peer(200), kad.protocols(), {address(200)}}, {});
    Host host{kad};
    FuzzInput input{{data, size}};
    while (!input.is_empty()) step(host, input);
    for (std::uint8_t who = 0; who < 40; ++who) kad.on_peer_disconnected(numbered_peer(who), host.now);
    for (std::uint8_t key = 0; key < 4; ++key) kad.unpublish(ggen::Bytes{'/', 'v', '/', key});
    host.pass(std::chrono::minutes{2});
    auto const status = kad.status();
    GGEN_ASSERT(status.connected_peers == 0 && status.inbound_streams == 0 && status.inbound_buffered_bytes == 0);
    return 0;
}
