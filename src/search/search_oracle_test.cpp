// The engine against the oracle over random packages and questions. GGEN_SEARCH_CASES questions (default 3,000),
// from GGEN_SEARCH_SEED on; corpora of 1 to GGEN_SEARCH_PACKAGES packages (default 300).
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>

#include "base/testing/temp_dir.hpp"
#include "search/index_directory.hpp"
#include "search/index_writer.hpp"
#include "search/testing/oracle.hpp"

namespace ggen {
namespace {

using testing::oracle_search;
using testing::OracleHit;

std::uint64_t number_from(char const* name, std::uint64_t fallback) {
    char const* const text = std::getenv(name);
    return text != nullptr ? std::strtoull(text, nullptr, 10) : fallback;
}

/// Draws packages and questions from few letters and words, so that everything meets everything.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}
    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
    bool once_in(std::uint64_t n) { return below(n) == 0; }
    template <class T>
    T const& one_of(std::vector<T> const& list) {
        return list[below(list.size())];
    }

    std::string word() {
        static std::vector<std::string> const k_common{"react", "router", "http", "parse", "parser", "json", "for",
                                                       "test", "database", "client", "python", "express"};
        if (!once_in(3)) return one_of(k_common);
        static std::vector<std::string> const k_odd{"größe", "日本語", "データ", "naïve", "ÉCOLE", "fooBar", "v8",
                                                    "abc123def", "HTTPServer", "x"};
        if (once_in(4)) return one_of(k_odd);
        std::string out;
        for (auto left = 1 + below(9); left > 0; --left) out += static_cast<char>('a' + below(4));
        return out;
    }

