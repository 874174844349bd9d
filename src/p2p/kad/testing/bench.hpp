#pragma once

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

#include "p2p/kad/testing/fixtures.hpp"
#include "p2p/protocol/message_reader.hpp"

namespace ggen::p2p::testing {

/// One core whose host is the test.
class Bench {
public:
    explicit Bench(KadOptions options = make_options(0)) : kad(std::move(options)) {
        kad.on_host_changed({make_id(0), kad.protocols(), {make_address(0)}}, now);
        take();
    }
    void connect(std::uint64_t number, Direction direction = Direction::inbound, bool is_server = true) {
        auto const address = make_address(number);
        kad.on_peer_connected({make_id(number), address, direction}, now);
        kad.on_peer_addresses(make_id(number), {&address, 1}, true, now);
        std::vector<std::string> names;
        if (is_server) names.emplace_back(k_kad_protocol);
        kad.on_peer_protocols(make_id(number), names, now);
        take();
    }
    /// Opens a stream as peer `number`.
    StreamKey open(std::uint64_t number) {
        auto const key = next_inbound += 2;
        kad.on_inbound_stream(key, make_id(number), std::string(k_kad_protocol), now);
        take();
        return key;
    }
    void send(StreamKey stream, KadMessage const& message) {
        kad.on_stream_bytes(stream, frame_message(encode_kad_message(message)), now);
        take();
    }
    /// What the core wrote to `stream` since the last time.
    std::vector<KadMessage> answers(StreamKey stream) {
        MessageReader reader(k_kad_message_accept_bytes_max);
        std::vector<KadMessage> out;
        for (auto const& output : outputs) {
            if (auto const* write = std::get_if<WriteStream>(&output); write != nullptr && write->stream == stream) {
                reader.feed(*write->bytes);
            }
        }
        for (;;) {
            auto const next = reader.next();
            if (!next || !next->has_value()) break;
            out.push_back(*decode_kad_message(**next));
        }
        std::erase_if(outputs, [&](ProtocolOutput const& output) {
            auto const* write = std::get_if<WriteStream>(&output);
            return write != nullptr && write->stream == stream;
        });
        return out;
    }
    template <class Output>
    [[nodiscard]] std::size_t count() const {
        return static_cast<std::size_t>(std::count_if(outputs.begin(), outputs.end(), [](ProtocolOutput const& output) {
            return std::holds_alternative<Output>(output);
        }));
    }
    [[nodiscard]] std::size_t reported(Conduct conduct) const {
        return static_cast<std::size_t>(
            std::count_if(outputs.begin(), outputs.end(), [&](ProtocolOutput const& output) {
                auto const* report = std::get_if<ReportPeer>(&output);
                return report != nullptr && report->conduct == conduct;
            }));
    }
    void wait(std::chrono::nanoseconds duration) {
        auto const end = now + duration;
        for (;;) {
            auto const wake = kad.next_deadline();
            if (!wake || *wake > end) break;
            now = std::max(now, *wake);
            kad.on_deadline(now);
            take();
        }
        now = end;
    }
    [[nodiscard]] StreamKey last_opened() const {
        StreamKey key = 0;
        for (auto const& output : outputs) {
            if (auto const* opened = std::get_if<OpenStream>(&output)) key = opened->stream;
        }
        return key;
    }
    void take() {
        while (auto output = kad.poll_output()) outputs.push_back(std::move(*output));
    }

    Kad kad;
    TimePoint now{};
    std::vector<ProtocolOutput> outputs;
    StreamKey next_inbound = 0;
};

[[nodiscard]] inline KadMessage request(KadMessageType type, BytesView key) {
    KadMessage message;
    message.type = type;
    message.key = Bytes(key.begin(), key.end());
    return message;
}

[[nodiscard]] inline KadMessage put_request(std::string_view key, std::string_view value) {
    auto message = request(KadMessageType::put_value, as_bytes(key));
    message.record = KadRecord{to_bytes(key), to_bytes(value), "", {}, 0};
    return message;
}

[[nodiscard]] inline KadMessage provide_request(BytesView key, std::uint64_t provider) {
    auto message = request(KadMessageType::add_provider, key);
    message.providers.push_back(kad_peer(make_id(provider), make_address(provider)));
    return message;
}

}  // namespace ggen::p2p::testing
