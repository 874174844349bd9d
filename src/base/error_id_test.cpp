#include "base/error_id.hpp"

#include <gtest/gtest.h>

namespace ggen {
namespace {

TEST(ErrorIdTest, ExplanationsAreAscendingAndComplete) {
    unsigned last = 0;
    for (auto const& row : error_explanations()) {
        EXPECT_GT(static_cast<unsigned>(row.id), last);
        last = static_cast<unsigned>(row.id);
        EXPECT_FALSE(row.title.empty());
        EXPECT_TRUE(row.text.ends_with('.')) << row.title;
    }
}

TEST(ErrorIdTest, IsFoundInEverySpelling) {
    for (auto const* text : {"GM0312", "gm312", "312"}) {
        auto const found = find_error_explanation(text);
        ASSERT_TRUE(found) << text;
        EXPECT_EQ(found->id, ErrorId::blob_mismatch);
    }
    EXPECT_FALSE(find_error_explanation("GM9999"));
    EXPECT_FALSE(find_error_explanation("GM"));
    EXPECT_FALSE(find_error_explanation("blob"));
}

TEST(ErrorIdTest, PrintsFourDigits) { EXPECT_EQ(error_id_text(ErrorId::name_invalid), "GM0101"); }

}  // namespace
}  // namespace ggen
