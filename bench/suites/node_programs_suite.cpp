// Nodes as users run them: `ggen p2p start` and the commands that talk to it, each a process of its own.
#include <fmt/format.h>

#include <algorithm>

#include "measure.hpp"
#include "suites/node_program.hpp"
#include "suites/suites.hpp"

namespace ggen::bench {
namespace {

Error wrong(std::string text) { return Error{Errc::internal, std::move(text)}; }

std::int64_t number(Json const* json) {
    return json != nullptr && json->is_integer() ? *json->if_integer() : std::int64_t{-1};
}

/// One node publishes, the other one is connected to it and follows it.
class TwoNodes {
public:
    Result<void> start(std::string const& directory) {
        ASSIGN_OR_RETURN(publisher_, NodeProgram::start(directory + "/alice"));
        ASSIGN_OR_RETURN(follower_, NodeProgram::start(directory + "/bob"));
        RETURN_IF_ERROR(publisher_->must({"key", "new", "alice/laptop"}));
        ASSIGN_OR_RETURN(pack_, publisher_->make_package("alice/tool", "wrench", k_data_bytes));
        RETURN_IF_ERROR(publisher_->must({"p2p", "publish", pack_}));
        RETURN_IF_ERROR(follower_->must({"p2p", "connect", publisher_->address()}));
        return follow();
    }
    Result<void> follow() {
        RETURN_IF_ERROR(follower_->must({"follow", publisher_->peer(), "--alias", "alice"}));
        return ok();
    }
    Result<void> unfollow() {
        RETURN_IF_ERROR(follower_->must({"unfollow", "alice"}));
        return ok();
    }
    /// The words of a command that publishes one more version.
    [[nodiscard]] std::vector<std::string> publish_words() {
        return {"p2p", "publish", pack_, "--tag", fmt::format("1.{}.0", ++versions_)};
    }
    /// How many releases the follower has of the publisher's log. Errors: invalid (no such answer).
    Result<std::int64_t> mirrored() {
        ASSIGN_OR_RETURN(auto const status, follower_->ask({"p2p", "status"}));
        auto const* const market = status.find("market");
        auto const* const followed = market == nullptr ? nullptr : market->find("followed");
        auto const* const list = followed == nullptr ? nullptr : followed->if_array();
        if (list == nullptr || list->size() != 1) return Error{Errc::invalid, "nothing is followed"};
        return number(list->front().find("releases"));
    }
    Result<std::int64_t> served_bytes() {
        ASSIGN_OR_RETURN(auto const status, publisher_->ask({"p2p", "status"}));
        auto const* const market = status.find("market");
        return number(market == nullptr ? nullptr : market->find("served_bytes"));
    }
    [[nodiscard]] NodeProgram& publisher() { return *publisher_; }
    [[nodiscard]] NodeProgram& follower() { return *follower_; }
    [[nodiscard]] std::int64_t versions() const { return versions_; }

