#include "sim/many_seeds.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace ggen::sim {
namespace {

/// Reports that wait for an earlier one: past it, threads wait too.
constexpr std::uint64_t k_ahead_max = 1'024;

class Runner {
public:
    Runner(std::string_view text, RunOptions options, SeedRange const& seeds)
        : text_(text), options_(std::move(options)), seeds_(seeds) {
        auto const jobs = std::clamp<std::uint64_t>(seeds.jobs, 1, std::max<std::uint64_t>(seeds.count, 1));
        threads_.reserve(jobs);
        for (std::uint64_t i = 0; i < jobs; ++i) threads_.emplace_back([this] { work(); });
    }
    ~Runner() {
        {
            std::lock_guard const guard{mutex_};
            next_ = seeds_.count;
        }
        changed_.notify_all();
        for (auto& thread : threads_) thread.join();
    }
    Runner(Runner const&) = delete;
    Runner& operator=(Runner const&) = delete;

    /// Each index once, in order.
    Result<RunReport> take(std::uint64_t index) {
        std::unique_lock guard{mutex_};
        changed_.wait(guard, [&] { return done_.contains(index); });
        auto report = std::move(done_.extract(index).mapped());
        taken_ = index + 1;
        changed_.notify_all();
        return report;
    }

private:
    void work() {
        std::unique_lock guard{mutex_};
        for (;;) {
            changed_.wait(guard, [&] { return next_ >= seeds_.count || next_ < taken_ + k_ahead_max; });
            if (next_ >= seeds_.count) return;
            auto const index = next_++;
            guard.unlock();
            auto options = options_;
            options.seed = seeds_.first + index;
            auto report = run_scenario(text_, options);
            guard.lock();
            done_.emplace(index, std::move(report));
            changed_.notify_all();
        }
    }

    std::string_view text_;
    RunOptions options_;
    SeedRange seeds_;
    std::mutex mutex_;  // Guards all below but the threads.
    std::condition_variable changed_;
    std::uint64_t next_ = 0;
    std::uint64_t taken_ = 0;
    std::map<std::uint64_t, Result<RunReport>> done_;
    std::vector<std::thread> threads_;
};

}  // namespace

Result<void> run_seeds(std::string_view text, RunOptions const& options, SeedRange const& seeds,
                       std::function<Result<void>(std::uint64_t, RunReport const&)> const& take) {
    Runner runner{text, options, seeds};
    for (std::uint64_t index = 0; index < seeds.count; ++index) {
        ASSIGN_OR_RETURN(auto const report, runner.take(index));
        RETURN_IF_ERROR(take(seeds.first + index, report));
    }
    return ok();
}

}  // namespace ggen::sim
