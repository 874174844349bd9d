#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "p2p/identity/identity.hpp"
#include "p2p/wire/connection.hpp"

namespace ggen::p2p::testing {

inline Ed25519PrivateKey identity_of(std::uint8_t byte) {
    return Ed25519PrivateKey::from_seed(Bytes(32, byte)).value();
}
inline X25519PrivateKey channel_key_of(std::uint8_t byte) {
    return X25519PrivateKey::from_bytes(Bytes(32, byte)).value();
}

inline ProtocolNames names(std::vector<std::string> protocols) {
    return std::make_shared<std::vector<std::string> const>(std::move(protocols));
}

/// The dialer has identity 1, the listener identity 2.
inline ConnectionConfig config_of(Yamux::Role role, ProtocolNames protocols) {
    std::uint8_t const byte = role == Yamux::Role::dialer ? 1 : 2;
    return {role, identity_of(byte), channel_key_of(static_cast<std::uint8_t>(byte + 10)),
            channel_key_of(static_cast<std::uint8_t>(byte + 20)), std::nullopt, std::move(protocols), true};
}

/// One end, and what it told.
struct ConnectionEnd {
    Connection connection;
    std::vector<ConnectionEvent> events{};
    std::size_t received_bytes = 0;
    bool is_consuming = true;

    void collect(TimePoint now) {
        while (auto event = connection.poll_event()) {
            if (auto* bytes = std::get_if<StreamBytes>(&*event)) {
                received_bytes += bytes->bytes.size();
                if (is_consuming) connection.consume(bytes->stream, bytes->bytes.size(), now);
            }
            events.push_back(std::move(*event));
        }
    }
    template <class Event>
    [[nodiscard]] Event const* last() const {
        for (auto at = events.rbegin(); at != events.rend(); ++at) {
            if (auto const* event = std::get_if<Event>(&*at)) return event;
        }
        return nullptr;
    }
    template <class Event>
    [[nodiscard]] std::size_t count() const {
        return static_cast<std::size_t>(std::count_if(
            events.begin(), events.end(), [](auto const& event) { return std::holds_alternative<Event>(event); }));
    }
    /// All bytes of a stream so far.
    [[nodiscard]] std::string text(StreamId stream) const {
        std::string out;
        for (auto const& event : events) {
            auto const* bytes = std::get_if<StreamBytes>(&event);
            if (bytes != nullptr && bytes->stream == stream) out += as_text(bytes->bytes);
        }
        return out;
    }
};

/// Two ends without a network between them.
class ConnectionPair {
public:
    static constexpr TimePoint k_start{std::chrono::seconds{1000}};

    explicit ConnectionPair(ConnectionConfig dialer_config, ConnectionConfig listener_config,
                            std::uint64_t budget_bytes = k_host_window_bytes_max)
        : budget(budget_bytes),
          dialer{Connection{std::move(dialer_config), budget, k_start}},
          listener{Connection{std::move(listener_config), budget, k_start}} {}

    /// One flight: everything one end has to say reaches the other in pieces of `step` bytes. Returns its size.
    std::size_t fly(ConnectionEnd& from, ConnectionEnd& to, std::size_t step = SIZE_MAX) {
        Bytes const out = from.connection.take_output(SIZE_MAX);
        from.collect(now);
        for (std::size_t at = 0; at < out.size() && !error; at += std::min(step, out.size() - at)) {
            auto const done = to.connection.on_bytes(BytesView{out}.subspan(at, std::min(step, out.size() - at)), now);
            if (!done) error = done.error();
            to.collect(now);
        }
        return out.size();
    }
    /// Flights both ways until nobody says anything, or an end fails.
    void settle(std::size_t step = SIZE_MAX) {
        while (!error && fly(dialer, listener, step) + fly(listener, dialer, step) > 0) {}
    }

    WindowBudget budget;
    ConnectionEnd dialer;
    ConnectionEnd listener;
    TimePoint now = k_start;
    std::optional<Error> error{};
};

}  // namespace ggen::p2p::testing