    static constexpr std::size_t k_data_bytes = 100'000;

private:
    std::unique_ptr<NodeProgram> publisher_;
    std::unique_ptr<NodeProgram> follower_;
    std::string pack_;
    std::int64_t versions_ = 0;
};

enum class NodeJob : std::uint8_t { status, peer_list, publish, follow, search, install };

/// One unit: one command of a user beside a running node, from the start of its process to its exit.
class NodeCommandWork final : public Work {
public:
    explicit NodeCommandWork(NodeJob job) : job_(job) {}
    Result<void> prepare(std::string const& directory) override { return nodes_.start(directory); }
    [[nodiscard]] bool needs_reset() const override { return job_ == NodeJob::follow || job_ == NodeJob::install; }
    Result<void> reset() override {
        RETURN_IF_ERROR(nodes_.unfollow());
        if (job_ == NodeJob::follow) return ok();
        // The mirror went with it, and the archives that it held.
        RETURN_IF_ERROR(nodes_.follower().forget_installs());
        RETURN_IF_ERROR(nodes_.follow());
        ASSIGN_OR_RETURN(served_before_, nodes_.served_bytes());
        return ok();
    }
    Result<void> run() override {
        auto& user = job_ == NodeJob::publish ? nodes_.publisher() : nodes_.follower();
        ASSIGN_OR_RETURN(answer_, user.ask(words()));
        return ok();
    }
    Result<void> check() override {
        switch (job_) {
            case NodeJob::status:
                return number(answer_.find("peers")) >= 1 ? ok() : Result<void>{wrong("the node has no peer")};
            case NodeJob::peer_list:
                return says(nodes_.publisher().peer(), "the peer is not listed");
            case NodeJob::publish: {
                auto const* const announced = answer_.find("announced");
                bool const is_told = announced != nullptr && *announced == Json{true};
                return is_told ? reaches_follower() : Result<void>{wrong("the node did not tell it")};
            }
            case NodeJob::follow:
                return number(answer_.find("releases")) >= 1 ? ok() : Result<void>{wrong("nothing is mirrored")};
            case NodeJob::search:
                return says("alice/tool", "the package of the peer is not found");
            case NodeJob::install:
                return came_from_peer();
        }
        return ok();
    }

private:
    [[nodiscard]] std::vector<std::string> words() {
        switch (job_) {
            case NodeJob::status:
                return {"p2p", "status"};
            case NodeJob::peer_list:
                return {"p2p", "peer-list"};
            case NodeJob::publish:
                return nodes_.publish_words();
            case NodeJob::follow:
                return {"follow", nodes_.publisher().peer(), "--alias", "alice"};
            case NodeJob::search:
                return {"search", "wrench"};
            case NodeJob::install:
                return {"install", "alice/tool"};
        }
        return {};
    }
    Result<void> says(std::string const& word, char const* otherwise) const {
        return answer_.dump().find(word) != std::string::npos ? ok() : Result<void>{wrong(otherwise)};
    }
    /// All that was published is at the other node, which asks for it itself when it is told.
    Result<void> reaches_follower() {
        auto const end = now_ns() + k_limit_ns;
        for (;;) {
            ASSIGN_OR_RETURN(auto const there, nodes_.mirrored());
            if (there == nodes_.versions() + 1) return ok();
            if (now_ns() > end) return wrong(fmt::format("{} of {} releases arrived", there, nodes_.versions() + 1));
        }
    }
    Result<void> came_from_peer() {
        ASSIGN_OR_RETURN(auto const data, nodes_.follower().files().read_file(
                                              nodes_.follower().project() + "/gpacks/alice/tool/data.bin", k_mib));
        if (data.size() != TwoNodes::k_data_bytes) return wrong("the installed file has another size");
        ASSIGN_OR_RETURN(auto const served, nodes_.served_bytes());
        bool const is_served = served - served_before_ >= static_cast<std::int64_t>(TwoNodes::k_data_bytes);
        return is_served ? ok() : Result<void>{wrong("the archive did not come from the peer")};
    }

