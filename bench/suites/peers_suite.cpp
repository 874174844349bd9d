// Real nodes over real sockets on loopback: finding each other, records, topics, memory.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "crypto/digest.hpp"
#include "harness/process.hpp"
#include "measure.hpp"
#include "suites/live_nodes.hpp"
#include "suites/suites.hpp"

namespace ggen::bench {
namespace {

using p2p::KadEvent;

Error wrong(std::string text) { return Error{Errc::internal, std::move(text)}; }

/// How one question to the network ended.
struct Asked {
    bool is_over = false;
    std::optional<Error> error;
    std::size_t requests = 0;
    std::size_t holders = 0;
    std::vector<PeerId> named;
};

/// What kad of one node is asked, one question at a time.
class KadLine {
public:
    explicit KadLine(Bell& bell) : bell_(bell) {}
    /// Before the node runs.
    void attach(LiveNode& node) {
        node_ = &node;
        node.node().on_kad_event([this](KadEvent const& event) { bell_.ring([&] { take(event); }); });
    }
    /// `start(kad, now)` names the query. `is_enough` says whether what has come is the answer: the caller need not
    /// wait until the last peer has answered.
    template <class Start>
    Result<Asked> ask(Start start, bool (*is_enough)(Asked const&)) {
        bell_.ring([&] { asked_ = {}; });
        // Set on the node's thread, so that no event of this query comes before.
        node_->call([&] {
            auto const id = start(*node_->node().kad(), std::chrono::steady_clock::now());
            bell_.ring([&] { query_ = id; });
            return id;
        });
        if (!bell_.wait(k_network_limit, [&] { return asked_.is_over || is_enough(asked_); }))
            return Error{Errc::timed_out, "kad does not answer"};
        return bell_.read([&] { return asked_; });
    }

private:
    void take(KadEvent const& event) {
        if (auto const* const found = std::get_if<p2p::PeerFound>(&event); found && found->query == query_)
            asked_.named.push_back(found->peer.id);
        if (auto const* const found = std::get_if<p2p::PeersFound>(&event); found && found->query == query_) {
            for (auto const& peer : found->peers) asked_.named.push_back(peer.id);
        }
        if (auto const* const found = std::get_if<p2p::ProvidersFound>(&event); found && found->query == query_) {
            for (auto const& peer : found->providers) asked_.named.push_back(peer.id);
        }
        if (auto const* const done = std::get_if<p2p::Published>(&event); done && done->query == query_)
            asked_.holders = done->holders;
        auto const* const finished = std::get_if<p2p::QueryFinished>(&event);
        if (finished == nullptr || finished->query != query_) return;
        asked_.is_over = true;
        asked_.error = finished->error;
        asked_.requests = finished->requests;
        asked_.holders = std::max(asked_.holders, finished->holders);
    }

