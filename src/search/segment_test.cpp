#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/testing/temp_dir.hpp"
#include "search/document_codec.hpp"
#include "search/memory_segment.hpp"
#include "search/testing/segment_fixture.hpp"

namespace ggen::search_index {
namespace {

using testing::build_segment;
using testing::PlainAnalyser;
using testing::random_documents;

/// The same facts as a segment, from the documents alone.
struct Expected {
    std::vector<SearchDocument> documents;  // By id.
    std::map<std::string, std::vector<Posting>> terms;

    explicit Expected(std::vector<SearchDocument> in) : documents(std::move(in)) {
        std::sort(documents.begin(), documents.end(), [](SearchDocument const& a, SearchDocument const& b) {
            auto const number = [](auto value) { return column_value(value); };
            if (a.downloads != b.downloads) return number(a.downloads) > number(b.downloads);
            if (a.stars != b.stars) return number(a.stars) > number(b.stars);
            if (a.released_unix != b.released_unix) return number(a.released_unix) > number(b.released_unix);
            return a.name < b.name;
        });
        PlainAnalyser analyser;
        std::vector<IndexedString> strings;
        for (DocId doc = 0; doc < documents.size(); ++doc) {
            analyser(documents[doc], strings);
            for (auto const& string : strings) terms[std::string{string.text}].push_back({doc, string.flags});
        }
    }
};

/// Documents with the value: by its column, and by the list of those that have it besides.
std::vector<DocId> documents_with(SegmentView const& view, FilterField field, std::uint32_t value) {
    std::set<DocId> found;
    for (DocId doc = 0; doc < view.doc_count(); ++doc) {
        bool const is_in_column = (field == FilterField::category && view.category(doc) == value) ||
                                  (field == FilterField::license && view.license(doc) == value) ||
                                  (field == FilterField::origin && view.origin(doc) == value) ||
                                  (field == FilterField::author && view.author(doc) == value);
        if (is_in_column) found.insert(doc);
    }
    DocId last = k_none;
    for (auto cursor = view.filter_docs(field, value); !cursor.at_end(); cursor.next()) {
        EXPECT_TRUE(found.insert(cursor.doc()).second) << "twice: " << cursor.doc();
        EXPECT_TRUE(last == k_none || last < cursor.doc());
        last = cursor.doc();
    }
    return {found.begin(), found.end()};
}

class SegmentTest : public ::testing::Test {
protected:
    std::shared_ptr<SegmentReader const> open(std::vector<SearchDocument> const& documents) {
        auto const built = build_segment(directory_.files(), path_, documents);
        EXPECT_TRUE(built) << (built ? "" : built.error().context);
        auto opened = SegmentReader::open(directory_.files(), path_, Verify::all);
        EXPECT_TRUE(opened) << (opened ? "" : opened.error().context);
        return opened ? *opened : nullptr;
    }

