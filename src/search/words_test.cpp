#include "search/words.hpp"

#include <gtest/gtest.h>

#include "base/testing/fakes.hpp"
#include "codec/utf8.hpp"

namespace ggen::search {
namespace {

using Words = std::vector<std::string>;

TEST(WordsTest, RunsOfLettersAndDigitsAreWords) {
    EXPECT_EQ(words_of("acme/My-Pack_2.x, (utf8)!"), (Words{"acme", "my", "pack", "2", "x", "utf8"}));
    EXPECT_EQ(words_of(""), Words{});
    EXPECT_EQ(words_of(" \t-- "), Words{});
}

TEST(WordsTest, CaseAccentsWidthAndLigaturesDoNotCount) {
    EXPECT_EQ(words_of("CAFÉ cafe\u0301 Straße"), (Words{"cafe", "cafe", "strasse"}));
    EXPECT_EQ(words_of("ｆｕｌｌ ﬁle Ⅳ"), (Words{"full", "file", "iv"}));
    EXPECT_EQ(words_of("ПРИВЕТ Ἀθῆναι"), (Words{"привет", "αθηναι"}));
}

TEST(WordsTest, CharactersOfScriptsWithoutBlanksStandAlone) {
    EXPECT_EQ(words_of("日本go"), (Words{"日", "本", "go"}));
}

TEST(WordsTest, InvisibleCharactersDoNotSplitWords) {
    EXPECT_EQ(words_of("pack\u200bage so\u00adft"), (Words{"package", "soft"}));
}

TEST(WordsTest, AnyBytesAreFoldedToValidText) {
    testing::SeededRandom random{11};
    for (int round = 0; round < 2000; ++round) {
        std::string bytes(static_cast<std::size_t>(round % 64), '\0');
        for (char& c : bytes) {
            std::uint8_t byte = 0;
            random.fill({&byte, 1});
            c = static_cast<char>(byte);
        }
        EXPECT_TRUE(is_valid_utf8(fold(bytes)));
        for (auto const& word : words_of(bytes)) EXPECT_FALSE(word.empty());
    }
}

TEST(WordDistanceTest, CountsEditsOfCharactersUpToTheLimit) {
    auto const distance = [](std::string_view a, std::string_view b, std::size_t limit) {
        return word_distance(code_points(a), code_points(b), limit);
    };
    EXPECT_EQ(distance("review", "review", 2), 0U);
    EXPECT_EQ(distance("reveiw", "review", 2), 1U);  // A swap is one edit.
    EXPECT_EQ(distance("revew", "review", 2), 1U);
    EXPECT_EQ(distance("rivew", "review", 2), 2U);
    EXPECT_EQ(distance("abc", "xyz", 2), 3U);
    EXPECT_EQ(distance("привт", "привет", 1), 1U);
    EXPECT_EQ(distance("", "ab", 2), 2U);
}

}  // namespace
}  // namespace ggen::search