    Bell& bell_;
    LiveNode* node_ = nullptr;
    p2p::QueryId query_ = 0;
    Asked asked_;
};

bool is_over(Asked const& asked) { return asked.is_over; }

/// A network where everybody speaks kad and has met enough others.
class KadNetwork {
public:
    Result<void> create_first() {
        network_.reset();
        lines_.clear();
        p2p::NodeOptions options;
        options.has_kad = true;
        ASSIGN_OR_RETURN(network_, LiveNetwork::create(options));
        return grow(1);
    }
    Result<void> grow(std::size_t count) {
        return network_->grow(count, [this](std::size_t, LiveNode& node) -> Result<void> {
            lines_.push_back(std::make_unique<KadLine>(network_->bell()));
            lines_.back()->attach(node);
            return ok();
        });
    }
    /// Everybody has met `k_met` others, or all there are.
    Result<void> settle() { return network_->wait_for_connections(std::min(network_->size() - 1, k_met)); }
    [[nodiscard]] LiveNetwork& nodes() { return *network_; }
    [[nodiscard]] KadLine& line(std::size_t i) { return *lines_[i]; }

private:
    static constexpr std::size_t k_met = 8;
    std::vector<std::unique_ptr<KadLine>> lines_;
    std::unique_ptr<LiveNetwork> network_;  // Last: its nodes call the lines.
};

/// One unit: n - 1 nodes that know one address start, until each has verified connections to 8 others (or all).
class DiscoveryWork final : public Work {
public:
    explicit DiscoveryWork(std::size_t count) : count_(count) {}
    Result<void> prepare(std::string const& /*directory*/) override { return ok(); }
    [[nodiscard]] bool needs_reset() const override { return true; }
    Result<void> reset() override { return network_.create_first(); }
    Result<void> run() override {
        RETURN_IF_ERROR(network_.grow(count_));
        return network_.settle();
    }
    Result<void> check() override {
        // The newest is found by name from three others.
        auto const& wanted = network_.nodes().at(count_ - 1).self();
        for (std::size_t i = 0; i < std::min<std::size_t>(3, count_ - 1); ++i) {
            auto const from = i * (count_ - 1) / 3;
            auto const find = [&](p2p::Kad& kad, TimePoint now) { return kad.find_peer(wanted, now); };
            ASSIGN_OR_RETURN(auto const asked, network_.line(from).ask(find, is_over));
            if (asked.error || asked.named.empty() || asked.named.front() != wanted)
                return wrong(fmt::format("node {} does not find the newest", from));
        }
        return ok();
    }

private:
    std::size_t count_;
    KadNetwork network_;
};

enum class KadJob : std::uint8_t {
    put,    ///< A provider record, until the nearest have acknowledged it.
    get,    ///< The provider, from a node that does not hold the record where there is one.
    lookup  ///< The nearest nodes to a key that nobody has.
};

class KadWork final : public Work {
public:
    KadWork(KadJob job, std::size_t count) : job_(job), count_(count) {}
    Result<void> prepare(std::string const& /*directory*/) override {
        RETURN_IF_ERROR(network_.create_first());
        RETURN_IF_ERROR(network_.grow(count_));
        RETURN_IF_ERROR(network_.settle());
        if (job_ == KadJob::get) return publish();
        return ok();
    }
    Result<void> run() override {
        auto const from = ++round_ % count_;
        switch (job_) {
            case KadJob::put:
                return publish();
            case KadJob::get: {
                if (from == k_publisher) return run();
                auto const find = [&](p2p::Kad& kad, TimePoint now) { return kad.find_providers(key_, now, 1); };
                ASSIGN_OR_RETURN(last_, network_.line(from).ask(
                                            find, [](Asked const& asked) { return !asked.named.empty(); }));
                return ok();
            }
            case KadJob::lookup: {
                auto const key = key_of(round_);
                ASSIGN_OR_RETURN(last_, network_.line(from).ask(
                                            [&](p2p::Kad& kad, TimePoint now) { return kad.closest_peers(key, now); },
                                            is_over));
                requests_.push_back(static_cast<double>(last_.requests));
                return ok();
            }
        }
        return ok();
    }
    Result<void> check() override {
        if (last_.error) return wrong("the last question failed: " + last_.error->context);
        auto const others = std::min<std::size_t>(count_ - 1, 20);
        if (job_ == KadJob::put && last_.holders * 4 < others * 3)
            return wrong(fmt::format("only {} of {} hold the record", last_.holders, others));
        bool const is_publisher = last_.named == std::vector{network_.nodes().at(k_publisher).self()};
        if (job_ == KadJob::get && !is_publisher) return wrong("another provider than the one that published");
        if (job_ == KadJob::lookup && last_.named.size() < others)
            return wrong(fmt::format("only {} of {} nodes were named", last_.named.size(), others));
        if (job_ == KadJob::lookup && last_.requests == 0) return wrong("nobody was asked");
        return ok();
    }
    std::vector<Figure> figures() override {
        std::vector<Figure> out;
        if (!requests_.empty()) out.push_back({"requests", "count", Kind::load, requests_});
        if (job_ == KadJob::put) out.push_back({"holders", "count", Kind::load, {static_cast<double>(last_.holders)}});
        return out;
    }

private:
    static constexpr std::size_t k_publisher = 1;

    static Bytes key_of(std::uint64_t number) {
        auto const digest = sha256(as_bytes(fmt::format("package {}", number)));
        Bytes multihash{0x12, 0x20};
        multihash.insert(multihash.end(), digest.bytes.begin(), digest.bytes.end());
        return multihash;
    }
    Result<void> publish() {
        key_ = key_of(++published_);
        ASSIGN_OR_RETURN(last_, network_.line(k_publisher).ask(
                                    [&](p2p::Kad& kad, TimePoint now) { return kad.provide(key_, now); },
                                    [](Asked const& asked) { return asked.holders > 0; }));
        return ok();
    }

