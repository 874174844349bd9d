#pragma once

#include <unistd.h>
#include <cstdlib>

#include "harness/benchmark.hpp"

/// Tests that behave and misbehave, for tests of the runner.
namespace ggen::bench::testing {

enum class Manner : std::uint8_t { good, wrong, crash, hang, absent };

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
        sum_ = 0;
        for (std::uint64_t i = 0; i < 1'000; ++i) sum_ = sum_ + i;
        return ok();
    }
    Result<void> check() override {
        if (manner_ == Manner::wrong || sum_ != 499'500) return Error{Errc::internal, "the sum is wrong"};
        return ok();
    }
    std::vector<Figure> figures() override { return {{"items", "count", Kind::exact, {1'000}}}; }

private:
    Manner manner_;
    std::uint64_t volatile sum_ = 0;
};

inline void add_testing_suite(Catalogue& catalogue) {
    auto const add = [&](char const* group, char const* name, Manner manner,
                         std::vector<std::string> aliases = {}) {
        Test test{group,
                  name,
                  TestClass::micro,
                  "a test of the harness",
                  [manner] { return std::make_unique<TestingWork>(manner); },
                  std::move(aliases)};
        test.time_limit_s = 2;
        catalogue.add(std::move(test));
    };
    add("good", "sum", Manner::good, {"old_name/sum"});
    add("bad", "check", Manner::wrong);
    add("bad", "crash", Manner::crash);
    add("bad", "hang", Manner::hang);
    add("bad", "absent", Manner::absent);
    add("good", "sum_again", Manner::good);
}

}  // namespace ggen::bench::testing
