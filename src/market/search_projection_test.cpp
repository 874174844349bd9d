#include "market/search_projection.hpp"

#include <gtest/gtest.h>

#include <random>

#include "market/catalogue.hpp"
#include "market/catalogue_view.hpp"
#include "market/find.hpp"
#include "market/search_coverage.hpp"
#include "market/testing/market_fixture.hpp"
#include "search/index_writer.hpp"

namespace ggen {
namespace {

using detail::IndexPosition;
using detail::SearchCoverage;
using testing::FaultMode;
using testing::MarketFixture;
using Names = std::vector<std::string>;

struct SearchProjectionTest : MarketFixture {
    Result<SearchReport> search(std::string text, std::vector<std::string> registries = {}) {
        SearchRequest request;
        request.query.text = std::move(text);
        request.registries = std::move(registries);
        return search_packages(market_, request);
    }
    /// "name version" of each hit, or the error.
    Names found(std::string const& text, std::vector<std::string> registries = {}) {
        auto const report = search(text, std::move(registries));
        if (!report) return {report.error().context};
        Names out;
        for (auto const& hit : report->page.hits) out.push_back(hit.document.name + " " + hit.document.version);
        return out;
    }
    KnownRegistry main() { return find_registry(market_.config, "main").value(); }
    std::string index_directory() { return dir_ / "cache/search/index"; }
    std::string coverage_path() { return dir_ / "cache/search/coverage.json"; }
    void change_status_of(std::string const& name, std::string const& version, StatusAction action) {
        clock_.advance(std::chrono::seconds{60});
        auto const done = change_status(market_, {PackageName::parse(name).value(), Version::parse(version).value(),
                                                  action, StatusReason::broken, {}, {}});
        ASSERT_TRUE(done.has_value()) << done.error().context;
    }
    void make_second_registry() {
        auto const made = create_registry(market_, {dir_ / "second", "example/second", "second"});
        ASSERT_TRUE(made.has_value()) << made.error().context;
        reload();
        market_.config.default_registry = "main";
        clock_.advance(std::chrono::seconds{60});
        auto const published = publish_items(market_, "second", {item("other/web", "3.0.0")});
        ASSERT_TRUE(published.has_value()) << published.error().context;
    }
    void remove_catalogues() { ASSERT_TRUE(dir_.files().remove_tree(dir_ / "cache/catalogue").has_value()); }
};

TEST_F(SearchProjectionTest, ACurrentIndexIsSearchedWithoutTheCatalogue) {
    publish("acme/web", "1.0.0");
    ASSERT_EQ(found("web"), Names{"acme/web 1.0.0"});
    remove_catalogues();

    EXPECT_EQ(found("web"), Names{"acme/web 1.0.0"});
    EXPECT_FALSE(dir_.files().info(dir_ / "cache/catalogue").has_value());
    publish("acme/webs", "1.0.0");
    EXPECT_EQ(found("webs"), Names{"acme/webs 1.0.0"});
    EXPECT_TRUE(dir_.files().info(dir_ / "cache/catalogue").has_value());
    EXPECT_EQ(observer_.warnings, Names{});
}

TEST_F(SearchProjectionTest, AnIndexThatIsCurrentIsNotWritten) {
    publish("acme/web", "1.0.0");
    ASSERT_EQ(found("web").size(), 1U);

    files_.fail_at(0, FaultMode::not_done, false);
    EXPECT_EQ(found("web").size(), 1U);
    auto const calls = files_.calls();
    EXPECT_EQ(found("nothing"), Names{});
    EXPECT_EQ(files_.calls(), 2 * calls) << "a search may refresh checkpoints, but writes nothing of the index";
    EXPECT_FALSE(dir_.files().info(dir_ / "cache/search/index.check").has_value());
}

TEST_F(SearchProjectionTest, WithdrawnPackagesLeaveTheIndexAndComeBack) {
    publish("acme/web", "1.0.0");
    publish("acme/other", "1.0.0");
    ASSERT_EQ(found("web"), Names{"acme/web 1.0.0"});
    change_status_of("acme/web", "1.0.0", StatusAction::yank);
    EXPECT_EQ(found("web"), Names{});
    EXPECT_EQ(search("")->searched, 1U);
    publish("acme/web", "1.1.0");
    EXPECT_EQ(found("web"), Names{"acme/web 1.1.0"});
    EXPECT_EQ(search("")->searched, 2U);
}

TEST_F(SearchProjectionTest, PopularityThatChangesReordersWithoutANewLogEntry) {
    publish("acme/a", "1.0.0");
    publish("acme/b", "1.0.0");
    ASSERT_EQ(found("test"), (Names{"acme/b 1.0.0", "acme/a 1.0.0"})) << "the newer one first";
    write("registry/popularity.tsv", "acme/a\t700\t3\n");
    EXPECT_EQ(found("test"), (Names{"acme/a 1.0.0", "acme/b 1.0.0"}));
    write("registry/popularity.tsv", "acme/a\t700\t4\nacme/b\t90000\t3\n");
    EXPECT_EQ(found("test"), (Names{"acme/b 1.0.0", "acme/a 1.0.0"}));
    EXPECT_EQ(search("acme/a")->page.hits.at(0).document.stars, 4U);
    ASSERT_TRUE(dir_.files().remove_tree(dir_ / "registry/popularity.tsv").has_value());
    EXPECT_EQ(search("acme/a")->page.hits.at(0).document.downloads, 0U);
    EXPECT_EQ(detail::rebuild_index(market_, false).value(), detail::index_image(market_).value());
}

TEST_F(SearchProjectionTest, RegistriesShareOneIndexAndOriginIsAFilter) {
    publish("acme/web", "1.0.0");
    ASSERT_EQ(found("web"), Names{"acme/web 1.0.0"});
    make_second_registry();

    EXPECT_EQ(found("web").size(), 2U);
    EXPECT_EQ(search("")->searched, 2U);
    EXPECT_EQ(found("web", {"second"}), Names{"other/web 3.0.0"});
    EXPECT_EQ(found("web", {"example/main"}), Names{"acme/web 1.0.0"});
    EXPECT_EQ(found("web", {"main", "second"}).size(), 2U);
    EXPECT_EQ(search("web", {"second"})->page.hits.at(0).document.origin, "example/second");
    EXPECT_EQ(search("web", {"second"})->searched, 1U);
    EXPECT_EQ(search("web", {"nowhere"}).error().id, ErrorId::registry_not_found);

    ASSERT_TRUE(remove_registry(market_, "second").has_value());
    reload();
    EXPECT_EQ(found("web"), Names{"acme/web 1.0.0"});
    EXPECT_EQ(similar_packages(market_, "other/wed", 3), Names{}) << "what was forgotten is not suggested";
    EXPECT_EQ(observer_.warnings, Names{});
}

TEST_F(SearchProjectionTest, AgeOfVersionsIsAFilter) {
    publish("acme/old", "1.0.0");
    clock_.advance(std::chrono::hours{24 * 40});
    publish("acme/new", "1.0.0");
    SearchRequest request;
    request.age_days_min = 30;
    auto const report = search_packages(market_, request);
    ASSERT_TRUE(report.has_value()) << report.error().context;
    ASSERT_EQ(report->page.hits.size(), 1U);
    EXPECT_EQ(report->page.hits[0].document.name, "acme/old");
    request.age_days_min = 50;
    EXPECT_EQ(search_packages(market_, request)->page.total, 0U);
}

TEST_F(SearchProjectionTest, SuggestionsComeFromTheIndex) {
    publish("acme/review", "1.0.0");
    publish("acme/other", "1.0.0");
    EXPECT_EQ(similar_packages(market_, "revew", 3), Names{}) << "no index yet";
    ASSERT_TRUE(search("").has_value());
    remove_catalogues();

    EXPECT_EQ(similar_packages(market_, "acme/reviews", 3), Names{"acme/review"});
    EXPECT_EQ(similar_packages(market_, "revew", 3), Names{"acme/review"});
    EXPECT_EQ(similar_packages(market_, "\xff", 3), Names{});
    EXPECT_EQ(similar_packages(market_, std::string(9'999, 'x'), 3), Names{});
}

TEST_F(SearchProjectionTest, GrownStepByStepItHasTheImageOfOneThatIsBuiltAtOnce) {
    auto const seed = 20261125U;
    std::mt19937 random{seed};
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::map<std::string, unsigned> versions;
    for (int step = 0; step < 30; ++step) {
        auto const name = "acme/pack-" + std::to_string(random() % 6);
        auto& count = versions[name];
        if (count > 0 && random() % 3 == 0) {
            auto const version = std::to_string(random() % count) + ".0.0";
            change_status_of(name, version, random() % 2 == 0 ? StatusAction::yank : StatusAction::deprecate);
        } else {
            publish(name, std::to_string(count++) + ".0.0");
        }
        if (random() % 4 == 0) write("registry/popularity.tsv", name + "\t" + std::to_string(step) + "\t1\n");
        if (random() % 2 == 0) {
            ASSERT_TRUE(search("pack").has_value());
        }
    }
    ASSERT_TRUE(search("pack").has_value());
    auto const grown = detail::index_image(market_);
    ASSERT_TRUE(grown.has_value());

    auto const rebuilt = rebuild_catalogues(market_, "main");
    ASSERT_TRUE(rebuilt.has_value()) << rebuilt.error().context;
    EXPECT_EQ((*rebuilt)[0].index, *grown);
    EXPECT_TRUE((*rebuilt)[0].index_was_identical);
    EXPECT_EQ(detail::index_image(market_), grown);
    EXPECT_EQ(observer_.warnings, Names{});
}

/// Damage `kind` done to `bytes`.
Bytes damaged(Bytes bytes, unsigned kind) {
    switch (kind) {
        case 0: return {};
        case 1: bytes.resize(bytes.size() / 2); return bytes;
        case 2: return Bytes(bytes.size(), 0);
        default: bytes[bytes.size() / 2] ^= 0x20; return bytes;
    }
}

TEST_F(SearchProjectionTest, DamagedFilesAreMadeAnewWithOneWarning) {
    publish("acme/web", "1.0.0");
    auto& files = dir_.files();
    constexpr unsigned k_damages = 4;
    unsigned version = 0;
    unsigned repaired = 0;
    // Files get new names when the index is built anew, so they are taken by their place in the directory.
    for (std::size_t place = 0; place < 5; ++place) {
        for (unsigned kind = 0; kind < k_damages; ++kind) {
            ASSERT_TRUE(search("").has_value());
            publish("acme/webs", "1.0." + std::to_string(++version));
            auto const good = found("web");  // Leaves a segment and a log of changes.
            ASSERT_EQ(good.size(), 2U);
            Names paths{coverage_path()};
            auto const entries = files.list(index_directory()).value();
            for (auto const& entry : entries) paths.push_back(join_path(index_directory(), entry.name));
            ASSERT_GE(paths.size(), 4U) << "coverage, CURRENT, segment, changes";
            if (place >= paths.size()) break;
            auto const bytes = files.read_file(paths[place], k_mib).value();
            if (bytes.empty()) break;  // A lock.
            SCOPED_TRACE(paths[place] + " damage " + std::to_string(kind));
            observer_.warnings.clear();
            ASSERT_TRUE(files.write_file_atomic(paths[place], damaged(bytes, kind), Sync::none).has_value());

            EXPECT_EQ(found("web"), good);
            EXPECT_LE(observer_.warnings.size(), 1U);
            repaired += observer_.warnings.empty() ? 0 : 1;
            EXPECT_EQ(detail::rebuild_index(market_, false).value(), detail::index_image(market_).value());
        }
    }
    EXPECT_GE(repaired, 3 * k_damages - 2);
}

TEST_F(SearchProjectionTest, ACoverageOfAnotherVersionIsMadeAnewWithOneWarning) {
    publish("acme/web", "1.0.0");
    ASSERT_EQ(found("web").size(), 1U);
    auto text = std::string{as_text(dir_.files().read_file(coverage_path(), k_mib).value())};
    text.replace(text.find("coverage/1"), 10, "coverage/9");
    ASSERT_TRUE(dir_.files().write_file_atomic(coverage_path(), as_bytes(text), Sync::none).has_value());

    EXPECT_EQ(found("web"), Names{"acme/web 1.0.0"});
    EXPECT_EQ(observer_.warnings.size(), 1U);
    EXPECT_EQ(found("web"), Names{"acme/web 1.0.0"});
    EXPECT_EQ(observer_.warnings.size(), 1U) << "only once";
}

TEST_F(SearchProjectionTest, AKillAtAnyPointLosesNothing) {
    publish("acme/web", "1.0.0");
    write("registry/popularity.tsv", "acme/web\t5\t1\n");
    ASSERT_EQ(found("web").size(), 1U);
    for (auto const mode : {FaultMode::not_done, FaultMode::persisted}) {
        bool is_done = false;
        unsigned version = mode == FaultMode::not_done ? 100 : 200;
        for (std::uint64_t call = 1; !is_done && call < 60; ++call) {
            ++version;
            publish("acme/web", "1.0." + std::to_string(version));
            write("registry/popularity.tsv", "acme/web\t" + std::to_string(version) + "\t1\n");
            files_.fail_at(call, mode, true);
            static_cast<void>(search("web"));
            is_done = !files_.has_failed();
            files_.fail_at(0, FaultMode::not_done, false);

            EXPECT_EQ(found("web"), Names{"acme/web 1.0." + std::to_string(version)}) << "killed at call " << call;
            EXPECT_EQ(search("web")->page.hits.at(0).document.downloads, version) << "killed at call " << call;
        }
        EXPECT_TRUE(is_done);
    }
    EXPECT_EQ(detail::rebuild_index(market_, false).value(), detail::index_image(market_).value());
    EXPECT_EQ(observer_.warnings, Names{});
}

TEST_F(SearchProjectionTest, FsckComparesTheIndexAndRepairsIt) {
    publish("acme/web", "1.0.0");
    ASSERT_EQ(found("web").size(), 1U);
    EXPECT_TRUE(fsck_known_registry(market_, {"main", false})->problems.empty());
    // An index that is whole, but says something else.
    {
        auto writer = SearchIndexWriter::open(dir_.files(), index_directory());
        ASSERT_TRUE(writer.has_value()) << writer.error().context;
        IndexChange change{IndexChange::Kind::upsert, {}};
        change.document.name = "acme/web";
        change.document.version = "6.6.6";
        change.document.origin = detail::origin_key(main());
        ASSERT_TRUE((*writer)->apply({&change, 1}).has_value());
    }
    ASSERT_EQ(found("web"), Names{"acme/web 6.6.6"});

    auto const checked = fsck_known_registry(market_, {"main", false}).value();
    EXPECT_EQ(checked.problems, Names{"the search index does not say what the log says"});
    EXPECT_EQ(fsck_known_registry(market_, {"main", true})->repaired, Names{"the search index"});
    EXPECT_EQ(found("web"), Names{"acme/web 1.0.0"});
}

TEST(SearchCoverageTest, RoundTripsAndRefusesWhatItDidNotWrite) {
    SearchCoverage coverage;
    coverage.put({"b\x1e" "00", 7, 3, ""});
    coverage.put({"a\x1e" "11", 1, 2, "sha256:ff"});
    coverage.put({"b\x1e" "00", 8, 4, "sha256:00"});
    coverage.set_position({6, 120});
    auto const parsed = SearchCoverage::parse(coverage.text());
    ASSERT_TRUE(parsed.has_value()) << parsed.error().context;
    ASSERT_EQ(parsed->registries().size(), 2U);
    EXPECT_EQ(parsed->registries()[0].key, "a\x1e" "11");
    EXPECT_EQ(parsed->find("b\x1e" "00")->log_size, 8U);
    EXPECT_EQ(parsed->find("c"), nullptr);
    EXPECT_EQ(parsed->position(), (IndexPosition{6, 120}));
    EXPECT_LT((IndexPosition{5, 900}), (IndexPosition{6, 120}));
    EXPECT_LT((IndexPosition{6, 119}), (IndexPosition{6, 120}));
    EXPECT_EQ(detail::origin_of_key("a/b\x1e" "0123"), "a/b");
    EXPECT_EQ(detail::origin_of_key("a/b"), "a/b");

    for (auto const* text : {"", "{}", "[]", R"({"schema":"ggen.search-coverage/2","registries":[]})",
                             R"({"schema":"ggen.search-coverage/1","segment":1,"changes_bytes":0})",
                             R"({"schema":"ggen.search-coverage/1","registries":[]})",
                             R"({"schema":"ggen.search-coverage/1","segment":1,"changes_bytes":0,"registries":[{}]})",
                             R"({"schema":"ggen.search-coverage/1","segment":1,"changes_bytes":0,"registries":[
                                 {"key":"a","log_size":-1,"packages":0,"popularity":""}]})",
                             R"({"schema":"ggen.search-coverage/1","segment":1,"changes_bytes":0,"registries":[
                                 {"key":"a","log_size":1,"packages":0,"popularity":""},
                                 {"key":"a","log_size":1,"packages":0,"popularity":""}]})"}) {
        EXPECT_EQ(SearchCoverage::parse(text).error().code, Errc::corrupt) << text;
    }
    auto const largest = std::string(SearchCoverage::k_bytes_max, ' ');
    EXPECT_EQ(SearchCoverage::parse(largest).error().code, Errc::corrupt);
    EXPECT_EQ(SearchCoverage::parse(largest + " ").error().code, Errc::too_large);
}

}  // namespace
}  // namespace ggen