    KadJob job_;
    std::size_t count_;
    KadNetwork network_;
    Bytes key_;
    std::uint64_t round_ = 0;
    std::uint64_t published_ = 0;
    Asked last_;
    std::vector<double> requests_;
};

constexpr std::size_t k_message_bytes = 1'024;
constexpr char const* k_topic = "packages";

/// One unit: a message of 1 KiB, from `publish` at one node to its arrival at the last of the others.
class GossipWork final : public Work {
public:
    explicit GossipWork(std::size_t count) : count_(count) {}
    Result<void> prepare(std::string const& /*directory*/) override {
        p2p::NodeOptions options;
        options.has_topics = true;
        options.has_kad = true;
        ASSIGN_OR_RETURN(network_, LiveNetwork::create(options));
        RETURN_IF_ERROR(network_->grow(count_, [this](std::size_t i, LiveNode& node) {
            return node.node().join(
                k_topic, [this, i](PeerId const& author, BytesView data) { take(i, author, data); });
        }));
        auto const others = std::min<std::size_t>(count_ - 1, 8);
        RETURN_IF_ERROR(network_->wait_for_connections(others));
        // A first message warms the meshes: heartbeats fill them once a second.
        for (std::size_t i = 0; i < 5; ++i) RETURN_IF_ERROR(publish_until_heard());
        latencies_.clear();
        return ok();
    }
    Result<void> run() override { return publish_until_heard(); }
    Result<void> check() override {
        return network_->bell().read([&]() -> Result<void> {
            if (twice_ > 0) return wrong(fmt::format("{} messages came twice", twice_));
            if (foreign_ > 0) return wrong(fmt::format("{} messages were not by the publisher", foreign_));
            if (arrived_ != count_ - 1) return wrong("somebody did not hear the last message");
            return ok();
        });
    }
    std::vector<Figure> figures() override {
        double received = 0;
        double copies = 0;
        for (std::size_t i = 0; i < network_->size(); ++i) {
            auto const counters = network_->at(i).call([&, i] { return network_->at(i).node().gossip()->counters(); });
            received += static_cast<double>(counters.received);
            copies += static_cast<double>(counters.received + counters.duplicates);
        }
        return {{"delivery_us", "us", Kind::load, latencies_},
                {"copies", "ratio", Kind::load, {received > 0 ? copies / received : 0}}};
    }

private:
    Result<void> publish_until_heard() {
        auto const publisher = ++round_ % count_;
        Bytes data(k_message_bytes, 0x2a);
        for (std::size_t i = 0; i < 8; ++i) data[i] = static_cast<std::uint8_t>(round_ >> (8 * i));
        network_->bell().ring([&] {
            heard_.assign(count_, false);
            arrived_ = 0;
            data_ = data;
            author_ = network_->at(publisher).self();
            sent_ns_ = now_ns();
        });
        auto& node = network_->at(publisher);
        RETURN_IF_ERROR(node.call([&] { return node.node().publish(k_topic, data); }));
        if (network_->bell().wait(k_network_limit, [&] { return arrived_ == count_ - 1; })) return ok();
        return Error{Errc::timed_out, fmt::format("{} of {} heard the message", arrived_, count_ - 1)};
    }
    void take(std::size_t i, PeerId const& author, BytesView data) {
        auto const now = now_ns();
        network_->bell().ring([&] {
            if (!std::equal(data.begin(), data.end(), data_.begin(), data_.end())) return;
            if (author != *author_) ++foreign_;
            if (heard_[i]) ++twice_;
            heard_[i] = true;
            ++arrived_;
            latencies_.push_back(static_cast<double>(now - sent_ns_) / 1e3);
        });
    }

