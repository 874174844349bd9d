#include "base/result.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace ggen {
namespace {

Result<int> half(int number) {
    if (number % 2 != 0) return Error{Errc::invalid, ErrorId::usage, "odd number"};
    return number / 2;
}

Result<std::string> quarter(int number) {
    ASSIGN_OR_RETURN(auto const once, half(number));
    ASSIGN_OR_RETURN(auto const twice, half(once));
    return std::to_string(twice);
}

TEST(ResultTest, CarriesTheValueThrough) { EXPECT_EQ(quarter(12).value(), "3"); }

TEST(ResultTest, ReturnsTheFirstError) {
    auto const result = quarter(6);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::invalid);
}

TEST(ResultTest, WrapPutsTheOuterStepFirstAndKeepsTheId) {
    auto const error = wrap(Error{Errc::corrupt, ErrorId::blob_mismatch, "short file"}, "read index");
    EXPECT_EQ(error.context, "read index: short file");
    EXPECT_EQ(error.id, ErrorId::blob_mismatch);
}

TEST(ResultTest, HoldsMoveOnlyValues) {
    Result<std::unique_ptr<int>> result{std::make_unique<int>(7)};
    EXPECT_EQ(*std::move(result).value(), 7);
}

TEST(ResultDeathTest, AccessToAnAbsentValueEndsTheProcess) {
    Result<int> const result = half(1);
    EXPECT_DEATH(static_cast<void>(result.value()), "odd number");
}

}  // namespace
}  // namespace ggen
