#include <fmt/format.h>

#include <thread>

#include "base/file_system.hpp"
#include "measure.hpp"
#include "search/index_directory.hpp"
#include "search/index_writer.hpp"
#include "suites/corpus_documents.hpp"
#include "suites/ggen_program.hpp"
#include "suites/suites.hpp"

namespace ggen::bench {
namespace {

Error wrong(std::string text) { return Error{Errc::internal, std::move(text)}; }

/// One unit: `threads` threads answer `k_queries` each over one index.
class ParallelSearchWork final : public Work {
public:
    explicit ParallelSearchWork(unsigned threads) : threads_(threads) {}
    Result<void> prepare(std::string const& directory) override {
        ASSIGN_OR_RETURN(auto builder, SearchIndexBuilder::create(*files_, directory + "/index"));
        for (auto const& document : make_documents(1'000)) RETURN_IF_ERROR(builder->add(document));
        RETURN_IF_ERROR(builder->finish());
        ASSIGN_OR_RETURN(index_, open_search_index(*files_, directory + "/index"));
        return ok();
    }
    Result<void> run() override {
        std::vector<std::size_t> found(threads_);
        std::vector<std::thread> pool;
        pool.reserve(threads_);
        for (unsigned t = 0; t < threads_; ++t) {
            pool.emplace_back([&, t] {
                for (int i = 0; i < k_queries; ++i) {
                    SearchQuery query;
                    query.text = i % 2 == 0 ? "zod-parser" : "json";
                    auto const page = index_->search(query);
                    if (page && !page->hits.empty()) ++found[t];
                }
            });
        }
        for (auto& thread : pool) thread.join();
        good_ = 0;
        for (auto const count : found) good_ += count;
        return ok();
    }
    Result<void> check() override {
        return good_ == std::size_t{threads_} * k_queries ? ok()
                                                          : Result<void>{wrong("a search found nothing")};
    }

private:
    static constexpr int k_queries = 50;
    unsigned threads_;
    std::unique_ptr<FileSystem> files_ = make_posix_file_system();
    std::shared_ptr<SearchIndex const> index_;
    std::size_t good_ = 0;
};

/// One unit: so many programs at once over one store, each in a project of its own.
class ParallelProgramsWork final : public Work {
public:
    ParallelProgramsWork(std::size_t installs, std::size_t searches)
        : installs_(installs), searches_(searches) {}
    Result<void> prepare(std::string const& directory) override {
        ASSIGN_OR_RETURN(program_, ggen_program());
        ASSIGN_OR_RETURN(world_, MarketWorld::create(directory));
        return world_->publish_many(20);
    }
    [[nodiscard]] bool needs_reset() const override { return true; }
    Result<void> reset() override { return world_->forget_store(); }
    Result<void> run() override {
        std::vector<Command> commands;
        for (std::size_t i = 0; i < installs_; ++i) {
            RETURN_IF_ERROR(world_->enter_project(fmt::format("p{}", i)));
            commands.push_back(
                program_in_world(*world_, program_, {"install", fmt::format("acme/p{}", i % 4)}));
        }
        for (std::size_t i = 0; i < searches_; ++i)
            commands.push_back(program_in_world(*world_, program_, {"search", "p1"}));
        std::vector<std::uint8_t> good(commands.size());
        std::vector<std::thread> pool;
        pool.reserve(commands.size());
        for (std::size_t i = 0; i < commands.size(); ++i) {
            pool.emplace_back([&, i] {
                auto const done = run_command(commands[i]);
                good[i] = done && done->is_good() ? 1 : 0;
            });
        }
        for (auto& thread : pool) thread.join();
        good_ = 0;
        for (auto const one : good) good_ += one;
        return ok();
    }
    Result<void> check() override {
        if (good_ != installs_ + searches_)
            return wrong(fmt::format("{} of {} succeeded", good_, installs_ + searches_));
        for (std::size_t i = 0; i < installs_; ++i) {
            auto const path =
                fmt::format("{}/projects/p{}/gpacks/acme/p{}/gpack.toml", world_->directory(), i, i % 4);
            RETURN_IF_ERROR(world_->files().read_file(path, k_mib));
        }
        return ok();
    }

private:
    std::size_t installs_;
    std::size_t searches_;
    std::string program_;
    std::unique_ptr<MarketWorld> world_;
    std::size_t good_ = 0;
};

}  // namespace

void add_concurrency_suite(Catalogue& catalogue) {
    for (unsigned const n : {1U, 2U, 10U}) {
        Test test{"concurrent_search",
                  fmt::format("threads_n{}", n),
                  TestClass::micro,
                  "50 searches a thread over one index",
                  [n] { return std::make_unique<ParallelSearchWork>(n); },
                  n == 10 ? std::vector<std::string>{"concurrent/10_searches"} : std::vector<std::string>{}};
        test.exact_runs = n == 1 ? 1 : 0;
        catalogue.add(std::move(test));
    }
    auto const programs = [&](char const* name, std::size_t installs, std::size_t searches, char const* what,
                              char const* alias) {
        Test test{"concurrent_programs",
                  name,
                  TestClass::process,
                  what,
                  [=] { return std::make_unique<ParallelProgramsWork>(installs, searches); },
                  {alias}};
        test.exact_runs = 0;
        test.slices_max = 5;
        catalogue.add(std::move(test));
    };
    programs("installs_1", 1, 0, "one install, for the scale", "concurrent/1_install");
    programs("installs_5", 5, 0, "five installs at once, shared packages", "concurrent/5_installs");
    programs("mixed_10", 5, 5, "five installs and five searches at once", "concurrent/10_mixed");
}

}  // namespace ggen::bench
