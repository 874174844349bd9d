#include "search/fuzzy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "base/testing/temp_dir.hpp"
#include "search/name_ranks.hpp"
#include "search/testing/naive_distance.hpp"
#include "search/testing/segment_fixture.hpp"

namespace ggen::search_index {
namespace {

using testing::naive_distance;
using testing::naive_prefix_distance;

TEST(OsaPatternTest, CountsEdits) {
    OsaPattern pattern;
    ASSERT_TRUE(pattern.assign("react"));

    EXPECT_EQ(pattern.distance("react", 2), 0U);
    EXPECT_EQ(pattern.distance("raect", 2), 1U);
    EXPECT_EQ(pattern.distance("reat", 2), 1U);
    EXPECT_EQ(pattern.distance("reacts", 2), 1U);
    EXPECT_EQ(pattern.distance("re\xc3\xa9" "ct", 2), 1U);
    EXPECT_EQ(pattern.distance("xxact", 2), 2U);
    EXPECT_EQ(pattern.distance("", 2), 3U);
    EXPECT_EQ(pattern.prefix_distance("raect-router", 1), 1U);
    EXPECT_EQ(pattern.prefix_distance("re", 1), 2U);
}

TEST(OsaPatternTest, TakesUpTo64CodePoints) {
    OsaPattern pattern;
    EXPECT_FALSE(pattern.assign(""));
    EXPECT_FALSE(pattern.assign(std::string(65, 'a')));
    ASSERT_TRUE(pattern.assign(std::string(64, 'a')));
    EXPECT_EQ(pattern.distance(std::string(63, 'a') + "b", 2), 1U);
    std::string wide;
    for (int i = 0; i < 64; ++i) wide += "\xd0\xb0";
    EXPECT_TRUE(pattern.assign(wide));
    EXPECT_EQ(pattern.distance(wide, 2), 0U);
}

TEST(OsaPatternTest, EqualsTheTableOfDistances) {
    std::mt19937_64 random{1};
    std::vector<std::string> const letters{"a", "b", "c", "\xc3\xa9", "\xe4\xb8\xad", "\xff"};
    auto const word = [&] {
        std::string text;
        for (auto n = random() % 9; n > 0; --n) text += letters[random() % letters.size()];
        return text;
    };
    OsaPattern pattern;
    for (int i = 0; i < 20'000; ++i) {
        auto const a = word();
        auto const b = word();
        if (!pattern.assign(a)) continue;
        for (unsigned const limit : {1U, 2U}) {
            ASSERT_EQ(pattern.distance(b, limit), std::min(naive_distance(a, b), limit + 1)) << a << " " << b;
            ASSERT_EQ(pattern.prefix_distance(b, limit), std::min(naive_prefix_distance(a, b), limit + 1))
                << a << " " << b;
        }
    }
}

TEST(CodePointsTest, EncodingIsTheInverseOfDecoding) {
    std::mt19937_64 random{2};
    std::array<char32_t, 64> points;
    std::array<char, 256> bytes;
    for (int i = 0; i < 20'000; ++i) {
        std::string text;
        for (auto n = random() % 12; n > 0; --n) {
            text += static_cast<char>(random() % 3 == 0 ? random() : 0x80 + random() % 0x80);
        }
        auto const count = decode_code_points(text, points);
        ASSERT_EQ((std::string_view{bytes.data(), encode_code_points({points.data(), count}, bytes)}), text);
    }
}

TEST(SignatureScanTest, AllInstructionSetsFindTheSame) {
    std::mt19937_64 random{3};
    std::vector<std::uint32_t> signatures(1'003);
    Bytes ranks(signatures.size());
    // The more draws, the fewer bits.
    auto const bits_of_all = [&](int draws) {
        auto bits = static_cast<std::uint32_t>(random());
        while (--draws > 0) bits &= static_cast<std::uint32_t>(random());
        return bits;
    };
    for (auto& signature : signatures) signature = bits_of_all(2);
    for (auto& rank : ranks) rank = static_cast<std::uint8_t>(random() % 3 == 0 ? k_none : random() % 200);
    for (int round = 0; round < 200; ++round) {
        auto const query = bits_of_all(3);
        auto const distance = 1 + static_cast<unsigned>(round % 2);
        std::vector<TermRange> const ranges{{0, 5}, {7, 7}, {9, 500}, {500, 1'003}};
        auto const scan = [&](ScanSpeed speed) {
            CandidateList found;
            scan_signatures(speed, signatures, ranges, query, distance, found);
            found.push_back(k_none);
            scan_prefix_signatures(speed, signatures, ranges, ranks, query, distance, 100, found);
            std::vector<std::uint32_t> out;
            out.reserve(found.size());
            for (std::size_t i = 0; i < found.size(); ++i) out.push_back(found[i]);
            return out;
        };
        auto const wanted = scan(ScanSpeed::scalar);
        for (auto const speed : {ScanSpeed::avx2, ScanSpeed::avx512}) {
            if (best_scan_speed() < speed) continue;
            EXPECT_EQ(scan(speed), wanted);
        }
    }
}

TEST(NameRankTest, ClassesAscendAndKnowTheirFirstDocument) {
    for (DocId doc = 0; doc < 100'000; ++doc) {
        EXPECT_LE(first_of_rank(rank_of(doc)), doc);
        EXPECT_TRUE(doc == 0 || rank_of(doc - 1) == rank_of(doc) || first_of_rank(rank_of(doc)) == doc);
    }
    EXPECT_LT(rank_of(k_documents_max), k_rank_none);
}

/// Compares the look-ups of a segment with comparing every string.
class FuzzyLookUpTest : public ::testing::Test {
protected:
    void check(std::vector<SearchDocument> const& documents, std::vector<std::string> const& queries,
               bool wants_directories) {
        ASSERT_TRUE(testing::build_segment(directory_.files(), directory_ / "index", documents));
        auto const opened = SegmentReader::open(directory_.files(), directory_ / "index");
        ASSERT_TRUE(opened) << opened.error().context;
        auto const& view = (*opened)->view();
        ASSERT_EQ(view.term_count() >= k_directory_terms_min, wants_directories) << view.term_count();
        std::vector<std::string> strings;
        strings.reserve(view.term_count());
        TermBuffer buffer;
        for (TermId term = 0; term < view.term_count(); ++term) strings.emplace_back(view.term_text(term, buffer));
        FuzzyScratch scratch;
        std::vector<FuzzyMatch> found;
        for (auto const& query : queries) {
            for (unsigned const distance : {1U, 2U}) {
                view.fuzzy(query, distance, scratch, found);
                std::vector<FuzzyMatch> wanted;
                for (TermId term = 0; term < strings.size(); ++term) {
                    auto const d = naive_distance(query, strings[term], distance);
                    if (d <= distance) wanted.push_back({term, static_cast<std::uint8_t>(d)});
                }
                ASSERT_EQ(found, wanted) << query << " within " << distance;
            }
            for (DocId const below : {1U, 100U, k_none}) {
                view.fuzzy_prefix(query, 1, scratch, below, found);
                std::vector<FuzzyMatch> wanted;
                for (TermId term = 0; term < strings.size(); ++term) {
                    if (view.term_best_name_doc(term) >= below) continue;
                    auto const d = naive_prefix_distance(query, strings[term]);
                    if (d <= 1) wanted.push_back({term, static_cast<std::uint8_t>(d)});
                }
                ASSERT_EQ(found, wanted) << query << " as a prefix, below " << below;
            }
        }
    }

    static std::vector<std::string> queries(std::string const& alphabet, std::size_t count) {
        std::mt19937_64 random{4};
        std::vector<std::string> out;
        while (out.size() < count) {
            std::string text;
            for (auto n = 1 + random() % 10; n > 0; --n) text += alphabet[random() % alphabet.size()];
            out.push_back(text);
        }
        return out;
    }

    ggen::testing::TempDir directory_;
};

TEST_F(FuzzyLookUpTest, EqualsBruteForceOverASmallAlphabet) {
    check(testing::random_documents(300, 5, "abc"), queries("abcd", 60), false);
}

TEST_F(FuzzyLookUpTest, EqualsBruteForceWithDirectories) {
    // Enough strings for directories, of few letters and of bytes that form characters only now and then.
    auto const documents = testing::random_documents(9'000, 6, "abcdz09\xc3\xa9");
    check(documents, queries("abcdz09\xc3\xa9", 40), true);
}

TEST_F(FuzzyLookUpTest, RefusesNothingAndEmptyQueriesMatchNothing) {
    ASSERT_TRUE(testing::build_segment(directory_.files(), directory_ / "index", testing::random_documents(50, 7)));
    auto const opened = SegmentReader::open(directory_.files(), directory_ / "index");
    ASSERT_TRUE(opened);
    FuzzyScratch scratch;
    std::vector<FuzzyMatch> found{{1, 1}};
    for (std::string const& query : {std::string{}, std::string(65, 'a'), std::string(100'000, 'a')}) {
        (*opened)->view().fuzzy(query, 2, scratch, found);
        EXPECT_TRUE(found.empty());
        (*opened)->view().fuzzy_prefix(query, 1, scratch, k_none, found);
        EXPECT_TRUE(found.empty());
    }
}

}  // namespace
}  // namespace ggen::search_index
