#pragma once

#include <unistd.h>

#include <cstdlib>
#include <string_view>
#include <thread>

#include "harness/benchmark.hpp"

/// Tests that behave and misbehave, for tests of the runner and the gate.
namespace ggen::bench::testing {

enum class Manner : std::uint8_t { good, threaded, wrong, crash, hang, absent, stubbed };

class TestingWork final : public Work {
public:
    explicit TestingWork(Manner manner) : manner_(manner) {}
    Result<void> prepare(std::string const& /*directory*/) override {
        if (manner_ == Manner::absent) return Error{Errc::unavailable, "the peer is not installed"};
        return ok();
    }
    Result<void> run() override {
        if (manner_ == Manner::crash) std::abort();
        while (manner_ == Manner::hang) ::pause();
        if (manner_ == Manner::stubbed) return ok();
        if (manner_ == Manner::threaded) {
            // Ten times: what starting a thread counts varies by a hundredth of one sum, by who waits for whom.
            std::thread{[this] { for (int i = 0; i < 10; ++i) add_up(); }}.join();
        } else {
            add_up();
        }
#if defined(GGEN_BENCH_TESTING_SLOWER)
        // Somebody's change: an eighth more.
        for (std::uint64_t i = 0; i < 125; ++i) waste_ = waste_ + i;
#endif
        return ok();
    }
    Result<void> check() override {
        if (manner_ == Manner::wrong || sum_ != 499'500) return Error{Errc::internal, "the sum is wrong"};
        return ok();
    }
    std::vector<Figure> figures() override { return {{"items", "count", Kind::exact, {1'000}}}; }

private:
    void add_up() {
        sum_ = 0;
        for (std::uint64_t i = 0; i < 1'000; ++i) sum_ = sum_ + i;
    }
    Manner manner_;
    std::uint64_t volatile sum_ = 0;
#if defined(GGEN_BENCH_TESTING_SLOWER)
    std::uint64_t volatile waste_ = 0;
#endif
};

inline void add_testing_test(Catalogue& catalogue, char const* group, char const* name, Manner manner,
                             std::vector<std::string> aliases = {}) {
    Test test{group,
              name,
              TestClass::micro,
              "a test of the harness",
              [manner] { return std::make_unique<TestingWork>(manner); },
              std::move(aliases)};
    test.time_limit_s = manner == Manner::hang ? 2 : 60;
    // The first thread costs more than those after it; among so many that is nothing.
    if (manner == Manner::threaded) test.exact_runs = 64;
    catalogue.add(std::move(test));
}

/// All manners.
inline void add_testing_suite(Catalogue& catalogue) {
    add_testing_test(catalogue, "good", "sum", Manner::good, {"old_name/sum"});
    add_testing_test(catalogue, "bad", "check", Manner::wrong);
    add_testing_test(catalogue, "bad", "crash", Manner::crash);
    add_testing_test(catalogue, "bad", "hang", Manner::hang);
    add_testing_test(catalogue, "bad", "absent", Manner::absent);
    add_testing_test(catalogue, "good", "sum_again", Manner::good);
}

/// Two good suites, and what somebody did to the second: "removed", "crash", "hang", "wrong", "absent", "stubbed", or
/// nothing.
inline void add_scene(Catalogue& catalogue, std::string_view scene) {
    add_testing_test(catalogue, "first", "sum", Manner::good);
    add_testing_test(catalogue, "first", "sum_again", Manner::good);
    add_testing_test(catalogue, "first", "sum_in_a_thread", Manner::threaded);
    if (scene == "removed") return;
    auto manner = Manner::good;
    if (scene == "crash") manner = Manner::crash;
    if (scene == "hang") manner = Manner::hang;
    if (scene == "wrong") manner = Manner::wrong;
    if (scene == "absent") manner = Manner::absent;
    if (scene == "stubbed") manner = Manner::stubbed;
    add_testing_test(catalogue, "second", "sum", manner);
}

}  // namespace ggen::bench::testing