    static constexpr std::uint64_t k_limit_ns = 20'000'000'000;
    NodeJob job_;
    TwoNodes nodes_;
    std::int64_t served_before_ = 0;
    Json answer_;
};

/// One unit: `ggen p2p publish` at one node, until `ggen search --json` at another one lists the new version's log
/// entry: commands, signatures, gossip, the exchange and the index included.
class VisibleWork final : public Work {
public:
    Result<void> prepare(std::string const& directory) override { return nodes_.start(directory); }
    Result<void> run() override {
        auto const name = fmt::format("alice/new-{}", ++published_);
        auto const word = fmt::format("gadget{}", published_);
        ASSIGN_OR_RETURN(auto const pack, nodes_.publisher().make_package(name, word, 1'000));
        auto const begin = now_ns();
        RETURN_IF_ERROR(nodes_.publisher().must({"p2p", "publish", pack}));
        auto const end = begin + k_limit_ns;
        for (;;) {
            ASSIGN_OR_RETURN(auto const found, nodes_.follower().ask({"search", word}));
            if (found.dump().find(name) != std::string::npos) break;
            if (now_ns() > end) return Error{Errc::timed_out, name + " is not found at the other node"};
        }
        visible_ms_.push_back(static_cast<double>(now_ns() - begin) / 1e6);
        return ok();
    }
    Result<void> check() override {
        // Found by search, and provable: it can be installed from the peer.
        RETURN_IF_ERROR(nodes_.follower().must({"install", fmt::format("alice/new-{}", published_)}));
        RETURN_IF_ERROR(nodes_.follower().must({"verify", "--offline"}));
        return ok();
    }
    std::vector<Figure> figures() override { return {{"visible_ms", "ms", Kind::load, visible_ms_}}; }

private:
    static constexpr std::uint64_t k_limit_ns = 20'000'000'000;
    TwoNodes nodes_;
    std::uint64_t published_ = 0;
    std::vector<double> visible_ms_;
};

/// One unit: `ggen p2p start`, then peers in another process connect to it; the kernel tells what the node holds.
class DaemonMemoryWork final : public Work {
public:
    explicit DaemonMemoryWork(std::size_t peers) : peers_(peers) {}
    Result<void> prepare(std::string const& directory) override {
        directory_ = directory;
        return ok();
    }
    Result<void> run() override {
        ASSIGN_OR_RETURN(auto const node, NodeProgram::start(fmt::format("{}/node-{}", directory_, ++runs_)));
        ASSIGN_OR_RETURN(idle_, memory_of_process(node->process()));
        loaded_ = idle_;
        if (peers_ == 0) return ok();
        ASSIGN_OR_RETURN(auto others, Conversation::start({this_program(), "child-nodes", "--count",
                                                           std::to_string(peers_), "--connect", node->address()}));
        RETURN_IF_ERROR(others.read(k_limit));
        auto const end = now_ns() + static_cast<std::uint64_t>(k_limit.count()) * 1'000'000U;
        for (;;) {
            ASSIGN_OR_RETURN(auto const status, node->ask({"p2p", "status"}));
            connected_ = number(status.find("peers"));
            if (connected_ >= static_cast<std::int64_t>(peers_)) break;
            if (now_ns() > end) return Error{Errc::timed_out, fmt::format("only {} peers came", connected_)};
        }
        ASSIGN_OR_RETURN(loaded_, memory_of_process(node->process()));
        return ok();
    }
    Result<void> check() override {
        if (connected_ < static_cast<std::int64_t>(peers_)) return wrong("peers are missing");
        return peers_ < 50 || loaded_.own_bytes > idle_.own_bytes ? ok() : Result<void>{wrong("peers cost nothing")};
    }
    std::vector<Figure> figures() override {
        auto const bytes = [](char const* name, std::uint64_t value) {
            return Figure{name, "bytes", Kind::load, {static_cast<double>(value)}};
        };
        std::vector<Figure> out{bytes("daemon_resident_bytes", loaded_.resident_bytes),
                                bytes("daemon_proportional_bytes", loaded_.proportional_bytes),
                                bytes("daemon_own_bytes", loaded_.own_bytes)};
        if (peers_ > 0 && loaded_.own_bytes >= idle_.own_bytes)
            out.push_back(bytes("peer_bytes", (loaded_.own_bytes - idle_.own_bytes) / peers_));
        return out;
    }

private:
    static constexpr std::chrono::milliseconds k_limit{40'000};
    std::size_t peers_;
    std::string directory_;
    std::size_t runs_ = 0;
    std::int64_t connected_ = 0;
    ProcessMemory idle_;
    ProcessMemory loaded_;
};

void add(Catalogue& catalogue, Test test, std::uint32_t slices) {
    test.exact_runs = 0;
    test.slices_max = slices;
    test.time_limit_s = 180;
    catalogue.add(std::move(test));
}

}  // namespace

void add_node_programs_suite(Catalogue& catalogue) {
    auto const command = [&](char const* name, NodeJob job, char const* what, std::vector<std::string> aliases = {}) {
        add(catalogue,
            {"p2p_cli_commands", name, TestClass::process, what,
             [job] { return std::make_unique<NodeCommandWork>(job); }, std::move(aliases)},
            8);
    };
    command("status", NodeJob::status, "ggen p2p status beside a running node with a peer");
    command("peer_list", NodeJob::peer_list, "ggen p2p peer-list beside a running node; the peer is in it");
    command("publish", NodeJob::publish, "ggen p2p publish of 100 kB; it reaches the follower's node",
            {"p2p_cli/publish"});
    command("follow", NodeJob::follow, "ggen follow of a connected peer, its log mirrored and verified");
    command("search", NodeJob::search, "ggen search finds what a peer published", {"p2p_cli/search"});
    command("install", NodeJob::install, "ggen install of 100 kB that only the peer has", {"p2p_cli/install"});
    add(catalogue,
        {"p2p_publish_visible", "release", TestClass::process,
         "ggen p2p publish at one node until ggen search at another finds it; then it installs and verifies",
         [] { return std::make_unique<VisibleWork>(); }},
        1);  // A log may tell a few checkpoints at once and then one in ten seconds (k_checkpoint_interval).
    for (std::size_t const n : {0UL, 10UL, 50UL}) {
        Test test{"p2p_daemon_memory", n == 0 ? "idle" : fmt::format("peers_n{}", n), TestClass::process,
                  n == 0 ? "memory of ggen p2p start without peers, by the kernel"
                         : "memory of ggen p2p start with n connected peers of another process, by the kernel",
                  [n] { return std::make_unique<DaemonMemoryWork>(n); }};
        test.is_quick = n <= 10;
        add(catalogue, std::move(test), 1);
    }
}

}  // namespace ggen::bench
