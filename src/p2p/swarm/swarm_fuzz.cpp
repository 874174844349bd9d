// A sequence of calls from both sides of the swarm, chosen by the input: a driver that says what it likes in any
// order, and a protocol that wants anything. No crash, the promises of the seams kept, and nothing left at the end.
#include <cstdint>
#include <map>
#include <set>

#include "base/testing/fuzz_input.hpp"
#include "p2p/swarm/testing/script_protocol.hpp"
#include "p2p/swarm/testing/virtual_net.hpp"
#include "p2p/wire/testing/connection_pair.hpp"

namespace {

using ggen::Bytes;
using ggen::BytesView;
using ggen::Multiaddr;
using ggen::testing::FuzzInput;
namespace p2p = ggen::p2p;
namespace testing = ggen::p2p::testing;

Multiaddr address_of(std::uint8_t byte) {
    static char const* const texts[] = {"/ip4/127.0.0.1/tcp/",   "/ip4/10.0.0.7/tcp/",     "/ip4/192.0.2.9/tcp/",
                                        "/ip6/2001:db8::1/tcp/", "/dns4/example.org/tcp/", "/dnsaddr/example.org/tcp/"};
    return testing::address_of(texts[byte % 6] + std::to_string(1 + byte / 6));
}

ggen::PeerId const& peer_of(std::uint8_t byte) {
    static std::vector<ggen::PeerId> const peers{testing::peer_of_node(1), testing::peer_of_node(2),
                                                testing::peer_of_node(3), testing::peer_of_node(4)};
    return peers[byte % 4];
}

/// The swarm of node 1 before peers 2 to 4, each socket with an honest connection at its other end.
class Play {
public:
    Play() {
        swarm_.add_protocol(protocol_, now_);
        listener_ = swarm_.listen(address_of(2), now_);
        take();
    }
    ~Play() {
        swarm_.shut_down(now_);
        take();
        GGEN_ASSERT(swarm_.usage().connections + swarm_.usage().streams + swarm_.usage().dials == 0);
        GGEN_ASSERT(swarm_.usage().window_bytes == 0);
        GGEN_ASSERT(protocol_.connected.empty());
    }
    Play(Play const&) = delete;
    Play& operator=(Play const&) = delete;

    void step(FuzzInput& input) {
        auto const call = input.byte();
        auto const byte = input.byte();
        now_ += std::chrono::milliseconds{call};
        if (call % 2 == 0) {
            want(call / 2, byte, input);
        } else {
            tell(call / 2, byte, input);
        }
        take();
    }

private:
    struct Far {
        std::unique_ptr<p2p::Connection> connection;
        p2p::WindowBudget budget{p2p::k_host_window_bytes_max};
        bool is_writing = false;
    };

    void want(std::uint8_t call, std::uint8_t byte, FuzzInput& input) {
        auto const stream = static_cast<p2p::StreamKey>(byte % 20);
        switch (call % 12) {
            case 0:
                (void)protocol_.ask(peer_of(byte), {address_of(input.byte())}, byte % 2 == 0 ? "hello" : "",
                                    byte % 3 == 0 ? std::vector<std::string>{"/x/1", "/y/1"}
                                                  : std::vector<std::string>{"/x/1"});
                break;
            case 1: protocol_.send(stream, std::string(std::size_t{input.byte()} * 500, 'x')); break;
            case 2: protocol_.say(p2p::FinishStream{stream}); break;
            case 3: protocol_.say(p2p::ResetStream{stream}); break;
            case 4: protocol_.say(p2p::PauseStream{stream, input.byte() % 2 == 0}); break;
            case 5: protocol_.say(p2p::ConnectPeer{peer_of(byte), {address_of(input.byte())}}); break;
            case 6: protocol_.say(p2p::DisconnectPeer{peer_of(byte)}); break;
            case 7: protocol_.say(p2p::ValuePeer{peer_of(byte), input.byte()}); break;
            case 8: protocol_.say(p2p::LearnAddresses{peer_of(byte), {address_of(input.byte())}, byte % 2 == 0}); break;
            case 9: protocol_.say(p2p::PeerIdentified{peer_of(byte), {"/x/1", "/y/1"}, "", {}}); break;
            case 10: protocol_.rename(byte % 2 == 0 ? std::vector<std::string>{"/x/1"}
                                                    : std::vector<std::string>{"/x/1", "/y/1"}); break;
            default: swarm_.ban_peer(peer_of(byte), now_ + std::chrono::seconds{byte}, now_); break;
        }
        swarm_.on_protocols_called(now_);
    }