    std::size_t count_;
    std::uint64_t round_ = 0;
    // Under the bell.
    std::vector<bool> heard_;
    std::size_t arrived_ = 0;
    std::size_t twice_ = 0;
    std::size_t foreign_ = 0;
    Bytes data_;
    std::optional<PeerId> author_;
    std::uint64_t sent_ns_ = 0;
    std::vector<double> latencies_;
    std::unique_ptr<LiveNetwork> network_;  // Last: its handlers use what is above.
};

/// One unit: a node in a process of its own, then peers connect from another process; memory by the kernel.
class NodeMemoryWork final : public Work {
public:
    explicit NodeMemoryWork(std::size_t peers) : peers_(peers) {}
    Result<void> prepare(std::string const& /*directory*/) override { return ok(); }
    Result<void> run() override {
        ASSIGN_OR_RETURN(auto node, Conversation::start({this_program(), "child-nodes", "--count", "1"}));
        ASSIGN_OR_RETURN(auto const address, node.read(k_limit));
        ASSIGN_OR_RETURN(idle_, memory_of(node));
        with_peers_ = idle_;
        if (peers_ == 0) return ok();
        {
            ASSIGN_OR_RETURN(auto others, Conversation::start({this_program(), "child-nodes", "--count",
                                                               std::to_string(peers_), "--connect", address}));
            RETURN_IF_ERROR(others.read(k_limit));
            ASSIGN_OR_RETURN(auto const there, node.ask(fmt::format("wait {}", peers_), k_limit));
            if (there != "ok") return wrong(there);
            ASSIGN_OR_RETURN(with_peers_, memory_of(node));
        }
        ASSIGN_OR_RETURN(auto const gone, node.ask("wait 0", k_limit));
        if (gone != "ok") return wrong(gone + " are left");
        ASSIGN_OR_RETURN(after_, memory_of(node));
        return ok();
    }
    Result<void> check() override {
        if (idle_.own == 0 || idle_.resident < idle_.own) return wrong("the kernel tells no memory");
        if (peers_ >= 50 && with_peers_.own <= idle_.own)
            return wrong("peers cost nothing: they cannot have been there");
        return ok();
    }
    std::vector<Figure> figures() override {
        std::vector<Figure> out{{"node_bytes", "bytes", Kind::load, {with_peers_.resident}},
                                {"node_own_bytes", "bytes", Kind::load, {with_peers_.own}}};
        if (peers_ == 0) return out;
        auto const peers = static_cast<double>(peers_);
        out.push_back({"peer_bytes", "bytes", Kind::load, {(with_peers_.own - idle_.own) / peers}});
        out.push_back({"after_bytes", "bytes", Kind::load, {after_.resident}});
        return out;
    }

private:
    static constexpr std::chrono::milliseconds k_limit{40'000};
    struct Memory {
        double resident = 0;  ///< With what is mapped from files.
        double own = 0;       ///< Anonymous pages.
    };
    static Result<Memory> memory_of(Conversation& node) {
        ASSIGN_OR_RETURN(auto const text, node.ask("memory", k_limit));
        Memory out;
        auto const* const end = text.data() + text.size();
        auto const first = std::from_chars(text.data(), end, out.resident);
        if (first.ptr != end) std::from_chars(first.ptr + 1, end, out.own);
        return out;
    }

    std::size_t peers_;
    Memory idle_;
    Memory with_peers_;
    Memory after_;
};

void add(Catalogue& catalogue, Test test) {
    test.test_class = TestClass::network;
    test.exact_runs = 0;
    test.time_limit_s = 120;
    catalogue.add(std::move(test));
}

}  // namespace

void add_peers_suite(Catalogue& catalogue) {
    for (std::size_t const n : {5UL, 10UL, 20UL, 50UL}) {
        Test test{"p2p_peer_discovery", fmt::format("bootstrap_n{}", n), TestClass::network,
                  "n real nodes that know one address, until each has met 8 others; the newest is found by name",
                  [n] { return std::make_unique<DiscoveryWork>(n); }, {fmt::format("peer_bootstrap/{}", n)}};
        test.is_quick = n <= 10;
        test.slices_max = 1;
        add(catalogue, std::move(test));
    }
    for (std::size_t const n : {10UL, 50UL}) {
        auto const job = [&](char const* name, KadJob kind, char const* what) {
            Test test{"p2p_dht_operations", fmt::format("{}_n{}", name, n), TestClass::network, what,
                      [kind, n] { return std::make_unique<KadWork>(kind, n); }};
            test.is_quick = n <= 10;
            test.slices_max = 10;
            add(catalogue, std::move(test));
        };
        job("put", KadJob::put, "a provider record at n real nodes, until three quarters of the nearest hold it");
        job("get", KadJob::get, "the provider, asked of n real nodes by each in turn");
        job("lookup", KadJob::lookup, "the 20 nearest to a key that nobody has, among n real nodes");
    }
    for (std::size_t const n : {5UL, 10UL, 20UL, 50UL}) {
        Test test{"p2p_gossipsub", fmt::format("publish_n{}", n), TestClass::network,
                  "1 KiB from publish to the last of n real nodes; each hears it once, from its author",
                  [n] { return std::make_unique<GossipWork>(n); }, {fmt::format("gossipsub_propagation/{}", n)}};
        test.is_quick = n <= 10;
        add(catalogue, std::move(test));
    }
    for (std::size_t const n : {0UL, 10UL, 20UL, 50UL, 100UL}) {
        Test test{"p2p_memory", n == 0 ? "single_node" : fmt::format("peers_n{}", n), TestClass::network,
                  n == 0 ? "memory of a node process without peers, by the kernel"
                         : "memory of a node process with n peers of another process, and when they have left",
                  [n] { return std::make_unique<NodeMemoryWork>(n); }};
        test.is_quick = n <= 10;
        test.slices_max = 1;
        add(catalogue, std::move(test));
    }
}

}  // namespace ggen::bench
