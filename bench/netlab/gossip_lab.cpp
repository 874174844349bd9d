#include "netlab/gossip_lab.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>

#include "crypto/digest.hpp"
#include "harness/process.hpp"
#include "measure.hpp"
#include "net/p2p/node.hpp"
#include "p2p/identity/identity.hpp"
#include "sim/gossip_plan.hpp"
#include "sim/run.hpp"
#include "sim/samples.hpp"
#include "sim/simple_protocols.hpp"

namespace ggen::bench {
namespace {

constexpr char const* k_topic = "sim";
constexpr char const* k_scenario = R"json({
  "name": "gossip-twin", "nodes": 30, "duration_s": 45, "check_every": 100000, "workload": "gossip",
  "link": { "fidelity": "F1" },
  "options": { "links": 10, "messages": 60, "start_s": 12, "period_s": 0.5, "size_bytes": 1024 },
  "expect": { "delivered_percent": { "least": 100 } } })json";
/// After the last message, for stragglers: two heartbeats and a far way.
constexpr sim::Nanos k_tail = 3 * sim::k_second;
constexpr std::chrono::milliseconds k_start_limit{60'000};

Result<sim::GossipTwin> plan(LabOptions const& options) {
    return sim::plan_gossip_twin(k_scenario, options.seed, options.nodes, options.rtt_path);
}

/// Everybody knows everybody's key, as in the simulator: links name peers.
Result<Ed25519PrivateKey> key_of(LabOptions const& options, std::uint32_t node) {
    auto const seed = sha256(as_bytes(fmt::format("lab {} {}", options.seed, node)));
    return Ed25519PrivateKey::from_seed(seed.bytes);
}

Result<std::pair<PeerId, Multiaddr>> peer_of(LabOptions const& options, sim::GossipTwin const& twin,
                                             std::uint32_t node) {
    ASSIGN_OR_RETURN(auto const key, key_of(options, node));
    auto const& endpoint = twin.endpoints[node];
    auto const text = fmt::format("/ip4/{}/tcp/{}", ipv4_text(endpoint.ip), endpoint.port);
    ASSIGN_OR_RETURN(auto address, Multiaddr::parse(text));
    return std::pair{p2p::peer_id_of(key.public_key()), std::move(address)};
}

sim::Nanos end_of(sim::GossipTwin const& twin) {
    return twin.options.start + static_cast<sim::Nanos>(twin.options.messages) * twin.options.period + k_tail;
}

std::optional<std::int64_t> take_number(std::string_view& text) {
    std::int64_t number = 0;
    auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with(' ')) text.remove_prefix(1);
    return number;
}

/// What all nodes told of the messages.
class Tally {
public:
    explicit Tally(sim::GossipTwin const& twin) : twin_(twin), published_(twin.options.messages) {}

    Result<void> take(std::string_view line) {
        auto rest = line.substr(std::min<std::size_t>(line.size(), 2));
        auto const message = take_number(rest);
        auto const at = take_number(rest);
        bool const is_known = message && at && *message >= 0 &&
                              static_cast<std::size_t>(*message) < published_.size();
        if (!is_known || (!line.starts_with("p ") && !line.starts_with("r ")))
            return Error{Errc::invalid, fmt::format("a node says \"{}\"", line)};
        if (line.starts_with("p ")) published_[static_cast<std::size_t>(*message)].emplace(*at);
        else received_.emplace_back(static_cast<std::size_t>(*message), *at);
        return ok();
    }

    Result<Propagation> propagation() {
        sim::Samples samples;
        for (auto const& [message, at] : received_) {
            if (!published_[message]) return Error{Errc::invalid, "a message was received that nobody published"};
            samples.add(at - *published_[message]);
        }
        auto const wanted = static_cast<double>(published_.size()) * (twin_.nodes - 1);
        return Propagation{100.0 * static_cast<double>(samples.count()) / wanted, samples.ms(500), samples.ms(950),
                           samples.mean_ms()};
    }

private:
    sim::GossipTwin const& twin_;
    std::vector<std::optional<std::int64_t>> published_;
    std::vector<std::pair<std::size_t, std::int64_t>> received_;
};

Result<Propagation> run_real(LabOptions const& options, sim::GossipTwin const& twin, Router::Counters& counters) {
    std::vector<std::uint32_t> addresses;
    addresses.reserve(twin.endpoints.size());
    for (auto const& endpoint : twin.endpoints) addresses.push_back(endpoint.ip);
    ASSIGN_OR_RETURN(auto const lab, Lab::create(addresses));
    ASSIGN_OR_RETURN(auto const router, Router::start(*lab, twin.one_way, twin.jitter_permille, options.seed));
    std::vector<Conversation> nodes;
    nodes.reserve(twin.nodes);
    for (std::uint32_t node = 0; node < twin.nodes; ++node) {
        std::vector<std::string> words{this_program(), "child-lab-node", "--nodes", std::to_string(options.nodes),
                                       "--seed", std::to_string(options.seed), "--node", std::to_string(node)};
        if (!options.rtt_path.empty()) words.insert(words.end(), {"--rtt", options.rtt_path});
        RETURN_IF_ERROR(lab->inside(node, [&]() -> Result<void> {
            ASSIGN_OR_RETURN(auto child, Conversation::start(words));
            nodes.push_back(std::move(child));
            return ok();
        }));
    }
    for (auto& node : nodes) {
        ASSIGN_OR_RETURN(auto const word, node.read(k_start_limit));
        if (word != "ready") return Error{Errc::io, "a node says \"" + word + "\" instead of \"ready\""};
    }
    auto const epoch = now_ns() + static_cast<std::uint64_t>(sim::k_second);
    Tally tally{twin};
    std::chrono::milliseconds const limit =
        std::chrono::milliseconds{end_of(twin) / sim::k_millisecond} + k_start_limit;
    // The epoch goes to all before any answer is waited for.
    for (auto& node : nodes) RETURN_IF_ERROR(node.ask(std::to_string(epoch), k_start_limit));
    for (auto& node : nodes) {
        while (true) {
            ASSIGN_OR_RETURN(auto const line, node.read(limit));
            if (line == "end") break;
            RETURN_IF_ERROR(tally.take(line));
        }
    }
    counters = router->stop();
    return tally.propagation();
}

