// Search across peers: real nodes, each a `ggen p2p start` of its own, and `ggen p2p search` at one that holds nothing.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <thread>

#include "base/parallel.hpp"
#include "measure.hpp"
#include "suites/node_program.hpp"
#include "suites/suites.hpp"

namespace ggen::bench {
namespace {

Error wrong(std::string text) { return Error{Errc::internal, std::move(text)}; }

std::int64_t number(Json const* json) {
    return json != nullptr && json->is_integer() ? *json->if_integer() : std::int64_t{-1};
}

std::string text(Json const* json) {
    auto const* const value = json == nullptr ? nullptr : json->if_string();
    return value == nullptr ? std::string{} : *value;
}

/// `nodes` processes on loopback. Some of them publish `packages` packages in all, and half of the others mirror each
/// of them, so that a question to the 16 peers that a node asks meets every registry.
class Crowd {
public:
    static constexpr std::size_t k_publishers = 5;

    Result<void> start(std::string const& directory, std::size_t nodes, std::size_t packages) {
        packages_ = packages;
        // All know the first one, and by it each other.
        for (std::size_t i = 0; i < nodes; ++i) {
            std::vector<std::string> known;
            if (i > 0) known.push_back(nodes_.front()->address());
            ASSIGN_OR_RETURN(auto node, NodeProgram::start(fmt::format("{}/n{}", directory, i), known));
            nodes_.push_back(std::move(node));
        }
        RETURN_IF_ERROR(publish());
        return follow();
    }
    /// A node that publishes and follows nothing, with a connection to each of the others.
    Result<std::unique_ptr<NodeProgram>> newcomer(std::string const& directory) const {
        std::vector<std::string> known;
        known.reserve(nodes_.size());
        for (auto const& node : nodes_) known.push_back(node->address());
        ASSIGN_OR_RETURN(auto node, NodeProgram::start(directory, known));
        auto const wanted = std::min<std::size_t>(nodes_.size(), k_asked_max);
        auto const end = now_ns() + k_limit_ns;
        for (std::int64_t peers = 0; peers < static_cast<std::int64_t>(wanted);) {
            ASSIGN_OR_RETURN(auto const status, node->ask({"p2p", "status"}));
            peers = number(status.find("peers"));
            if (now_ns() > end) return Error{Errc::timed_out, fmt::format("only {} peers are connected", peers)};
        }
        return node;
    }
    /// One in ten goes without a word; publishers and the first one stay.
    void kill_some() {
        auto const count = nodes_.size() / 10;
        for (std::size_t i = 0; i < count; ++i) nodes_.pop_back();
    }
    /// Peer of the registry that holds a package.
    [[nodiscard]] std::string const& publisher_of(std::size_t package) const {
        return nodes_[package % k_publishers]->peer();
    }
    [[nodiscard]] NodeProgram& publisher(std::size_t i) { return *nodes_[i]; }
    [[nodiscard]] std::size_t packages() const { return packages_; }
    static std::string name_of(std::size_t package) {
        return fmt::format("crowd{}/pack-{}", package % k_publishers, package);
    }
    /// A word that no other package has, and none within a typing mistake of it.
    static std::string word_of(std::size_t package) {
        constexpr std::string_view k_letters = "bcdfghjklmnpqrstvwxz";
        std::string out = "lamp";
        for (auto rest = package * 7'919 + 1'000'003; rest > 0; rest /= k_letters.size())
            out.push_back(k_letters[rest % k_letters.size()]);
        return out;
    }

    static constexpr std::size_t k_asked_max = 16;
    static constexpr std::uint64_t k_limit_ns = 120'000'000'000;

private:
    Result<void> publish() {
        for (std::size_t i = 0; i < k_publishers; ++i) {
            RETURN_IF_ERROR(nodes_[i]->must({"key", "new", fmt::format("crowd{}/laptop", i)}));
            std::vector<std::string> words{"p2p", "publish"};
            for (auto package = i; package < packages_; package += k_publishers) {
                ASSIGN_OR_RETURN(auto path, nodes_[i]->make_package(name_of(package), word_of(package), 100));
                words.push_back(std::move(path));
            }
            RETURN_IF_ERROR(nodes_[i]->must(std::move(words)));
        }
        return ok();
    }
    /// Several at once: that is no more than what a crowd does anyway.
    Result<void> follow() {
        std::vector<Result<void>> done(nodes_.size(), ok());
        auto const threads = 2 * std::max(1U, std::thread::hardware_concurrency());
        run_parallel(nodes_.size(), threads, [&](std::size_t i) { done[i] = follow_some(i); });
        for (auto const& one : done) RETURN_IF_ERROR(one);
        return ok();
    }
    Result<void> follow_some(std::size_t i) {
        for (std::size_t k = 0; k < k_publishers; ++k) {
            if (i == k || (i + k) % 2 == 0) continue;
            RETURN_IF_ERROR(nodes_[i]->must({"p2p", "connect", nodes_[k]->address()}));
            RETURN_IF_ERROR(nodes_[i]->must({"follow", nodes_[k]->peer(), "--alias", fmt::format("crowd{}", k)}));
        }
        return ok();
    }

    std::vector<std::unique_ptr<NodeProgram>> nodes_;
    std::size_t packages_ = 0;
};

/// One unit: `ggen p2p search` for a package that only others hold.
class PeerSearchWork final : public Work {
public:
    PeerSearchWork(std::size_t nodes, std::size_t packages) : nodes_(nodes), packages_(packages) {}
    Result<void> prepare(std::string const& directory) override {
        RETURN_IF_ERROR(crowd_.start(directory, nodes_, packages_));
        // Two, because a node answers another one 20 questions at once and then ten a second.
        ASSIGN_OR_RETURN(asker_, crowd_.newcomer(directory + "/asker"));
        ASSIGN_OR_RETURN(judge_, crowd_.newcomer(directory + "/judge"));
        RETURN_IF_ERROR(wait_until_known(directory));
        crowd_.kill_some();
        return ok();
    }
    Result<void> run() override {
        package_ = (package_ + 37) % packages_;
        ASSIGN_OR_RETURN(answer_, asker_->ask({"p2p", "search", Crowd::word_of(package_)}));
        answered_us_.push_back(static_cast<double>(number(answer_.find("peers_us"))));
        return ok();
    }
    Result<void> check() override {
        RETURN_IF_ERROR(holds(answer_, package_));
        // What all peers together hold is what a search has to find.
        std::size_t found = 0;
        for (std::size_t i = 0; i < k_judged; ++i) {
            auto const package = i * packages_ / k_judged;
            ASSIGN_OR_RETURN(auto const answer, judge_->ask({"p2p", "search", Crowd::word_of(package)}));
            auto const is_found = holds(answer, package);
            if (is_found) ++found;
            else if (why_.empty()) why_ = is_found.error().context;
        }
        recall_ = static_cast<double>(found) / static_cast<double>(k_judged);
        return found == k_judged ? ok() : Result<void>{wrong(fmt::format("{} of {} found: {}", found, k_judged, why_))};
    }
    std::vector<Figure> figures() override {
        return {{"peers_us", "us", Kind::load, answered_us_}, {"recall", "ratio", Kind::quality, {recall_}}};
    }

private:
    /// A node looks once a second at what it serves: until all publishers' packages are found by somebody else.
    Result<void> wait_until_known(std::string const& directory) {
        ASSIGN_OR_RETURN(auto const scout, crowd_.newcomer(directory + "/scout"));
        auto const end = now_ns() + Crowd::k_limit_ns;
        for (std::size_t package = 0; package < Crowd::k_publishers;) {
            ASSIGN_OR_RETURN(auto const answer, scout->ask({"p2p", "search", Crowd::word_of(package)}));
            auto const known = holds(answer, package);
            if (known) ++package;
            else if (now_ns() > end) return known;
        }
        return ok();
    }
    /// The package stands in the answer, its publisher is named, and peers told of it who did not lie.
    Result<void> holds(Json const& answer, std::size_t package) const {
        auto const* const list = answer.find("hits");
        auto const* const hits = list == nullptr ? nullptr : list->if_array();
        if (hits == nullptr) return wrong("an answer without a list of hits");
        auto const hit = std::find_if(hits->begin(), hits->end(), [&](Json const& one) {
            return text(one.find("name")) == Crowd::name_of(package);
        });
        if (hit == hits->end())
            return wrong(fmt::format("{} is not found: {}", Crowd::name_of(package), answer.dump()));
        auto const* const from = hit->find("from");
        bool const is_told = from != nullptr && from->if_array() != nullptr && !from->if_array()->empty();
        bool const is_right = text(hit->find("where")) == "peers" && is_told &&
                              text(hit->find("publisher")) == crowd_.publisher_of(package);
        if (!is_right) return wrong(fmt::format("a hit of no peer: {}", hit->dump()));
        if (number(answer.find("lied")) != 0) return wrong("a peer lied");
        return number(answer.find("answered")) > 0 ? ok() : Result<void>{wrong("nobody answered")};
    }