    SearchDocument package() {
        SearchDocument out;
        if (once_in(5)) out.name = "@" + one_of(scopes_) + "/";
        out.name += word();
        static std::vector<std::string> const k_joints{"-", "_", ".", ""};
        while (once_in(2)) out.name += one_of(k_joints) + word();
        for (auto left = below(6); left > 0; --left) out.description += word() + (once_in(5) ? ", " : " ");
        out.version = "1.0.0";
        out.category = once_in(5) ? "" : one_of(categories_);
        out.license = once_in(5) ? "" : one_of(licenses_);
        out.origin = one_of(origins_);
        if (once_in(3)) out.tags = {one_of(categories_)};
        if (once_in(3)) out.keywords = {word()};
        if (once_in(2)) out.authors = {one_of(authors_)};
        out.downloads = counts();
        out.stars = once_in(2) ? 0 : below(30'000);
        out.released_unix = static_cast<std::int64_t>(1'600'000'000 + below(5) * 1'000'000);
        out.is_signed = once_in(2);
        return out;
    }

    std::uint64_t counts() { return once_in(3) ? 0 : std::uint64_t{1} << below(34); }

    /// A word as people mistype it.
    std::string mistyped(std::string text) {
        for (auto edits = 1 + below(2); edits > 0 && !text.empty(); --edits) {
            auto const at = below(text.size());
            if ((text[at] & 0x80) != 0) continue;
            switch (below(4)) {
                case 0: text.erase(at, 1); break;
                case 1: text.insert(at, 1, static_cast<char>('a' + below(4))); break;
                case 2: text[at] = static_cast<char>('a' + below(26)); break;
                default:
                    if (at > 0 && (text[at - 1] & 0x80) == 0) std::swap(text[at], text[at - 1]);
            }
        }
        return text;
    }

    SearchQuery question(std::vector<SearchDocument> const& documents) {
        SearchQuery out;
        auto const parts = once_in(12) ? 0 : 1 + below(3);
        for (std::uint64_t i = 0; i < parts; ++i) {
            std::string text = once_in(2) || documents.empty() ? word() : one_of(documents).name;
            if (once_in(3)) text = mistyped(text);
            if (once_in(4)) text.resize(cut_at(text));
            out.text += (i > 0 && !once_in(6) ? " " : "") + text;
        }
        out.prefix = !once_in(3);
        out.fuzzy = once_in(2);
        if (once_in(6)) out.category = once_in(4) ? "none such" : one_of(categories_);
        if (once_in(8)) out.license = one_of(licenses_);
        if (once_in(8)) out.origins = {one_of(origins_)};
        if (once_in(10)) out.tags = {one_of(categories_)};
        if (once_in(12)) out.author = "ada";
        if (once_in(8)) out.downloads_min = counts();
        if (once_in(10)) out.stars_min = below(20'000);
        if (once_in(10)) out.released_before_unix = static_cast<std::int64_t>(1'600'000'000 + below(5) * 1'000'000);
        if (once_in(10)) out.signed_only = true;
        if (once_in(3)) out.sort = static_cast<SearchSort>(below(5));
        out.ascending = once_in(6);
        out.limit = once_in(5) ? below(40) : 10;
        if (once_in(5)) out.offset = below(20);
        out.names_only = true;
        return out;
    }

private:
    std::size_t cut_at(std::string const& text) {
        auto at = below(text.size() + 1);
        while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80) ++at;
        return at;
    }

    std::vector<std::string> const scopes_{"acme", "react", "types"};
    std::vector<std::string> const categories_{"web", "Web", "text", "data"};
    std::vector<std::string> const licenses_{"MIT", "Apache-2.0", "mit"};
    std::vector<std::string> const origins_{"one/main", "two\x1fmain"};
    std::vector<std::string> const authors_{"Ada L.", "Somebody Else", "ada <ada@example.org>"};
    std::mt19937_64 random_;
};

std::string shown(SearchQuery const& query) {
    std::string out = "'" + query.text + "' prefix " + std::to_string(query.prefix) + " fuzzy " +
                      std::to_string(query.fuzzy) + " sort " + std::to_string(static_cast<int>(query.sort)) +
                      " ascending " + std::to_string(query.ascending) + " limit " + std::to_string(query.limit) +
                      " offset " + std::to_string(query.offset);
    out += " category '" + query.category + "' license '" + query.license + "' author '" + query.author + "'";
    out += " downloads " + std::to_string(query.downloads_min) + " stars " + std::to_string(query.stars_min);
    return out;
}

std::string shown(std::vector<OracleHit> const& hits) {
    std::string out;
    for (auto const& hit : hits) out += "\n  " + hit.origin + " " + hit.name + " " + std::to_string(hit.score);
    return out;
}

std::vector<OracleHit> hits_of(SearchPage const& page) {
    std::vector<OracleHit> out;
    out.reserve(page.hits.size());
    for (auto const& hit : page.hits) out.push_back({hit.document.origin, hit.document.name, hit.score});
    return out;
}

/// One question: the page, its total and, sometimes, all pages by cursor.
bool agrees(SearchIndex const& index, std::vector<SearchDocument> const& documents, SearchQuery query,
            bool with_cursor) {
    auto const all = oracle_search(documents, query);
    auto const page = index.search(query);
    if (!page) {
        ADD_FAILURE() << shown(query) << ": " << page.error().context;
        return false;
    }
    auto const begin = all.begin() + static_cast<std::ptrdiff_t>(std::min(query.offset, all.size()));
    auto const end = all.begin() + static_cast<std::ptrdiff_t>(std::min(query.offset + query.limit, all.size()));
    std::vector<OracleHit> const expected(begin, end);
    auto const found = hits_of(*page);
    EXPECT_EQ(found, expected) << shown(query) << "\nfound" << shown(found) << "\nexpected" << shown(expected);
    EXPECT_TRUE(page->is_total_exact ? page->total == all.size() : page->total <= all.size())
        << shown(query) << ": " << page->total << " of " << all.size();
    bool const has_more = query.limit > 0 && query.offset + query.limit < all.size();
    EXPECT_EQ(!page->next.empty(), has_more) << shown(query);
    if (with_cursor && query.limit > 0) {
        query.offset = 0;
        query.limit = 1 + query.limit % 7;
        std::vector<OracleHit> joined;
        do {
            auto const next = index.search(query);
            if (!next) {
                ADD_FAILURE() << next.error().context;
                return false;
            }
            auto const more = hits_of(*next);
            joined.insert(joined.end(), more.begin(), more.end());
            query.after = next->next;
        } while (!query.after.empty() && joined.size() <= all.size());
        EXPECT_EQ(joined, all) << shown(query) << " by cursor\nfound" << shown(joined) << "\nexpected" << shown(all);
    }
    return !::testing::Test::HasFailure();
}

using Live = std::map<std::pair<std::string, std::string>, SearchDocument>;

std::vector<SearchDocument> list_of(Live const& live) {
    std::vector<SearchDocument> out;
    for (auto const& [key, document] : live) out.push_back(document);
    return out;
}

IndexChange random_change(Dice& dice, Live& live) {
    auto change = IndexChange{IndexChange::Kind::upsert, dice.package()};
    if (!live.empty() && dice.once_in(2)) {
        auto const at = std::next(live.begin(), static_cast<std::ptrdiff_t>(dice.below(live.size())));
        change.document.name = at->second.name;
        change.document.origin = at->second.origin;
    }
    std::pair const key{change.document.origin, change.document.name};
    auto const kind = dice.below(4);
    if (kind == 0) {
        change.kind = IndexChange::Kind::remove;
        live.erase(key);
    } else if (kind == 1) {
        change.kind = IndexChange::Kind::popularity;
        if (auto const found = live.find(key); found != live.end()) {
            found->second.downloads = change.document.downloads;
            found->second.stars = change.document.stars;
        }
    } else {
        live[key] = change.document;
    }
    return change;
}

TEST(SearchOracleTest, AnIndexInMemoryFindsWhatTheOracleFinds) {
    auto const cases = number_from("GGEN_SEARCH_CASES", 3'000);
    auto const seed = number_from("GGEN_SEARCH_SEED", 1);
    auto const packages_max = number_from("GGEN_SEARCH_PACKAGES", 300);
    std::uint64_t done = 0;
    for (std::uint64_t round = 0; done < cases / 2; ++round) {
        Dice dice{seed * 1'000'003 + round};
        Live live;
        for (auto left = 1 + dice.below(round % 3 == 0 ? 12 : packages_max); left > 0; --left) {
            auto document = dice.package();
            live[{document.origin, document.name}] = document;
        }
        auto const documents = list_of(live);
        auto const index = make_memory_index(documents);
        ASSERT_TRUE(index) << index.error().context;
        for (int i = 0; i < 20; ++i, ++done) {
            ASSERT_TRUE(agrees(**index, documents, dice.question(documents), i == 0))
                << "seed " << seed << " round " << round << " question " << i << " of " << documents.size();
        }
    }
    std::printf("%llu questions from seed %llu, 0 differences\n", static_cast<unsigned long long>(done),
                static_cast<unsigned long long>(seed));
}

TEST(SearchOracleTest, AnIndexThatGrowsFindsWhatTheOracleFinds) {
    auto const cases = number_from("GGEN_SEARCH_CASES", 3'000);
    auto const seed = number_from("GGEN_SEARCH_SEED", 1);
    auto const packages_max = number_from("GGEN_SEARCH_PACKAGES", 300);
    auto const disk = make_posix_file_system();
    testing::TempDir const temp;
    std::uint64_t done = 0;
    for (std::uint64_t round = 0; done < cases / 2; ++round) {
        Dice dice{seed * 2'000'003 + round};
        auto const directory = temp / ("index-" + std::to_string(round));
        auto writer = SearchIndexWriter::open(*disk, directory);
        ASSERT_TRUE(writer) << writer.error().context;
        Live live;
        for (int step = 0; step < 12; ++step) {
            std::vector<IndexChange> changes;
            for (auto left = 1 + dice.below(step % 4 == 0 ? packages_max / 4 + 1 : 4); left > 0; --left)
                changes.push_back(random_change(dice, live));
            ASSERT_TRUE((*writer)->apply(changes));
            ASSERT_TRUE(!dice.once_in(4) || (*writer)->merge());
            if (dice.once_in(5)) {
                writer->reset();
                writer = SearchIndexWriter::open(*disk, directory);
                ASSERT_TRUE(writer) << writer.error().context;
            }
            auto const documents = list_of(live);
            auto const index = (*writer)->snapshot();
            ASSERT_EQ(index->document_count(), documents.size());
            for (int i = 0; i < 4; ++i, ++done) {
                ASSERT_TRUE(agrees(*index, documents, dice.question(documents), i == 0))
                    << "seed " << seed << " round " << round << " step " << step << " of " << documents.size();
            }
        }
        ASSERT_TRUE(disk->remove_tree(directory));
    }
    std::printf("%llu questions from seed %llu, 0 differences\n", static_cast<unsigned long long>(done),
                static_cast<unsigned long long>(seed));
}

}  // namespace
}  // namespace ggen
