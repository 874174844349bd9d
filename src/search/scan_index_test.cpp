#include <gtest/gtest.h>

#include <algorithm>

#include "base/testing/fakes.hpp"
#include "search/search.hpp"

namespace ggen {
namespace {

SearchDocument document(std::string name, std::string description, std::vector<std::string> keywords = {}) {
    SearchDocument out;
    out.name = std::move(name);
    out.version = "1.0.0";
    out.description = std::move(description);
    out.keywords = std::move(keywords);
    out.origin = "example/main";
    return out;
}

std::vector<std::string> names(SearchIndex const& index, SearchQuery const& query) {
    auto const page = index.search(query);
    EXPECT_TRUE(page.has_value());
    std::vector<std::string> out;
    if (page) {
        for (auto const& hit : page->hits) out.push_back(hit.document.name);
    }
    return out;
}

SearchQuery query(std::string text) {
    SearchQuery out;
    out.text = std::move(text);
    return out;
}

using Names = std::vector<std::string>;

TEST(ScanIndexTest, PlacesOfAWordAreOrderedByWorth) {
    auto const index = make_scan_index({
        document("acme/a", "tools that review patches"),
        document("acme/b", "tools", {"review"}),
        document("acme/preview", "shows files"),
        document("acme/reviewer", "reads patches"),
        document("acme/code-review", "reads patches"),
        document("acme/review", "reads patches"),
        document("acme/other", "nothing of the kind"),
    });

    EXPECT_EQ(names(*index, query("review")), (Names{"acme/review", "acme/code-review", "acme/reviewer", "acme/b",
                                                     "acme/preview", "acme/a"}));
    EXPECT_EQ(names(*index, query("acme/review")).front(), "acme/review");
    EXPECT_EQ(names(*index, query("CODE  review")), Names{"acme/code-review"});
    EXPECT_EQ(names(*index, query("codereview")), Names{"acme/code-review"});
}

TEST(ScanIndexTest, EveryWordMustBeFound) {
    auto const index = make_scan_index({document("web-server", "serves files"), document("web", "templates")});

    EXPECT_EQ(names(*index, query("web files")), Names{"web-server"});
    EXPECT_EQ(names(*index, query("web nothing")), Names{});
    EXPECT_EQ(names(*index, query("+++")), Names{});
    EXPECT_EQ(names(*index, query("")), (Names{"web", "web-server"}));
}

TEST(ScanIndexTest, FuzzyFindsTypingMistakesBehindExactHits) {
    auto const index = make_scan_index({document("review", ""), document("reviews-list", ""), document("revel", ""),
                                        document("so", ""), document("tomato", "")});
    auto fuzzy = query("revew");
    EXPECT_EQ(names(*index, fuzzy), Names{});
    fuzzy.fuzzy = true;

    // One edit under six letters: revew, review, revel.
    EXPECT_EQ(names(*index, fuzzy), (Names{"revel", "review"}));
    fuzzy.text = "tamatto";
    EXPECT_EQ(names(*index, fuzzy), Names{"tomato"});
    fuzzy.text = "sa";
    EXPECT_EQ(names(*index, fuzzy), Names{}) << "two letters are taken as they are";
    fuzzy.text = "reviews";
    EXPECT_EQ(names(*index, fuzzy).front(), "reviews-list");
}

TEST(ScanIndexTest, FiltersHoldTogether) {
    auto a = document("a", "", {"Fast"});
    a.category = "Tools";
    a.tags = {"cli", "c++"};
    a.authors = {"Rósa Example <rosa@example.org>"};
    a.license = "MIT";
    a.stars = 10;
    a.downloads = 100;
    auto b = a;
    b.name = "b";
    b.license = "CC0-1.0";
    b.stars = 3;
    auto const index = make_scan_index({a, b});

    SearchQuery q;
    q.category = "tools";
    q.tags = {"CLI", "c++"};
    q.keywords = {"fast"};
    q.author = "rosa";
    EXPECT_EQ(names(*index, q), (Names{"a", "b"}));
    q.license = "mit";
    EXPECT_EQ(names(*index, q), Names{"a"});
    q.license.clear();
    q.stars_min = 4;
    EXPECT_EQ(names(*index, q), Names{"a"});
    q.stars_min = 0;
    q.downloads_min = 101;
    EXPECT_EQ(names(*index, q), Names{});
    q.downloads_min = 100;
    q.tags.emplace_back("absent");
    EXPECT_EQ(names(*index, q), Names{});
}

TEST(ScanIndexTest, SortsBothWaysAndPages) {
    std::vector<SearchDocument> documents;
    for (unsigned i = 0; i < 5; ++i) {
        auto d = document(std::string(1, static_cast<char>('a' + i)), "");
        d.downloads = i == 4 ? 3 : i;
        d.released_unix = 100 - static_cast<int>(i);
        documents.push_back(std::move(d));
    }
    auto const index = make_scan_index(documents);

    SearchQuery q;
    q.sort = SearchSort::downloads;
    EXPECT_EQ(names(*index, q), (Names{"d", "e", "c", "b", "a"}));
    q.ascending = true;
    EXPECT_EQ(names(*index, q), (Names{"a", "b", "c", "d", "e"}));
    q.sort = SearchSort::recency;
    q.ascending = false;
    EXPECT_EQ(names(*index, q), (Names{"a", "b", "c", "d", "e"}));
    q.sort = SearchSort::name;
    q.ascending = true;
    EXPECT_EQ(names(*index, q), (Names{"e", "d", "c", "b", "a"}));
    q.ascending = false;
    q.offset = 1;
    q.limit = 2;
    auto const page = index->search(q).value();
    EXPECT_EQ(page.total, 5U);
    EXPECT_EQ(names(*index, q), (Names{"b", "c"}));
    q.offset = 99;
    EXPECT_EQ(names(*index, q), Names{});
}

TEST(ScanIndexTest, RefusesWhatPassesALimit) {
    auto const index = make_scan_index({document("a", "")});

    EXPECT_TRUE(index->search(query(std::string(SearchQuery::k_text_bytes_max, 'a'))).has_value());
    EXPECT_EQ(index->search(query(std::string(SearchQuery::k_text_bytes_max + 1, 'a'))).error().code,
              Errc::too_large);
    SearchQuery q;
    q.limit = SearchQuery::k_limit_max + 1;
    EXPECT_EQ(index->search(q).error().code, Errc::too_large);
    EXPECT_EQ(index->search(query("\xff")).error().code, Errc::invalid);
}

TEST(ScanIndexTest, AnyBytesInQueryAndDocumentsAreHarmlessAndAnsweredAlike) {
    testing::SeededRandom random{5};
    auto const any_bytes = [&](std::size_t size) {
        std::string out(size, '\0');
        random.fill({reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
        return out;
    };
    std::vector<SearchDocument> documents;
    for (int i = 0; i < 20; ++i) documents.push_back(document(any_bytes(20), any_bytes(80), {any_bytes(10)}));
    auto const index = make_scan_index(documents);
    std::reverse(documents.begin(), documents.end());
    auto const reversed = make_scan_index(documents);

    for (int i = 0; i < 300; ++i) {
        auto q = query(any_bytes(static_cast<std::size_t>(i) % 40));
        // Half of them valid UTF-8.
        if (i % 2 == 0) {
            for (char& c : q.text) c = static_cast<char>(c & 0x7F);
        }
        q.fuzzy = i % 3 == 0;
        q.author = any_bytes(3);
        auto const first = index->search(q);
        auto const second = reversed->search(q);
        ASSERT_EQ(first.has_value(), second.has_value());
        if (first.has_value()) {
            EXPECT_EQ(first->total, second->total);
        }
    }
}

}  // namespace
}  // namespace ggen
