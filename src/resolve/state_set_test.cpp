#include "resolve/state_set.hpp"

#include <gtest/gtest.h>

#include <set>

#include "resolve/testing/universe.hpp"

namespace ggen::solver {
namespace {

/// Every operation agrees with std::set at sizes around the word boundaries.
TEST(StateSetTest, AgreesWithPlainSetsAtEverySize) {
    for (std::uint32_t const size : {1U, 2U, 63U, 64U, 65U, 127U, 128U, 129U, 300U}) {
        ggen::testing::Dice dice{size};
        for (int round = 0; round < 50; ++round) {
            auto a = StateSet::none(size);
            auto b = StateSet::none(size);
            std::set<std::uint32_t> plain_a;
            std::set<std::uint32_t> plain_b;
            for (auto n = dice.below(size + 1); n > 0; --n) {
                auto const state = dice.below(size);
                a.add(state);
                plain_a.insert(state);
                if (dice.one_in(2)) continue;
                b.add(state);
                plain_b.insert(state);
            }
            if (dice.one_in(3)) {
                auto const state = dice.below(size);
                b.add(state);
                plain_b.insert(state);
            }
            bool is_subset = true;
            bool is_disjoint = true;
            for (auto const state : plain_a) {
                is_subset = is_subset && plain_b.contains(state);
                is_disjoint = is_disjoint && !plain_b.contains(state);
            }

            EXPECT_EQ(a.count(), plain_a.size());
            EXPECT_EQ(a.is_empty(), plain_a.empty());
            EXPECT_EQ(a.is_all(), plain_a.size() == size);
            EXPECT_EQ(a.sole(), plain_a.size() == 1 ? *plain_a.begin() : size);
            EXPECT_EQ(a.is_subset_of(b), is_subset);
            auto const expected = is_subset      ? Relation::subset
                                  : is_disjoint ? Relation::disjoint
                                                : Relation::overlapping;
            EXPECT_EQ(a.relation_to(b), expected);
            for (std::uint32_t state = 0; state < size; ++state) {
                bool const in_a = plain_a.contains(state);
                bool const in_b = plain_b.contains(state);
                EXPECT_EQ((a & b).contains(state), in_a && in_b);
                EXPECT_EQ((a | b).contains(state), in_a || in_b);
                EXPECT_EQ(a.complement().contains(state), !in_a);
            }
            EXPECT_EQ(a.complement().complement(), a);
        }
    }
}

TEST(StateSetTest, AllIsTheComplementOfNone) {
    for (std::uint32_t const size : {1U, 64U, 65U}) {
        EXPECT_TRUE(StateSet::all(size).is_all());
        EXPECT_EQ(StateSet::all(size).count(), size);
        EXPECT_TRUE(StateSet::all(size).complement().is_empty());
    }
}

/// What is made in an arena is the same as what owns its memory, at sizes around the word boundaries.
TEST(StateSetTest, ViewsInAnArenaAgreeWithSetsThatOwnTheirMemory) {
    Arena arena;
    for (std::uint32_t const size : {1U, 2U, 63U, 64U, 65U, 127U, 128U, 129U, 300U}) {
        ggen::testing::Dice dice{size};
        for (int round = 0; round < 50; ++round) {
            auto a = StateSet::none(size);
            auto b = StateSet::none(size);
            for (auto n = dice.below(size + 1); n > 0; --n) a.add(dice.below(size));
            for (auto n = dice.below(size + 1); n > 0; --n) b.add(dice.below(size));
            auto const view = a.view();
            EXPECT_EQ(StateSet{view}, a);
            EXPECT_EQ(StateSet{view.with(b, arena)}, a & b);
            EXPECT_EQ(StateSet{view.united(b, arena)}, a | b);
            EXPECT_EQ(StateSet{view.without(b, arena)}, a & b.complement());
            EXPECT_EQ(StateSet{view.inverted(arena)}, a.complement());
            EXPECT_EQ(view.complements_into(b), a.complement().is_subset_of(b));
            EXPECT_EQ(view.is_subset_without(b, b.complement()), true);
            EXPECT_EQ(view.is_subset_without(b, StateSet::none(size)), a.is_subset_of(b));
            std::uint32_t last = size;
            for (std::uint32_t state = 0; state < size; ++state) {
                if (a.contains(state) && b.contains(state)) last = state;
            }
            EXPECT_EQ(view.last_within(b), last);
            EXPECT_EQ(StateView::all(size, arena), StateSet::all(size).view());
            EXPECT_EQ(StateView::only(size, size - 1, arena), StateSet::only(size, size - 1).view());
            auto const first = dice.below(size);
            auto const end = first + dice.below(size - first + 1);
            auto run = StateSet::none(size);
            run.add_run(first, end);
            for (std::uint32_t state = 0; state < size; ++state) {
                EXPECT_EQ(run.contains(state), first <= state && state < end);
            }
        }
    }
}

}  // namespace
}  // namespace ggen::solver