    void tell(std::uint8_t call, std::uint8_t byte, FuzzInput& input) {
        auto const socket = static_cast<p2p::SocketKey>(byte % 64);
        switch (call % 10) {
            case 0:
                if (auto const key = swarm_.on_socket_accepted(listener_, address_of(2), address_of(byte % 4), now_)) {
                    add_far(*key, peer_number(input.byte()), p2p::Yamux::Role::dialer);
                }
                break;
            case 1:
                if (dials_.erase(socket) == 0) break;
                swarm_.on_socket_connected(socket, address_of(2), now_);
                add_far(socket, peer_number(input.byte()), p2p::Yamux::Role::listener);
                break;
            case 2:
                if (dials_.erase(socket) > 0) swarm_.on_socket_failed(socket, {ggen::Errc::io, "refused"}, now_);
                break;
            case 3:
                swarm_.on_socket_closed(socket, now_);
                far_.erase(socket);
                break;
            case 4:
                swarm_.on_socket_bytes(socket, Bytes(input.byte(), byte), now_);
                break;
            case 5:
                swarm_.on_resolved(socket, std::vector{address_of(input.byte()), address_of(byte)}, now_);
                break;
            case 6: swarm_.on_listening(listener_, address_of(2), now_); break;
            case 7:
                if (swarm_.next_deadline()) now_ = std::max(now_, *swarm_.next_deadline());
                swarm_.on_deadline(now_);
                break;
            case 8: far_calls(socket, input); break;
            default: talk(); break;
        }
    }

    static std::size_t peer_number(std::uint8_t byte) { return std::size_t{1} + byte % 4; }

    void add_far(p2p::SocketKey socket, std::size_t number, p2p::Yamux::Role role) {
        auto& far = far_[socket];
        auto config = testing::config_of(role, testing::names({"/x/1"}));
        config.identity = testing::node_key(number);
        far.connection = std::make_unique<p2p::Connection>(std::move(config), far.budget, now_);
    }
    void far_calls(p2p::SocketKey socket, FuzzInput& input) {
        auto const at = far_.find(socket);
        if (at == far_.end()) return;
        auto& connection = *at->second.connection;
        auto const call = input.byte();
        switch (call % 5) {
            case 0: (void)connection.open_stream_lazily("/x/1", now_); break;
            case 1: (void)connection.write(call / 5 % 10, Bytes(std::size_t{call} * 100, 'y')); break;
            case 2: connection.finish(call / 5 % 10); break;
            case 3: connection.reset(call / 5 % 10); break;
            default: connection.go_away(); break;
        }
    }
    /// Everything that the far ends have to say arrives, and what the swarm wrote to them.
    void talk() {
        std::vector<p2p::SocketKey> keys;
        keys.reserve(far_.size());
        for (auto const& [key, far] : far_) keys.push_back(key);
        for (auto const key : keys) {
            auto const at = far_.find(key);
            if (at == far_.end()) continue;
            poll(*at->second.connection);
            Bytes const out = at->second.connection->take_output(100'000);
            if (!out.empty()) swarm_.on_socket_bytes(key, out, now_);
            take();
        }
    }
    void poll(p2p::Connection& connection) {
        while (auto event = connection.poll_event()) {
            auto const* bytes = std::get_if<p2p::StreamBytes>(&*event);
            if (bytes != nullptr) connection.consume(bytes->stream, bytes->bytes.size(), now_);
        }
    }
    /// Obeys, and holds the swarm to its promises: one write at a time, and silence after a close.
    void take() {
        std::vector<p2p::SocketKey> written;
        while (auto command = swarm_.poll_command()) {
            if (auto const* connect = std::get_if<p2p::ConnectSocket>(&*command)) {
                dials_.insert(connect->socket);
            } else if (auto const* write = std::get_if<p2p::WriteSocket>(&*command)) {
                GGEN_ASSERT(!closed_.contains(write->socket) && write->bytes.size() <= 300'000);
                GGEN_ASSERT(writing_.insert(write->socket).second);
                written.push_back(write->socket);
                auto const at = far_.find(write->socket);
                if (at == far_.end()) continue;
                (void)at->second.connection->on_bytes(write->bytes, now_);
                poll(*at->second.connection);
            } else if (auto const* close = std::get_if<p2p::CloseSocket>(&*command)) {
                GGEN_ASSERT(closed_.insert(close->socket).second);
                dials_.erase(close->socket);
                far_.erase(close->socket);
            }
        }
        for (auto const socket : written) {
            writing_.erase(socket);
            swarm_.on_socket_written(socket, now_);
        }
        if (!written.empty()) take();
    }

    ggen::testing::SeededRandom random_{1};
    ggen::TimePoint now_{std::chrono::seconds{1000}};
    testing::ScriptProtocol protocol_{{"/x/1", "/y/1"}, true};
    p2p::Swarm swarm_{p2p::SwarmOptions{testing::node_key(1)}, random_};
    p2p::ListenerKey listener_ = 0;
    std::map<p2p::SocketKey, Far> far_;
    std::set<p2p::SocketKey> dials_;
    std::set<p2p::SocketKey> writing_;
    std::set<p2p::SocketKey> closed_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    FuzzInput input{{data, std::min<std::size_t>(size, 1024)}};
    Play play;
    while (!input.is_empty()) play.step(input);
    return 0;
}
