// A sequence of calls chosen by the input: neighbours that lie, peers that come and go, dials that fail. No crash, all
// lists within their limits, no dial storm, and nothing left of neighbours when time has passed.
#include <array>
#include <cstdint>
#include <memory>

#include "base/testing/fuzz_input.hpp"
#include "codec/testing/peer_ids.hpp"
#include "p2p/discovery/bootstrap.hpp"
#include "p2p/discovery/mdns.hpp"
#include "p2p/discovery/peerstore.hpp"
#include "p2p/discovery/rendezvous.hpp"

namespace ggen::p2p {
namespace {

using ggen::testing::FuzzInput;
using ggen::testing::numbered_peer;

Multiaddr address(std::uint8_t number) {
    return *Multiaddr::parse("/ip4/81." + std::to_string(number) + ".0.1/tcp/1");
}

Bytes claim(FuzzInput& input) {
    auto const service = *make_dns_name(k_mdns_service);
    auto const instance = child_name("x", service);
    DnsMessage message{true, {}, {{service, DnsType::ptr, 1, instance}}, {{instance, DnsType::txt, input.byte()}}};
    for (auto count = input.byte() % 20U; count > 0; --count) {
        message.additional[0].texts.push_back("dnsaddr=" + address(input.byte()).text() + "/p2p/" +
                                              numbered_peer(input.byte() % 64).text());
    }
    return encode_dns_message(message);
}

struct Host {
    Host()
        : kad({.self = numbered_peer(200), .seed = 7, .refreshes = false}),
          store({numbered_peer(200), {1'800'000'000}, {}}),
          bootstrap({numbered_peer(200), 3, 4}) {
        mdns = Mdns::create({.self = numbered_peer(200), .seed = 5}, now).value();
        rendezvous = Rendezvous::create(kad, {numbered_peer(200), "x"}, now).value();
    }

    [[nodiscard]] std::array<Protocol*, 5> all() { return {mdns.get(), &bootstrap, &store, &kad, rendezvous.get()}; }
    template <class Call>
    void tell(Call const& call) {
        for (auto* const one : all()) call(*one);
        drain();
    }
    void drain() {
        while (auto event = kad.poll_event()) rendezvous->on_kad_event(*event, now);
        for (auto* const one : std::initializer_list<Protocol*>{&store, &kad, rendezvous.get(), mdns.get()}) {
            while (one->poll_output()) {
            }
        }
        while (auto output = bootstrap.poll_output()) dials += std::holds_alternative<ConnectPeer>(*output) ? 1U : 0U;
        while (mdns->poll_datagram()) ++datagrams;
        while (mdns->poll_event()) {
        }
        GGEN_ASSERT(mdns->neighbour_count() <= k_mdns_neighbours_max);
        GGEN_ASSERT(store.peer_count() <= k_peerstore_peers_max);
        GGEN_ASSERT(bootstrap.candidate_count() <= k_bootstrap_peers_max);
    }
    void pass(std::chrono::nanoseconds duration) {
        auto const end = now + duration;
        dials = datagrams = 0;
        for (int turns = 0; turns < 10'000; ++turns) {
            std::optional<TimePoint> wake;
            for (auto* const one : all()) {
                auto const at = one->next_deadline();
                if (at && (!wake || *at < *wake)) wake = at;
            }
            if (!wake || *wake > end) break;
            now = std::max(now, *wake);
            tell([&](Protocol& one) {
                if (one.next_deadline() && *one.next_deadline() <= now) one.on_deadline(now);
            });
        }
        now = end;
        auto const whole = std::chrono::duration_cast<std::chrono::seconds>(duration);
        auto const seconds = static_cast<std::uint64_t>(whole.count());
        GGEN_ASSERT(datagrams <= 8 + 4 * seconds);
        GGEN_ASSERT(dials <= 64 + k_bootstrap_dials_at_once * seconds);
    }

    TimePoint now{std::chrono::hours{1}};
    Kad kad;
    std::unique_ptr<Mdns> mdns;
    Peerstore store;
    Bootstrap bootstrap;
    std::unique_ptr<Rendezvous> rendezvous;
    std::uint64_t dials = 0;
    std::uint64_t datagrams = 0;
};

void step(Host& host, FuzzInput& input) {
    auto const call = input.byte();
    auto const who = input.byte();
    auto const peer = numbered_peer(who % 64);
    auto const where = address(input.byte());
    switch (call % 10) {
        case 0: host.mdns->on_datagram(claim(input), (who & 1U) != 0, host.now); break;
        case 1: host.mdns->on_datagram(input.bytes(who), false, host.now); break;
        case 2:
            host.tell([&](Protocol& one) {
                auto const direction = (who & 64U) != 0 ? Direction::inbound : Direction::outbound;
                one.on_peer_connected({peer, where, direction}, host.now);
            });
            break;
        case 3: host.tell([&](Protocol& one) { one.on_peer_disconnected(peer, host.now); }); break;
        case 4: host.tell([&](Protocol& one) { one.on_dial_failed(peer, {Errc::timed_out, "x"}, host.now); }); break;
        case 5: (void)host.bootstrap.add({peer, {where}}, host.now); break;
        case 6:
            host.tell([&](Protocol& one) { one.on_peer_addresses(peer, {&where, 1}, (who & 64U) != 0, host.now); });
            break;
        case 7:
            host.tell([&](Protocol& one) { one.on_host_changed({numbered_peer(200), {}, {where}}, host.now); });
            break;
        case 8: host.tell([&](Protocol& one) { one.on_peer_record(peer, input.bytes(who), host.now); }); break;
        default: host.pass(std::chrono::milliseconds{who * 100}); break;
    }
    host.drain();
}

void play(BytesView data) {
    Host host;
    FuzzInput input{data};
    while (!input.is_empty()) step(host, input);
    for (std::uint8_t who = 0; who < 64; ++who) {
        host.tell([&](Protocol& one) { one.on_peer_disconnected(numbered_peer(who), host.now); });
    }
    host.pass(k_mdns_ttl_max);
    GGEN_ASSERT(host.mdns->neighbour_count() == 0 && host.bootstrap.connected_count() == 0);
    GGEN_ASSERT(host.rendezvous->connected_count() == 0);
}

}  // namespace
}  // namespace ggen::p2p

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ggen::p2p::play({data, size});
    return 0;
}
