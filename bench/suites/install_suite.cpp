#include <fmt/format.h>

#include <filesystem>

#include "suites/market_world.hpp"
#include "suites/suites.hpp"

namespace ggen::bench {
namespace {

Error wrong(std::string text) { return Error{Errc::internal, std::move(text)}; }

/// How the packages of a test depend on each other; acme/root is what is installed.
enum class Shape : std::uint8_t {
    flat,  ///< The root needs all others.
    deep   ///< A chain.
};

std::string part(std::size_t i) { return fmt::format("acme/part-{}", i); }

std::vector<PublishItem> packages(Shape shape, std::size_t dependencies, std::size_t bytes) {
    std::vector<PublishItem> out;
    MarketWorld::Needs needs;
    for (std::size_t i = 0; i < dependencies; ++i) {
        MarketWorld::Needs own;
        if (shape == Shape::deep && i + 1 < dependencies) own[part(i + 1)] = "^1.0";
        if (shape == Shape::flat || i == 0) needs[part(i)] = "^1.0";
        out.push_back(MarketWorld::item(part(i), "1.2.0", own, bytes));
    }
    out.push_back(MarketWorld::item("acme/root", "1.0.0", needs, bytes));
    return out;
}

enum class Start : std::uint8_t {
    cold,   ///< Empty store: everything is read from the registry.
    warm,   ///< Everything in the store, a new project.
    known,  ///< This lockfile was built before: another project takes its generation.
    no_op   ///< Nothing to do.
};

/// One unit: `ggen install` as the command does it, from the request to the durable lockfile and tree.
class InstallWork final : public Work {
public:
    InstallWork(Shape shape, std::size_t dependencies, std::size_t bytes, Start start)
        : shape_(shape), dependencies_(dependencies), bytes_(bytes), start_(start) {}

