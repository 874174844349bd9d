#pragma once

#include <charconv>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "p2p/kad/kad.hpp"
#include "p2p/kad/testing/network.hpp"

namespace ggen::p2p::testing {

/// The peer id of an Ed25519 key that nobody has: 32 bytes drawn from `number`.
[[nodiscard]] inline PeerId make_id(std::uint64_t number) {
    Bytes bytes{0x00, 0x24, 0x08, 0x01, 0x12, 0x20};
    bytes.resize(bytes.size() + 32);
    SeededRandom random(number);
    random.fill(std::span(bytes).subspan(6));
    return *PeerId::from_bytes(bytes);
}

/// A global address in a neighbourhood of its own for the first 60,000 numbers.
[[nodiscard]] inline Multiaddr make_address(std::uint64_t number) {
    auto const high = 60 + number / 250 % 60;
    return *Multiaddr::parse("/ip4/" + std::to_string(high) + "." + std::to_string(number % 250) + "." +
                             std::to_string(1 + number / 15'000) + ".7/tcp/4001");
}

/// Values "<version>:<text>"; the larger version is the better one.
class VersionValidator final : public RecordValidator {
public:
    [[nodiscard]] Result<void> validate(BytesView /*key*/, BytesView value) const override {
        if (version(value) < 0) return Error{Errc::refused, "a value without a version"};
        return ok();
    }
    [[nodiscard]] std::size_t select(BytesView /*key*/, std::span<BytesView const> values) const override {
        std::size_t best = 0;
        for (std::size_t i = 1; i < values.size(); ++i) {
            if (version(values[i]) > version(values[best])) best = i;
        }
        return best;
    }

private:
    static int version(BytesView value) {
        auto const text = as_text(value);
        int out = -1;
        auto const end = text.find(':');
        if (end == std::string_view::npos) return -1;
        auto const number = text.substr(0, end);
        auto const [at, error] = std::from_chars(number.data(), number.data() + number.size(), out);
        return error == std::errc{} && at == number.data() + number.size() ? out : -1;
    }
};

[[nodiscard]] inline KadOptions make_options(std::uint64_t number) {
    KadOptions options{make_id(number), number + 1};
    options.validators.add("v", std::make_shared<VersionValidator>());
    options.validators.add("pk", std::make_shared<PublicKeyValidator>());
    options.wall_at = {1'700'000'000};
    return options;
}

[[nodiscard]] inline KadPeer kad_peer(PeerId const& id, Multiaddr const& address) {
    return {id, AddressList::from({&address, 1}, 1), KadConnection::not_connected};
}

/// Events of one node, kept by kind.
struct Seen {
    std::vector<PeerFound> peers;
    std::vector<PeersFound> closest;
    std::vector<ValueFound> values;
    std::vector<ProvidersFound> providers;
    std::vector<Published> published;
    std::vector<QueryFinished> finished;

    void drain(Kad& kad) {
        while (auto event = kad.poll_event()) std::visit([&](auto& value) { keep(std::move(value)); }, *event);
    }
    [[nodiscard]] QueryFinished const* end_of(QueryId query) const {
        for (auto const& event : finished) {
            if (event.query == query) return &event;
        }
        return nullptr;
    }

private:
    void keep(PeerFound event) { peers.push_back(std::move(event)); }
    void keep(PeersFound event) { closest.push_back(std::move(event)); }
    void keep(ValueFound event) { values.push_back(std::move(event)); }
    void keep(ProvidersFound event) { providers.push_back(std::move(event)); }
    void keep(Published event) { published.push_back(event); }
    void keep(QueryFinished event) { finished.push_back(std::move(event)); }
};

/// A network of `count` servers that have bootstrapped from the first few.
class KadNetwork {
public:
    explicit KadNetwork(std::size_t count, Network::Latency latency = nullptr)
        : network_(latency ? std::move(latency)
                           : Network::Latency([](auto, auto) { return std::chrono::milliseconds{20}; })) {
        for (std::size_t i = 0; i < count; ++i) add(make_options(i));
    }
    /// `pause`: until the next one may come.
    Network::NodeIndex add(KadOptions options, std::chrono::milliseconds pause = std::chrono::milliseconds{300}) {
        auto const number = network_.size();
        auto const id = options.self;
        auto const node = network_.add(id, make_address(number), std::make_unique<Kad>(std::move(options)));
        seen_.emplace_back();
        if (node > 0) {
            call(node, [&](Kad& kad, TimePoint now) {
                std::vector<KadPeer> seeds;
                for (Network::NodeIndex i = 0; i < std::min<Network::NodeIndex>(node, 3); ++i) {
                    seeds.push_back(kad_peer(network_.id(i), network_.address(i)));
                }
                return kad.bootstrap(std::move(seeds), now);
            });
            network_.run_for(pause);
        }
        return node;
    }

    [[nodiscard]] Network& network() { return network_; }
    [[nodiscard]] Kad& kad(Network::NodeIndex node) { return static_cast<Kad&>(network_.protocol(node)); }
    [[nodiscard]] Seen& seen(Network::NodeIndex node) { return seen_.at(node); }

    template <class Act>
    QueryId call(Network::NodeIndex node, Act const& act) {
        QueryId query = 0;
        network_.with(node, [&](Protocol& core, TimePoint now) { query = act(static_cast<Kad&>(core), now); });
        return query;
    }
    /// Runs until the query is over; nullptr when it took more than 90 s.
    QueryFinished const* finish(Network::NodeIndex node, QueryId query) {
        network_.run_while_not([&] {
            seen(node).drain(kad(node));
            return seen(node).end_of(query) != nullptr;
        }, std::chrono::seconds{90});
        return seen(node).end_of(query);
    }
    /// Living nodes, nearest to `target` first.
    [[nodiscard]] std::vector<Network::NodeIndex> nearest(KadKey const& target, std::size_t count) const {
        std::vector<Network::NodeIndex> order;
        for (Network::NodeIndex i = 0; i < network_.size(); ++i) {
            if (network_.is_alive(i)) order.push_back(i);
        }
        std::sort(order.begin(), order.end(), [&](auto a, auto b) {
            return kad_distance(kad_key_of(network_.id(a).bytes()), target) <
                   kad_distance(kad_key_of(network_.id(b).bytes()), target);
        });
        order.resize(std::min(count, order.size()));
        return order;
    }

private:
    Network network_;
    std::vector<Seen> seen_;
};

}  // namespace ggen::p2p::testing