double off(double real, double simulated) { return simulated > 0 ? std::abs(real / simulated - 1) : 1; }

Propagation propagation_of(sim::RunReport const& report) {
    return {sim::figure_of(report, "delivered_percent"), sim::figure_of(report, "gossip_p50_ms"),
            sim::figure_of(report, "gossip_p95_ms"), sim::figure_of(report, "gossip_mean_ms")};
}

}  // namespace

double LabComparison::off_p50() const { return off(real.p50_ms, simulated.p50_ms); }
double LabComparison::off_p95() const { return off(real.p95_ms, simulated.p95_ms); }

Result<LabComparison> compare_in_lab(LabOptions const& options) {
    ASSIGN_OR_RETURN(auto const twin, plan(options));
    LabComparison out;
    ASSIGN_OR_RETURN(auto const report, sim::run_scenario(k_scenario, {options.seed, options.nodes, options.rtt_path}));
    if (!report.is_good) return Error{Errc::internal, "the simulator: " + report.failure};
    out.simulated = propagation_of(report);
    out.digest = report.digest;
    ASSIGN_OR_RETURN(out.real, run_real(options, twin, out.router));
    return out;
}

Result<void> run_lab_node(LabOptions const& options, std::uint32_t node_number) {
    ASSIGN_OR_RETURN(auto const twin, plan(options));
    if (node_number >= twin.nodes) return Error{Errc::invalid, "there is no such node"};
    ASSIGN_OR_RETURN(auto key, key_of(options, node_number));
    ASSIGN_OR_RETURN(auto const own, peer_of(options, twin, node_number));
    p2p::NodeOptions node_options;
    node_options.identity = std::move(key);
    node_options.listen = {own.second.text()};
    node_options.has_topics = true;
    ASSIGN_OR_RETURN(auto const node, p2p::Node::create(node_options));
    sim::Links::Peers peers;
    peers.reserve(twin.links[node_number].size());
    for (auto const other : twin.links[node_number]) {
        ASSIGN_OR_RETURN(auto peer, peer_of(options, twin, other));
        peers.push_back(std::move(peer));
    }
    std::printf("ready\n");
    std::fflush(stdout);
    std::array<char, 64> line{};
    if (std::fgets(line.data(), line.size(), stdin) == nullptr) return Error{Errc::io, "nobody tells when to start"};
    std::string_view text{line.data()};
    auto const epoch = take_number(text);
    if (!epoch) return Error{Errc::invalid, "the start is no number"};
    std::printf("started\n");
    std::fflush(stdout);

    auto const at = [&](sim::Nanos since) { return TimePoint{std::chrono::nanoseconds{*epoch + since}}; };
    sim::Links links{std::move(peers), at(0)};
    node->add(links);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> received;
    node->on_gossip_event([&](p2p::GossipEvent const& event) {
        auto const* const message = std::get_if<p2p::MessageReceived>(&event);
        if (message != nullptr) received.emplace_back(sim::GossipStamp::read(message->message->data()).index, now_ns());
    });
    p2p::TopicOptions topic;
    topic.message_bytes_max = p2p::k_gossip_message_bytes_max;
    RETURN_IF_ERROR(node->gossip()->join(k_topic, topic, SystemClock{}.steady_now()));
    std::vector<std::pair<std::uint64_t, std::uint64_t>> published;
    for (std::uint64_t i = 0; i < twin.options.messages; ++i) {
        if (twin.publishers[i] != node_number) continue;
        auto const when = at(twin.options.start + static_cast<sim::Nanos>(i) * twin.options.period);
        node->run_for(when - SystemClock{}.steady_now());
        Bytes data(twin.options.size_bytes);
        SystemRandom{}.fill(data);
        sim::GossipStamp{.index = i, .publisher = node_number}.write(data);
        published.emplace_back(i, now_ns());
        RETURN_IF_ERROR(node->gossip()->publish(k_topic, data, SystemClock{}.steady_now()));
    }
    node->run_for(at(end_of(twin)) - SystemClock{}.steady_now());
    for (auto const& [message, when] : published)
        std::printf("p %ju %ju\n", std::uintmax_t{message}, std::uintmax_t{when});
    for (auto const& [message, when] : received)
        std::printf("r %ju %ju\n", std::uintmax_t{message}, std::uintmax_t{when});
    std::printf("end\n");
    std::fflush(stdout);
    return ok();
}

}  // namespace ggen::bench