    Result<void> prepare(std::string const& directory) override {
        ASSIGN_OR_RETURN(world_, MarketWorld::create(directory));
        RETURN_IF_ERROR(world_->publish(packages(shape_, dependencies_, bytes_)));
        RETURN_IF_ERROR(world_->enter_project("model"));
        ASSIGN_OR_RETURN(report_, world_->install({"acme/root"}));
        for (auto const* name : {"ggen.lock", "ggen.lock.proofs"}) {
            ASSIGN_OR_RETURN(auto bytes, world_->files().read_file(
                                             world_->market().project_directory + "/" + name, k_mib * 64));
            locked_.emplace_back(name, std::move(bytes));
        }
        return ok();
    }
    [[nodiscard]] bool needs_reset() const override { return start_ != Start::no_op; }
    Result<void> reset() override {
        RETURN_IF_ERROR(world_->enter_project("work"));
        if (start_ == Start::cold) RETURN_IF_ERROR(world_->forget_store());
        if (start_ != Start::known) return ok();
        for (auto const& [name, bytes] : locked_) {
            RETURN_IF_ERROR(world_->files().write_file_atomic(world_->market().project_directory + "/" + name,
                                                              bytes, Sync::none));
        }
        return ok();
    }
    Result<void> run() override {
        bool const is_new = start_ == Start::cold || start_ == Start::warm;
        ASSIGN_OR_RETURN(report_, is_new ? world_->install({"acme/root"}) : world_->install({}));
        return ok();
    }
    Result<void> check() override {
        auto const target = world_->market().project_directory + "/gpacks/";
        for (std::size_t i = 0; i < dependencies_; ++i) {
            ASSIGN_OR_RETURN(auto const text,
                             world_->files().read_file(target + part(i) + "/data/text.txt", k_mib * 64));
            if (text.size() != bytes_) return wrong(part(i) + " has another size");
        }
        auto const fetched = report_.figures.packages_fetched;
        if (start_ == Start::cold && fetched != dependencies_ + 1)
            return wrong(fmt::format("{} packages were fetched", fetched));
        if (start_ != Start::cold && fetched != 0) return wrong("something was fetched again");
        // A second install must have nothing to do.
        ASSIGN_OR_RETURN(auto const again, world_->install({}));
        for (auto const& change : again.changes) {
            if (change.kind != PlannedChange::Kind::keep) return wrong("a second install changes something");
        }
        return ok();
    }

private:
    Shape shape_;
    std::size_t dependencies_;
    std::size_t bytes_;
    Start start_;
    std::unique_ptr<MarketWorld> world_;
    std::vector<std::pair<std::string, Bytes>> locked_;
    InstallReport report_;
};

/// 200 installs of random packages; the share that succeeded, each tree verified by what it holds.
class SuccessWork final : public Work {
public:
    Result<void> prepare(std::string const& directory) override {
        ASSIGN_OR_RETURN(world_, MarketWorld::create(directory));
        return world_->publish_many(k_packages);
    }
    Result<void> run() override {
        SeededBytes random{5};
        good_ = 0;
        for (std::size_t i = 0; i < k_installs; ++i) {
            RETURN_IF_ERROR(world_->enter_project("try"));
            auto const name = fmt::format("acme/p{}", random.below(k_packages));
            auto const done = world_->install({name});
            auto const path =
                fmt::format("{}/gpacks/{}/gpack.toml", world_->market().project_directory, name);
            if (done && world_->files().read_file(path, k_mib)) ++good_;
        }
        return ok();
    }
    Result<void> check() override { return good_ > 0 ? ok() : Result<void>{wrong("no install succeeded")}; }
    std::vector<Figure> figures() override {
        return {{"success", "ratio", Kind::quality, {static_cast<double>(good_) / k_installs}}};
    }

private:
    static constexpr std::size_t k_packages = 100;
    static constexpr std::size_t k_installs = 200;
    std::unique_ptr<MarketWorld> world_;
    std::size_t good_ = 0;
};

void add(Catalogue& catalogue, char const* group, std::string name, Shape shape, std::size_t dependencies,
         std::size_t bytes, Start start, char const* what, std::vector<std::string> aliases = {}) {
    Test test{group,
              std::move(name),
              TestClass::micro,
              what,
              [=] { return std::make_unique<InstallWork>(shape, dependencies, bytes, start); },
              std::move(aliases)};
    test.slices_max = 8;
    test.is_quick = dependencies <= 30;
    test.exact_runs = dependencies <= 10 ? 1 : 0;
    catalogue.add(std::move(test));
}

}  // namespace

void add_install_suite(Catalogue& catalogue) {
    add(catalogue, "installation", "small", Shape::flat, 0, 1'000, Start::cold,
        "one package of 1 kB, empty store", {"small_install"});
    add(catalogue, "installation", "medium", Shape::flat, 3, 10'000, Start::cold,
        "four packages of 10 kB, empty store", {"medium_install"});
    add(catalogue, "installation", "large", Shape::flat, 10, 100'000, Start::cold,
        "eleven packages of 100 kB, empty store", {"large_install"});
    for (std::size_t const n : {1UL, 10UL, 50UL}) {
        add(catalogue, "install_flat", fmt::format("cold_n{}", n), Shape::flat, n, 1'000, Start::cold,
            "n dependencies, empty store");
        add(catalogue, "install_flat", fmt::format("warm_n{}", n), Shape::flat, n, 1'000, Start::warm,
            "n dependencies, all in the store");
    }
    add(catalogue, "install_deep", "chain_10_cold", Shape::deep, 10, 1'000, Start::cold,
        "ten levels, empty store");
    add(catalogue, "install_deep", "chain_10_warm", Shape::deep, 10, 1'000, Start::warm,
        "ten levels, all in the store");
    add(catalogue, "install_known", "activate_30", Shape::flat, 30, 1'000, Start::known,
        "a lockfile that was built before, another project");
    add(catalogue, "install_known", "no_op_30", Shape::flat, 30, 1'000, Start::no_op, "nothing to do");
    Test success{"install_success", "random_200", TestClass::micro,
                 "200 installs of random packages; share that succeeds",
                 [] { return std::make_unique<SuccessWork>(); }};
    success.slices_max = 1;
    success.exact_runs = 0;
    catalogue.add(std::move(success));
}

}  // namespace ggen::bench
