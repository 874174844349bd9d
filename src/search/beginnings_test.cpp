#include "search/beginnings.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "base/testing/temp_dir.hpp"
#include "search/name_prefix_set.hpp"
#include "search/segment_reader.hpp"
#include "search/testing/segment_fixture.hpp"

namespace ggen::search_index {
namespace {

constexpr std::uint32_t k_documents = 500;

/// A number below `end`.
std::uint32_t draw(std::mt19937& random, std::size_t end) { return static_cast<std::uint32_t>(random() % end); }

using Terms = std::map<std::string, std::vector<Posting>>;

/// Strings over few letters, so that most have many beginnings in common.
Terms random_terms(std::mt19937& random, std::size_t count) {
    Terms terms;
    while (terms.size() < count) {
        std::string text;
        for (auto n = 1 + random() % 7; n > 0; --n) text += static_cast<char>('a' + draw(random, 3));
        std::set<DocId> docs;
        for (auto n = 1 + random() % 4; n > 0; --n) docs.insert(draw(random, k_documents));
        std::vector<Posting> list;
        list.reserve(docs.size());
        for (auto const doc : docs) list.push_back({doc, static_cast<std::uint8_t>(1 + random() % 3)});
        terms.emplace(text, list);
    }
    return terms;
}

TEST(BeginningCollectorTest, FindsWhatCountingEveryBeginningFinds) {
    std::mt19937 random{5};
    for (int round = 0; round < 30; ++round) {
        auto const terms = random_terms(random, 20 + random() % 500);
        std::uint32_t const strings_min = 3 + draw(random, 20);
        std::map<std::string, std::pair<std::uint32_t, std::set<DocId>>> counted;
        for (auto const& [text, list] : terms) {
            for (auto length = k_beginning_bytes_min; length <= text.size(); ++length) {
                auto& [strings, docs] = counted[text.substr(0, length)];
                ++strings;
                for (auto const& posting : list) {
                    if (length < text.size() && (posting.flags & k_in_name) != 0) docs.insert(posting.doc);
                }
            }
        }
        std::map<std::string, std::set<DocId>> wanted;
        for (auto const& [text, one] : counted) {
            if (one.first >= strings_min && !one.second.empty()) wanted[text] = one.second;
        }

        BeginningCollector collector{k_documents, strings_min};
        std::map<std::string, std::set<DocId>> found;
        auto const keep = [&](std::vector<Beginning> const& beginnings) {
            for (auto const& one : beginnings) {
                for (auto const& posting : one.docs) found[one.text].insert(posting.doc);
                EXPECT_EQ(found[one.text].size(), one.docs.size()) << one.text;
            }
        };
        for (auto const& [text, list] : terms) keep(collector.add(text, list));
        keep(collector.finish());

        EXPECT_EQ(found, wanted) << round;
    }
}

TEST(NamePrefixSetTest, AListOfTheSegmentHoldsWhatItsStringsDo) {
    std::vector<SearchDocument> documents;
    for (std::uint32_t i = 0; i < k_beginning_strings_min + 100; ++i) {
        SearchDocument document;
        document.name = (i % 3 == 0 ? "py" : "pyx") + std::to_string(i);
        document.downloads = 10'000 - i;
        document.description = "pypi pyre " + std::to_string(i);
        documents.push_back(document);
    }
    SearchDocument other;
    other.name = "py";
    documents.push_back(other);
    ggen::testing::TempDir directory;
    auto const path = directory / "index";
    ASSERT_TRUE(testing::build_segment(directory.files(), path, documents));
    auto const reader = SegmentReader::open(directory.files(), path, Verify::all);
    ASSERT_TRUE(reader);
    auto const& view = (*reader)->view();
    ASSERT_NE(view.find_beginning("py"), k_none);
    EXPECT_EQ(view.find_beginning("pyq"), k_none);
    EXPECT_EQ(view.find_beginning(""), k_none);
    EXPECT_EQ(view.find_beginning(std::string(300, 'p')), k_none);

    for (std::string const beginning : {"py", "pyx1", "qq"}) {
        std::set<DocId> wanted;
        auto const range = view.prefix_range(beginning);
        for (auto term = range.begin; term < range.end; ++term) {
            TermBuffer buffer;
            if (view.term_text(term, buffer) == beginning) continue;
            for (auto cursor = view.postings(term); !cursor.at_end(); cursor.next()) {
                if ((cursor.flags() & k_in_name) != 0) wanted.insert(cursor.doc());
            }
        }
        NamePrefixSet set;
        set.assign(view, beginning, view.doc_count());
        std::set<DocId> found;
        for (auto doc = set.next(0); doc != k_none; doc = set.next(doc + 1)) found.insert(doc);
        EXPECT_EQ(found, wanted) << beginning;
        std::mt19937 random{7};
        for (int i = 0; i < 1'000; ++i) {
            DocId const doc = draw(random, view.doc_count() + 10);
            ASSERT_EQ(set.contains(doc), wanted.contains(doc)) << beginning << " " << doc;
            auto const at_or_after = wanted.lower_bound(doc);
            ASSERT_EQ(set.next(doc), at_or_after == wanted.end() ? k_none : *at_or_after) << beginning << " " << doc;
        }
    }
}

}  // namespace
}  // namespace ggen::search_index
