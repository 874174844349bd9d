#include <fmt/format.h>

#include "market/find.hpp"
#include "registry/reader.hpp"
#include "suites/market_world.hpp"
#include "suites/suites.hpp"

namespace ggen::bench {
namespace {

Error wrong(std::string text) { return Error{Errc::internal, std::move(text)}; }

std::string package(std::size_t i) { return fmt::format("acme/p{}", i); }

enum class RegistryJob : std::uint8_t {
    load_index,  ///< A new machine: catalogue and search index of the whole registry from its folder, first
                 ///< answer.
    lookup,      ///< One package, proven by the state tree.
    info,        ///< What `ggen info` shows.
    refresh      ///< Nothing new in the registry.
};

class RegistryWork final : public Work {
public:
    RegistryWork(RegistryJob job, std::size_t count) : job_(job), count_(count) {}
    Result<void> prepare(std::string const& directory) override {
        ASSIGN_OR_RETURN(world_, MarketWorld::create(directory));
        RETURN_IF_ERROR(world_->publish_many(count_));
        return world_->enter_project("work");
    }
    [[nodiscard]] bool needs_reset() const override { return job_ == RegistryJob::load_index; }
    Result<void> reset() override { return world_->files().remove_tree(world_->market().directories.cache); }
    Result<void> run() override {
        auto& market = world_->market();
        switch (job_) {
            case RegistryJob::load_index:
            case RegistryJob::refresh: {
                SearchRequest request;
                request.query.text = package(count_ / 2);
                ASSIGN_OR_RETURN(report_, search_packages(market, request));
                return ok();
            }
            case RegistryJob::lookup:
            case RegistryJob::info: {
                ASSIGN_OR_RETURN(auto const info, package_info(market, package(count_ / 2), ""));
                versions_ = info.versions.size();
                return ok();
            }
        }
        return ok();
    }
    Result<void> check() override {
        if (job_ == RegistryJob::lookup || job_ == RegistryJob::info) {
            return versions_ == 1 ? ok() : Result<void>{wrong("the package has one version")};
        }
        if (report_.searched != count_)
            return wrong(fmt::format("{} packages were loaded", report_.searched));
        bool const is_found =
            !report_.page.hits.empty() && report_.page.hits.front().document.name == package(count_ / 2);
        return is_found ? ok() : Result<void>{wrong("the package was not found")};
    }

private:
    RegistryJob job_;
    std::size_t count_;
    std::unique_ptr<MarketWorld> world_;
    SearchReport report_;
    std::size_t versions_ = 0;
};

/// One unit: a release of one package, acknowledged by a durable checkpoint.
class PublishWork final : public Work {
public:
    explicit PublishWork(std::size_t batch) : batch_(batch) {}
    Result<void> prepare(std::string const& directory) override {
        ASSIGN_OR_RETURN(world_, MarketWorld::create(directory));
        return world_->publish_many(10);
    }
    Result<void> run() override {
        ++round_;
        std::vector<PublishItem> items;
        items.reserve(batch_);
        for (std::size_t i = 0; i < batch_; ++i) {
            items.push_back(
                MarketWorld::item(fmt::format("acme/new{}", i), fmt::format("1.{}.0", round_), {}));
        }
        return world_->publish(std::move(items));
    }
    Result<void> check() override {
        ASSIGN_OR_RETURN(auto const info, package_info(world_->market(), "acme/new0", ""));
        return info.versions.size() == round_ ? ok() : Result<void>{wrong("releases are missing")};
    }

private:
    std::size_t batch_;
    std::unique_ptr<MarketWorld> world_;
    std::size_t round_ = 0;
};

void add(Catalogue& catalogue, char const* group, std::string name, RegistryJob job, std::size_t count,
         char const* what, std::vector<std::string> aliases = {}) {
    Test test{group,
              std::move(name),
              TestClass::micro,
              what,
              [=] { return std::make_unique<RegistryWork>(job, count); },
              std::move(aliases)};
    test.is_quick = count <= 1'000;
    if (job == RegistryJob::load_index) test.slices_max = 5;
    if (count > 100) test.exact_runs = 0;
    if (count > 1'000) test.time_limit_s = 300;  // To publish them takes longer than what is measured.
    catalogue.add(std::move(test));
}

}  // namespace

void add_registry_suite(Catalogue& catalogue) {
    for (std::size_t const n : {10UL, 100UL, 1'000UL, 10'000UL}) {
        add(catalogue, "registry_loading", fmt::format("load_index_n{}", n), RegistryJob::load_index, n,
            "a new machine reads a registry of n and answers");
    }
    for (std::size_t const n : {10UL, 1'000UL}) {
        add(catalogue, "registry_refresh", fmt::format("unchanged_n{}", n), RegistryJob::refresh, n,
            "checkpoint checked, nothing new, one search");
        add(catalogue, "package_lookup", fmt::format("info_n{}", n), RegistryJob::info, n,
            "all versions of a package, proven");
    }
    for (std::size_t const n : {1UL, 10UL, 100UL}) {
        Test test{"publish", fmt::format("batch_n{}", n), TestClass::micro,
                  "n releases in one durable checkpoint", [n] { return std::make_unique<PublishWork>(n); }};
        test.slices_max = 5;
        test.exact_runs = n <= 10 ? 1 : 0;
        catalogue.add(std::move(test));
    }
}

}  // namespace ggen::bench
