#include "search/engine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "search/index.hpp"
#include "search/memory_segment.hpp"
#include "search/testing/allocation_counter.hpp"
#include "search/text.hpp"

namespace ggen::search_index {
namespace {

constexpr std::size_t k_documents = 3'000;

std::uint32_t draw(std::mt19937& random, std::size_t end) { return static_cast<std::uint32_t>(random() % end); }

std::string random_word(std::mt19937& random) {
    std::string word;
    for (auto n = 2 + draw(random, 9); n > 0; --n) word += static_cast<char>('a' + draw(random, 4));
    return word;
}

std::vector<SearchDocument> random_packages(std::mt19937& random) {
    std::set<std::string> names;
    while (names.size() < k_documents) {
        names.insert(random_word(random) + (draw(random, 2) == 0 ? "-" + random_word(random) : ""));
    }
    std::vector<SearchDocument> documents;
    for (auto const& name : names) {
        SearchDocument document;
        document.name = draw(random, 9) == 0 ? "@scope/" + name : name;
        for (int i = 0; i < 4; ++i) document.description += random_word(random) + " ";
        document.downloads = draw(random, 1'000'000);
        document.stars = draw(random, 1'000);
        document.released_unix = 1'000'000'000 + draw(random, 1'000) * 86'400;
        document.category = std::string{"cat"} + static_cast<char>('a' + draw(random, 5));
        document.is_signed = draw(random, 2) == 0;
        documents.push_back(std::move(document));
    }
    return documents;
}

SearchQuery random_query(std::mt19937& random) {
    SearchQuery query;
    query.text = random_word(random);
    for (auto n = draw(random, 3); n > 0; --n) query.text += " " + random_word(random);
    query.fuzzy = draw(random, 2) == 0;
    query.prefix = draw(random, 2) == 0;
    query.sort = static_cast<SearchSort>(draw(random, 5));
    if (draw(random, 3) == 0) query.downloads_min = draw(random, 500'000);
    query.limit = 10;
    return query;
}

/// Every kind of query over one segment in memory.
class EngineTest : public ::testing::Test {
protected:
    EngineTest() : documents_(random_packages(random_)) {
        auto segment = make_memory_segment(documents_, make_analyser());
        EXPECT_TRUE(segment);
        parts_.live.push_back({*segment, nullptr, {}});
        index_ = make_parts_index(parts_);
    }
    std::set<std::string> names_of_all(SearchQuery query) const {
        query.limit = SearchQuery::k_limit_max;
        query.names_only = true;
        std::set<std::string> names;
        for (query.offset = 0;; query.offset += query.limit) {
            auto const page = index_->search(query);
            EXPECT_TRUE(page);
            if (!page || page->hits.empty()) return names;
            for (auto const& hit : page->hits) EXPECT_TRUE(names.insert(hit.document.name).second) << query.text;
        }
    }

    std::mt19937 random_{11};
    std::vector<SearchDocument> documents_;
    Parts parts_;
    std::shared_ptr<SearchIndex const> index_;
};

TEST_F(EngineTest, AWarmSearchAllocatesNothing) {
    if (!testing::allocations()) GTEST_SKIP() << "sanitizers replace the operators that are counted";
    std::vector<SearchQuery> queries;
    queries.reserve(400);
    for (int i = 0; i < 400; ++i) queries.push_back(random_query(random_));
    PreparedQuery prepared;
    Engine engine;
    std::vector<RankedHit> hits;
    std::uint64_t found = 0;
    auto const search_all = [&] {
        for (auto const& query : queries) {
            ASSERT_TRUE(prepared.assign(query, parts_));
            engine.run(parts_, query, prepared, nullptr, query.limit + 1, hits);
            found += hits.size();
        }
    };
    // Each round leaves the memory that the next one needs where it needs it: heaps of streams are not the same ones.
    search_all();
    search_all();
    auto const before = *testing::allocations();
    search_all();
    EXPECT_EQ(*testing::allocations() - before, 0U);
    EXPECT_GT(found, queries.size());
}

TEST_F(EngineTest, AFilterNeverAddsHits) {
    for (int i = 0; i < 60; ++i) {
        auto query = random_query(random_);
        query.sort = SearchSort::downloads;
        query.fuzzy = false;  // What is tried next depends on what was found before.
        if (query.text.find(' ') != std::string::npos) query.text = query.text.substr(0, query.text.find(' '));
        auto const all = names_of_all(query);
        auto filtered = query;
        switch (draw(random_, 4)) {
            case 0: filtered.category = "cata"; break;
            case 1: filtered.stars_min = 500; break;
            case 2: filtered.signed_only = true; break;
            default: filtered.released_before_unix = 1'050'000'000; break;
        }
        auto const some = names_of_all(filtered);
        EXPECT_TRUE(std::includes(all.begin(), all.end(), some.begin(), some.end())) << query.text;
    }
}

TEST_F(EngineTest, ALongerBeginningFindsASubset) {
    for (int i = 0; i < 60; ++i) {
        SearchQuery query;
        query.sort = SearchSort::downloads;
        query.text = documents_[draw(random_, documents_.size())].name.substr(0, 6);
        auto wider = query;
        wider.text.pop_back();
        // Names only: a whole word in a description is no longer one when it is cut.
        auto const names_with = [&](SearchQuery const& one) {
            std::set<std::string> names;
            std::string wanted;
            append_joined(one.text, wanted);
            for (auto const& name : names_of_all(one)) {
                std::string joined;
                append_joined(name, joined);
                if (joined.starts_with(wanted)) names.insert(name);
            }
            return names;
        };
        auto const narrow = names_with(query);
        auto const wide = names_with(wider);
        EXPECT_TRUE(std::includes(wide.begin(), wide.end(), narrow.begin(), narrow.end())) << query.text;
        EXPECT_FALSE(narrow.empty()) << query.text;
    }
}

TEST(EngineOrderTest, AQuestionWrittenApartAsksForAKindOfPackageToo) {
    SearchDocument named;
    named.name = "xml-parser";
    named.downloads = 10;
    SearchDocument used;
    used.name = "saxon";
    used.description = "An XML parser";
    used.downloads = 16'000;
    std::vector<SearchDocument> const documents{named, used};
    Parts parts;
    auto segment = make_memory_segment(documents, make_analyser());
    ASSERT_TRUE(segment);
    parts.live.push_back({*segment, nullptr, {}});
    auto const index = make_parts_index(parts);
    auto const first = [&](char const* text) {
        SearchQuery query;
        query.text = text;
        auto const page = index->search(query);
        return page && !page->hits.empty() ? page->hits.front().document.name : "";
    };
    EXPECT_EQ(first("xml parser"), "saxon");
    EXPECT_EQ(first("xml-parser"), "xml-parser");
    EXPECT_EQ(first("xmlparser"), "xml-parser");
}

TEST_F(EngineTest, TheOrderOfInputDoesNotMatter) {
    auto shuffled = documents_;
    std::shuffle(shuffled.begin(), shuffled.end(), random_);
    auto const segment = make_memory_segment(shuffled, make_analyser());
    ASSERT_TRUE(segment);
    Parts parts;
    parts.live.push_back({*segment, nullptr, {}});
    auto const other = make_parts_index(parts);
    for (int i = 0; i < 200; ++i) {
        auto const query = random_query(random_);
        auto const one = index_->search(query);
        auto const two = other->search(query);
        ASSERT_TRUE(one && two);
        ASSERT_EQ(one->hits.size(), two->hits.size()) << query.text;
        for (std::size_t hit = 0; hit < one->hits.size(); ++hit) {
            EXPECT_EQ(one->hits[hit].document.name, two->hits[hit].document.name) << query.text;
            EXPECT_EQ(one->hits[hit].score, two->hits[hit].score) << query.text;
        }
    }
}

TEST_F(EngineTest, EverySortShowsEachPackageOnce) {
    for (auto const sort : {SearchSort::downloads, SearchSort::stars, SearchSort::recency, SearchSort::name}) {
        SearchQuery query;
        query.sort = sort;
        query.limit = SearchQuery::k_limit_max;
        query.names_only = true;
        std::set<std::string> seen;
        for (query.offset = 0; query.offset < k_documents; query.offset += query.limit) {
            auto const page = index_->search(query);
            ASSERT_TRUE(page);
            for (auto const& hit : page->hits) EXPECT_TRUE(seen.insert(hit.document.name).second);
        }
        EXPECT_EQ(seen.size(), k_documents);
    }
}

}  // namespace
}  // namespace ggen::search_index
