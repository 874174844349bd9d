#include "resolve/partial_solution.hpp"

#include <gtest/gtest.h>

#include "resolve/testing/universe.hpp"

namespace ggen::solver {
namespace {

constexpr PackageId k_packages = 3;

/// Removes a random state of a random package at a level that now and then grows or falls.
class RandomTrail {
public:
    RandomTrail(std::uint64_t seed, std::uint32_t size) : dice_(seed), size_(size) {
        for (PackageId package = 0; package < k_packages; ++package) partial.open(package, size);
    }

    void step() {
        if (dice_.one_in(4)) marks_.push_back(partial.arena().mark());
        if (marks_.size() > 1 && dice_.one_in(10)) {
            auto const target = dice_.below(static_cast<std::uint32_t>(marks_.size()));
            partial.backjump(target, marks_[target]);
            marks_.resize(target);
        }
        auto const package = dice_.below(k_packages);
        auto const state = dice_.below(size_);
        Arena scratch;
        auto const left = partial.states(package).without(StateView::only(size_, state, scratch),
                                                          partial.arena());
        if (left.is_empty()) return;
        partial.assign(package, left, 0, static_cast<std::uint32_t>(marks_.size()));
    }
    [[nodiscard]] StateSet target(StateView least) {
        StateSet out{least};
        for (std::uint32_t i = dice_.below(size_); i > 0; --i) out.add(dice_.below(size_));
        return out;
    }

    PartialSolution partial;

private:
    ggen::testing::Dice dice_;
    std::uint32_t size_;
    std::vector<Arena::Mark> marks_;
};

TEST(PartialSolutionTest, FindsTheFirstAssignmentThatDecidesATerm) {
    for (std::uint32_t const size : {5U, 64U, 200U}) {
        RandomTrail trail{size, size};
        auto& partial = trail.partial;
        for (int step = 0; step < 2'000; ++step) {
            trail.step();
            for (PackageId package = 0; package < k_packages; ++package) {
                std::vector<std::uint32_t> mine;
                for (std::uint32_t i = 0; i < partial.size(); ++i) {
                    if (partial.at(i).package == package) mine.push_back(i);
                }
                if (mine.empty()) continue;
                ASSERT_EQ(partial.states(package), partial.at(mine.back()).accumulated);
                auto const target = trail.target(partial.states(package));
                auto first = mine.begin();
                while (!partial.at(*first).accumulated.is_subset_of(target)) ++first;
                ASSERT_EQ(partial.satisfier(package, target), *first);
                if (mine.size() < 2) continue;
                // Set aside what only the one before the last leaves over the target.
                auto const removed = partial.at(mine[mine.size() - 2]).accumulated & target.complement();
                first = mine.begin();
                while (!(partial.at(*first).accumulated & removed.complement()).is_subset_of(target)) ++first;
                ASSERT_EQ(partial.satisfier_before(mine.back(), target, removed), *first);
            }
        }
    }
}

TEST(PartialSolutionTest, ForgetsWhatABackjumpUndoes) {
    PartialSolution partial;
    partial.open(0, 100);
    auto const mark = partial.arena().mark();
    partial.assign(0, StateView::only(100, 42, partial.arena()), k_no_incompatibility, 1);
    EXPECT_EQ(partial.chosen(0), 42U);
    EXPECT_TRUE(partial.is_required(0));

    partial.backjump(0, mark);

    EXPECT_EQ(partial.chosen(0), 0U);
    EXPECT_TRUE(partial.states(0).is_all());
    EXPECT_EQ(partial.size(), 0U);
}

}  // namespace
}  // namespace ggen::solver