    static constexpr std::size_t k_judged = 15;
    std::size_t nodes_;
    std::size_t packages_;
    Crowd crowd_;
    std::unique_ptr<NodeProgram> asker_;
    std::unique_ptr<NodeProgram> judge_;
    std::size_t package_ = 0;
    Json answer_;
    std::vector<double> answered_us_;
    double recall_ = 0;
    std::string why_;
};

/// One unit: `ggen p2p search` for a package of a registry that this node follows.
class LocalHitWork final : public Work {
public:
    Result<void> prepare(std::string const& directory) override {
        RETURN_IF_ERROR(crowd_.start(directory, k_nodes, k_packages));
        ASSIGN_OR_RETURN(asker_, crowd_.newcomer(directory + "/asker"));
        for (std::size_t i = 0; i < Crowd::k_publishers; ++i)
            RETURN_IF_ERROR(asker_->must({"follow", crowd_.publisher(i).peer(), "--alias", fmt::format("crowd{}", i)}));
        return ok();
    }
    Result<void> run() override {
        package_ = (package_ + 7) % k_packages;
        ASSIGN_OR_RETURN(answer_, asker_->ask({"p2p", "search", Crowd::word_of(package_)}));
        local_us_.push_back(static_cast<double>(number(answer_.find("local_us"))));
        return ok();
    }
    Result<void> check() override {
        auto const* const list = answer_.find("hits");
        bool const is_one = list != nullptr && list->if_array() != nullptr && list->if_array()->size() == 1;
        if (!is_one) return wrong("not one hit: " + answer_.dump());
        auto const& hit = list->if_array()->front();
        bool const is_local = text(hit.find("where")) == "local" && text(hit.find("name")) == Crowd::name_of(package_);
        return is_local ? ok() : Result<void>{wrong("the hit is not the local one: " + answer_.dump())};
    }
    std::vector<Figure> figures() override { return {{"local_us", "us", Kind::load, local_us_}}; }

private:
    static constexpr std::size_t k_nodes = 6;
    static constexpr std::size_t k_packages = 100;
    Crowd crowd_;
    std::unique_ptr<NodeProgram> asker_;
    std::size_t package_ = 0;
    Json answer_;
    std::vector<double> local_us_;
};

void add(Catalogue& catalogue, std::string name, char const* what, std::function<std::unique_ptr<Work>()> make,
         std::vector<std::string> aliases, std::uint32_t time_limit_s) {
    Test test{"p2p_package_search", std::move(name), TestClass::network, what, std::move(make), std::move(aliases)};
    test.is_quick = false;
    test.exact_runs = 0;
    test.slices_max = 10;
    test.time_limit_s = time_limit_s;
    test.rounds_max = 1;
    catalogue.add(std::move(test));
}

}  // namespace

void add_peer_search_suite(Catalogue& catalogue) {
    constexpr std::uint32_t k_limit_s = 600;
    for (auto const& [nodes, packages] : {std::pair{10UL, 100UL}, {20UL, 500UL}, {50UL, 1'000UL}}) {
        add(catalogue, fmt::format("peers_n{}_packages_n{}", nodes, packages),
            "ggen p2p search for a package that only peers hold, among n node processes, a tenth of them dead",
            [nodes, packages] { return std::make_unique<PeerSearchWork>(nodes, packages); },
            {fmt::format("search/{}p/{}", nodes, packages)}, k_limit_s);
    }
    add(catalogue, "local_hit", "ggen p2p search for a package of a registry that is followed",
        [] { return std::make_unique<LocalHitWork>(); }, {"search/local_hit"}, k_limit_s);
}

}  // namespace ggen::bench
