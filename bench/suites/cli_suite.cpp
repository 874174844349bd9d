#include <fmt/format.h>

#include <filesystem>

#include "harness/process.hpp"
#include "suites/market_world.hpp"
#include "suites/ggen_program.hpp"
#include "suites/suites.hpp"

namespace ggen::bench {
namespace {

Error wrong(std::string text) { return Error{Errc::internal, std::move(text)}; }

/// One unit: the program from its start to its exit, as a user calls it, over a registry of `packages`.
class CliWork final : public Work {
public:
    CliWork(std::vector<std::string> words, std::string expected, std::size_t packages)
        : words_(std::move(words)), expected_(std::move(expected)), packages_(packages) {}

    Result<void> prepare(std::string const& directory) override {
        ASSIGN_OR_RETURN(program_, ggen_program());
        ASSIGN_OR_RETURN(world_, MarketWorld::create(directory));
        RETURN_IF_ERROR(world_->publish_many(packages_));
        RETURN_IF_ERROR(world_->enter_project("work"));
        if (packages_ > 0) RETURN_IF_ERROR(world_->install({"acme/p0"}));
        return ok();
    }
    Result<void> run() override {
        ASSIGN_OR_RETURN(done_, run_command(program_in_world(*world_, program_, words_)));
        if (!done_.is_good()) return wrong(fmt::format("{}: {}", done_.how_it_ended(), done_.errors));
        peaks_.push_back(static_cast<double>(done_.peak_bytes));
        return ok();
    }
    Result<void> check() override {
        bool const is_there = done_.output.find(expected_) != std::string::npos;
        return is_there ? ok() : Result<void>{wrong(fmt::format("'{}' is not in the output", expected_))};
    }
    std::vector<Figure> figures() override { return {{"program_peak_bytes", "bytes", Kind::load, peaks_}}; }

private:
    std::vector<std::string> words_;
    std::string expected_;
    std::size_t packages_;
    std::string program_;
    std::unique_ptr<MarketWorld> world_;
    Finished done_;
    std::vector<double> peaks_;
};

void add(Catalogue& catalogue, char const* group, std::string name, std::vector<std::string> const& words,
         std::string const& expected, std::size_t packages, char const* what) {
    Test test{group, std::move(name), TestClass::process, what,
              [=] { return std::make_unique<CliWork>(words, expected, packages); }};
    test.exact_runs = 0;
    test.is_quick = packages <= 1'000;
    if (packages > 1'000) test.time_limit_s = 300;  // To publish them takes longer than what is measured.
    test.slices_max = 10;
    catalogue.add(std::move(test));
}

}  // namespace

void add_cli_suite(Catalogue& catalogue) {
    add(catalogue, "cli_response", "version", {"--version"}, "ggen", 0, "start and exit");
    add(catalogue, "cli_response", "help", {"--help"}, "search", 0, "the whole help");
    add(catalogue, "cli_response", "search_n100", {"search", "p50"}, "acme/p50", 100,
        "search, process and all");
    add(catalogue, "cli_response", "search_n1000", {"search", "p500"}, "acme/p500", 1'000,
        "search, process and all");
    add(catalogue, "cli_response", "search_json_n1000", {"search", "p500", "--json"}, "acme/p500", 1'000,
        "search as JSON");
    add(catalogue, "cli_response", "info_n1000", {"info", "acme/p5"}, "acme/p5", 1'000, "one package");
    add(catalogue, "cli_response", "list", {"list"}, "acme/p0", 10, "what is installed");
    add(catalogue, "cli_response", "install_no_op", {"install"}, "", 10, "nothing to do");
    add(catalogue, "cli_response", "verify_offline", {"verify", "--offline"}, "", 10,
        "every file and proof of one package");
    add(catalogue, "cli_response", "semver", {"semver", "-r", "^1.2", "1.2.3", "2.0.0"}, "1.2.3", 0,
        "a range of npm's grammar");
    add(catalogue, "memory_baseline", "version", {"--version"}, "ggen", 0,
        "peak memory of the empty program");
    for (std::size_t const n : {100UL, 1'000UL, 10'000UL}) {
        add(catalogue, "memory_packages", fmt::format("search_n{}", n), {"search", "p7"}, "acme/p7", n,
            "peak memory of a search among n");
    }
}

}  // namespace ggen::bench