    ggen::testing::TempDir directory_;
    std::string path_ = directory_ / "index";
};

TEST_F(SegmentTest, HoldsEveryStringWithItsPostings) {
    auto const documents = random_documents(900, 1);
    Expected const expected{documents};

    auto const reader = open(documents);

    ASSERT_NE(reader, nullptr);
    auto const& view = reader->view();
    ASSERT_EQ(view.doc_count(), expected.documents.size());
    ASSERT_EQ(view.term_count(), expected.terms.size());
    TermBuffer buffer;
    TermId term = 0;
    for (auto const& [text, postings] : expected.terms) {
        ASSERT_EQ(view.term_text(term, buffer), text);
        EXPECT_EQ(view.find(text), term);
        std::vector<Posting> found;
        for (auto cursor = view.postings(term); !cursor.at_end(); cursor.next()) {
            found.push_back({cursor.doc(), cursor.flags()});
        }
        EXPECT_EQ(found, postings) << text;
        auto const is_token = [](Posting p) { return (p.flags & k_is_token) != 0; };
        EXPECT_EQ(view.term_df(term), std::count_if(postings.begin(), postings.end(), is_token));
        EXPECT_EQ(view.posting_count(term), postings.size());
        EXPECT_EQ(view.term_best_doc(term), postings.front().doc);
        ++term;
    }
    EXPECT_EQ(view.find("zzz"), k_none);
    EXPECT_EQ(view.find(""), k_none);
    EXPECT_EQ(view.find(std::string(300, 'a')), k_none);
}

TEST_F(SegmentTest, GivesEveryDocumentBack) {
    auto documents = random_documents(500, 2);
    documents[0].downloads = std::uint64_t{1} << 40U;
    documents[1].stars = std::uint64_t{1} << 35U;
    documents[2].released_unix = -5;
    documents[3].category = std::string(1'000, 'x');
    documents[4].name = "CamelCase.Name_with-ALL";
    documents[5].name = std::string(300, 'n');
    documents[6].description = std::string(100'000, 'd');
    documents[7].is_signed = true;
    documents[8].released_unix = std::int64_t{1} << 40U;
    Expected const expected{documents};

    auto const reader = open(documents);

    ASSERT_NE(reader, nullptr);
    auto const& view = reader->view();
    StoreScratchPtr scratch;
    std::string buffer;
    TermBuffer text;
    for (DocId doc = 0; doc < view.doc_count(); ++doc) {
        auto const& wanted = expected.documents[doc];
        auto const found = view.stored(doc, scratch);
        ASSERT_TRUE(found) << found.error().context;
        EXPECT_EQ(*found, wanted) << wanted.name;
        EXPECT_EQ(view.is_signed(doc), wanted.is_signed);
        EXPECT_EQ(view.name(doc, buffer), wanted.name);
        EXPECT_EQ(view.downloads(doc), std::min<std::uint64_t>(wanted.downloads, 0xffffffff));
        EXPECT_EQ(view.stars(doc), std::min<std::uint64_t>(wanted.stars, 0xffffffff));
        EXPECT_EQ(view.read_stars(doc), view.stars(doc));
        EXPECT_EQ(view.read_released(doc), view.released(doc));
        EXPECT_EQ(view.filter_text(FilterField::license, view.license(doc), text), wanted.license);
    }
    EXPECT_EQ(view.stored(view.doc_count(), scratch).error().code, Errc::not_found);
    EXPECT_EQ(view.name(view.doc_count(), buffer), "");
}

TEST_F(SegmentTest, ListsDocumentsByFilterValue) {
    auto const documents = random_documents(700, 3);
    Expected const expected{documents};

    auto const reader = open(documents);

    ASSERT_NE(reader, nullptr);
    auto const& view = reader->view();
    auto const check = [&](FilterField field, auto const& texts_of) {
        std::map<std::string, std::vector<DocId>> lists;
        for (DocId doc = 0; doc < expected.documents.size(); ++doc) {
            std::set<std::string> const texts = texts_of(expected.documents[doc]);
            for (auto const& text : texts) {
                if (!text.empty()) lists[text].push_back(doc);
            }
        }
        ASSERT_EQ(view.filter_value_count(field), lists.size());
        std::uint32_t value = 0;
        TermBuffer buffer;
        for (auto const& [text, docs] : lists) {
            EXPECT_EQ(view.filter_text(field, value, buffer), text);
            EXPECT_EQ(view.find_filter_value(field, text), value);
            EXPECT_EQ(documents_with(view, field, value), docs);
            ++value;
        }
    };
    using Texts = std::set<std::string>;
    check(FilterField::category, [](SearchDocument const& d) { return Texts{d.category}; });
    check(FilterField::license, [](SearchDocument const& d) { return Texts{d.license}; });
    check(FilterField::origin, [](SearchDocument const& d) { return Texts{d.origin}; });
    check(FilterField::author, [](SearchDocument const& d) { return Texts(d.authors.begin(), d.authors.end()); });
    check(FilterField::tag, [](SearchDocument const& d) { return Texts(d.tags.begin(), d.tags.end()); });
    check(FilterField::keyword, [](SearchDocument const& d) { return Texts(d.keywords.begin(), d.keywords.end()); });
    EXPECT_EQ(view.find_filter_value(FilterField::license, "none such"), k_none);
}

TEST_F(SegmentTest, LimitsDocumentsByDownloads) {
    auto const documents = random_documents(300, 4);
    Expected const expected{documents};

    auto const reader = open(documents);

    ASSERT_NE(reader, nullptr);
    for (std::uint32_t const least : {0U, 1U, 5U, 10U, 500U, 50'000U, 99'999U, 100'000U, 0xffffffffU}) {
        auto const first = std::find_if(expected.documents.begin(), expected.documents.end(),
                                        [&](SearchDocument const& d) { return d.downloads < least; });
        EXPECT_EQ(reader->view().first_below_downloads(least), first - expected.documents.begin());
    }
}

TEST_F(SegmentTest, PrefixRangesHoldExactlyTheStringsWithThePrefix) {
    auto const documents = random_documents(9'000, 5, "abcdefghijklmnopqrstuvwxyz0123456789\xc3\xa9");
    auto const reader = open(documents);
    ASSERT_NE(reader, nullptr);
    auto const& view = reader->view();
    ASSERT_GE(view.term_count(), k_directory_terms_min);
    std::vector<std::string> strings;
    strings.reserve(view.term_count());
    TermBuffer buffer;
    for (TermId term = 0; term < view.term_count(); ++term) strings.emplace_back(view.term_text(term, buffer));
    ASSERT_TRUE(std::is_sorted(strings.begin(), strings.end()));

    std::vector<std::string> prefixes{"", "a", "ab", "abc", "\xc3", "\xff", "zz", "9", "of", "0", "~"};
    for (std::size_t i = 0; i < strings.size(); i += 97) {
        for (std::size_t n = 1; n <= strings[i].size(); ++n) prefixes.push_back(strings[i].substr(0, n));
    }
    for (auto const& prefix : prefixes) {
        auto const first = std::lower_bound(strings.begin(), strings.end(), prefix);
        auto const last = std::find_if(first, strings.end(), [&](auto const& s) { return !s.starts_with(prefix); });
        auto const range = view.prefix_range(prefix);
        EXPECT_EQ(range.size(), static_cast<std::uint32_t>(last - first)) << prefix;
        if (range.size() > 0) {
            EXPECT_EQ(range.begin, first - strings.begin()) << prefix;
        }
    }
}

TEST_F(SegmentTest, BestNamesComeInTheOrderOfTheirDocuments) {
    auto const documents = random_documents(4'000, 6);
    auto const reader = open(documents);
    ASSERT_NE(reader, nullptr);
    auto const& view = reader->view();
    BestNameScratch scratch;
    std::mt19937_64 random{7};

    for (int round = 0; round < 300; ++round) {
        auto const a = static_cast<TermId>(random() % (view.term_count() + 1));
        auto const b = static_cast<TermId>(random() % (view.term_count() + 1));
        TermRange const range{std::min(a, b), std::max(a, b)};
        std::vector<NamedTerm> wanted;
        for (TermId term = range.begin; term < range.end; ++term) {
            if (view.term_best_name_doc(term) != k_none) wanted.push_back({term, view.term_best_name_doc(term)});
        }
        std::sort(wanted.begin(), wanted.end(), [](NamedTerm x, NamedTerm y) {
            return x.doc != y.doc ? x.doc < y.doc : x.term < y.term;
        });
        std::vector<NamedTerm> found;
        view.begin_best_names(range, scratch);
        while (auto const next = view.next_best_name(range, scratch)) found.push_back(*next);
        ASSERT_EQ(found, wanted) << range.begin << "-" << range.end;
    }
}

TEST_F(SegmentTest, CachesFacetsOfDenseStrings) {
    auto const documents = random_documents(3'000, 8);
    Expected const expected{documents};
    auto const reader = open(documents);
    ASSERT_NE(reader, nullptr);
    auto const& view = reader->view();
    TermId const term = view.find("of");
    ASSERT_NE(term, k_none);
    std::vector<std::uint32_t> counts;

    ASSERT_TRUE(view.cached_facet(term, FilterField::category, counts));

    std::map<std::string, std::uint32_t> wanted;
    for (auto const& document : expected.documents) ++wanted[document.category];
    TermBuffer buffer;
    for (std::uint32_t value = 0; value < counts.size(); ++value) {
        EXPECT_EQ(counts[value], wanted[std::string{view.filter_text(FilterField::category, value, buffer)}]);
    }
    ASSERT_TRUE(view.cached_facet(term, FilterField::origin, counts));
    EXPECT_EQ(counts.size(), 2U);
    EXPECT_FALSE(view.cached_facet(term, FilterField::tag, counts));
    EXPECT_FALSE(view.cached_facet(view.find("a"), FilterField::category, counts));
}

TEST_F(SegmentTest, DependsOnTheDocumentsNotOnTheirOrder) {
    auto documents = random_documents(2'000, 9);
    ASSERT_TRUE(build_segment(directory_.files(), path_, documents));
    auto const first = directory_.files().read_file(path_, k_gib);
    std::shuffle(documents.begin(), documents.end(), std::mt19937_64{10});

    ASSERT_TRUE(build_segment(directory_.files(), path_, documents));

    auto const second = directory_.files().read_file(path_, k_gib);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(*first, *second);
}

TEST_F(SegmentTest, EmptyAndSingleDocumentsWork) {
    auto const none = open({});
    ASSERT_NE(none, nullptr);
    EXPECT_EQ(none->view().doc_count(), 0U);
    EXPECT_EQ(none->view().find("a"), k_none);
    EXPECT_EQ(none->view().prefix_range(""), TermRange{});
    SearchDocument document;
    document.name = "solo";

    auto const one = open({document});

    ASSERT_NE(one, nullptr);
    BestNameScratch scratch;
    TermRange const all = one->view().prefix_range("");
    one->view().begin_best_names(all, scratch);
    EXPECT_EQ(one->view().next_best_name(all, scratch), (NamedTerm{0, 0}));
    EXPECT_EQ(one->view().next_best_name(all, scratch), std::nullopt);
}

TEST_F(SegmentTest, InMemoryHasTheSameBytesAsTheFile) {
    for (std::size_t const count : {0U, 1U, 40U}) {
        auto documents = random_documents(count, 12);
        ASSERT_TRUE(build_segment(directory_.files(), path_, documents));
        std::reverse(documents.begin(), documents.end());

        auto const made = make_memory_segment(documents, PlainAnalyser{});

        ASSERT_TRUE(made) << made.error().context;
        EXPECT_TRUE((*made)->verify());
        auto const opened = SegmentReader::open(directory_.files(), path_);
        ASSERT_TRUE(opened);
        ASSERT_EQ((*made)->sections().size(), (*opened)->sections().size());
        for (std::size_t i = 0; i < (*made)->sections().size(); ++i) {
            auto const& a = (*made)->sections()[i];
            auto const at = std::find_if((*opened)->sections().begin(), (*opened)->sections().end(),
                                         [&](auto const& b) { return b.section == a.section; });
            ASSERT_NE(at, (*opened)->sections().end());
            EXPECT_EQ(a.sha256, at->sha256) << section_name(a.section);
        }
        StoreScratchPtr scratch;
        for (DocId doc = 0; doc < count; ++doc) {
            EXPECT_EQ((*made)->view().stored(doc, scratch).value(), (*opened)->view().stored(doc, scratch).value());
        }
    }
}

TEST_F(SegmentTest, SpoolsThroughTheDisk) {
    auto documents = random_documents(3'000, 11);
    for (auto& document : documents) document.description += " " + std::string(5'000, 'x');
    Expected const expected{documents};

    auto const reader = open(documents);

    ASSERT_NE(reader, nullptr);
    StoreScratchPtr scratch;
    for (DocId doc = 0; doc < documents.size(); doc += 13) {
        auto const found = reader->view().stored(doc, scratch);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->version, expected.documents[doc].version);
    }
    auto const left = directory_.files().list(directory_.path());
    ASSERT_TRUE(left);
    EXPECT_EQ(left->size(), 2U);  // The segment and the lock of slot 0.
}

}  // namespace
}  // namespace ggen::search_index
