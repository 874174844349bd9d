// A new package, from `publish` in the registry of one machine to its verified announcement at all others.
#include <fmt/format.h>

#include <optional>

#include "market/registry_set.hpp"
#include "measure.hpp"
#include "merkle/checkpoint.hpp"
#include "suites/live_nodes.hpp"
#include "suites/market_world.hpp"
#include "suites/suites.hpp"

namespace ggen::bench {
namespace {

Error wrong(std::string text) { return Error{Errc::internal, std::move(text)}; }

constexpr char const* k_topic = "checkpoints";

/// One unit: a package is published, which signs a new checkpoint of the log; node 0 tells it, and every other node
/// checks the signature of the registry before it counts.
class AnnouncementWork final : public Work {
public:
    explicit AnnouncementWork(std::size_t nodes) : count_(nodes) {}
    Result<void> prepare(std::string const& directory) override {
        ASSIGN_OR_RETURN(world_, MarketWorld::create(directory));
        ASSIGN_OR_RETURN(auto const known, find_registry(world_->market().config, "main"));
        FolderSource source{world_->files(), world_->registry_directory()};
        ASSIGN_OR_RETURN(auto const root, load_pinned_root(world_->market(), known, source));
        log_key_ = root.log_key;
        p2p::NodeOptions options;
        options.has_topics = true;
        options.has_kad = true;
        ASSIGN_OR_RETURN(network_, LiveNetwork::create(options));
        RETURN_IF_ERROR(network_->grow(count_, [this](std::size_t, LiveNode& node) {
            return node.node().join(k_topic, [this](PeerId const&, BytesView data) { take(data); });
        }));
        RETURN_IF_ERROR(network_->wait_for_connections(std::min<std::size_t>(count_ - 1, 8)));
        for (int i = 0; i < 3; ++i) RETURN_IF_ERROR(run());
        arrived_ms_.clear();
        return ok();
    }
    Result<void> run() override {
        auto const begin = now_ns();
        RETURN_IF_ERROR(world_->publish({MarketWorld::item(fmt::format("acme/new{}", ++published_), "1.0.0", {})}));
        ASSIGN_OR_RETURN(auto const note, world_->files().read_file(world_->registry_directory() + "/checkpoint",
                                                                    merkle::k_checkpoint_bytes_max));
        ASSIGN_OR_RETURN(auto const checkpoint, merkle::open_checkpoint(as_text(note), *log_key_));
        network_->bell().ring([&] {
            wanted_size_ = checkpoint.checkpoint.size;
            verified_ = 0;
        });
        auto& first = network_->at(0);
        RETURN_IF_ERROR(first.call([&] { return first.node().publish(k_topic, BytesView{note}); }));
        if (!network_->bell().wait(k_network_limit, [&] { return verified_ == count_ - 1; }))
            return Error{Errc::timed_out, fmt::format("{} of {} nodes know the package", verified_, count_ - 1)};
        arrived_ms_.push_back(static_cast<double>(now_ns() - begin) / 1e6);
        return ok();
    }
    Result<void> check() override {
        if (refused_ > 0) return wrong(fmt::format("{} announcements did not verify", refused_));
        if (wanted_size_ < published_) return wrong("the log did not grow with each package");
        return ok();
    }
    std::vector<Figure> figures() override { return {{"announced_ms", "ms", Kind::load, arrived_ms_}}; }

private:
    void take(BytesView data) {
        auto const checkpoint = merkle::open_checkpoint(as_text(data), *log_key_);
        network_->bell().ring([&] {
            if (!checkpoint) ++refused_;
            if (checkpoint && checkpoint->checkpoint.size == wanted_size_) ++verified_;
        });
    }

    std::size_t count_;
    std::unique_ptr<MarketWorld> world_;
    std::optional<merkle::VerifierKey> log_key_;
    std::uint64_t published_ = 0;
    // Under the bell.
    std::uint64_t wanted_size_ = 0;
    std::size_t verified_ = 0;
    std::size_t refused_ = 0;
    std::vector<double> arrived_ms_;
    std::unique_ptr<LiveNetwork> network_;  // Last: its handlers use what is above.
};

}  // namespace

void add_announcement_suite(Catalogue& catalogue) {
    for (std::size_t const n : {10UL, 50UL}) {
        Test test{"p2p_announcement", fmt::format("package_n{}", n), TestClass::network,
                  "a package is published; its signed checkpoint is told by topic and verified at all of n real nodes",
                  [n] { return std::make_unique<AnnouncementWork>(n); },
                  {fmt::format("package_announcement/{}", n)}};
        test.exact_runs = 0;
        test.is_quick = n <= 10;
        test.slices_max = 10;
        test.time_limit_s = 120;
        catalogue.add(std::move(test));
    }
}

}  // namespace ggen::bench
