#include "market/find.hpp"

#include <gtest/gtest.h>

#include <random>

#include "market/catalogue.hpp"
#include "market/catalogue_view.hpp"
#include "market/popularity.hpp"
#include "market/registry_set.hpp"
#include "market/sqlite_db.hpp"
#include "market/testing/market_fixture.hpp"

namespace ggen {
namespace {

using testing::MarketFixture;
using Names = std::vector<std::string>;

struct FindTest : MarketFixture {
    Result<SearchReport> search(std::string text) {
        SearchRequest request;
        request.query.text = std::move(text);
        return search_packages(market_, request);
    }
    /// "name version" of each hit, or the error.
    Names found(std::string const& text) {
        auto const report = search(text);
        if (!report) return {report.error().context};
        Names out;
        for (auto const& hit : report->page.hits) out.push_back(hit.document.name + " " + hit.document.version);
        return out;
    }
    KnownRegistry main() { return find_registry(market_.config, "main").value(); }
    std::string database() { return catalogue_path(market_.directories, main()); }
    void run_sql(std::string const& sql) {
        auto db = detail::Database::open(database());
        ASSERT_TRUE(db.has_value());
        auto const done = db->run(sql);
        ASSERT_TRUE(done.has_value()) << done.error().context;
    }
    void change_status_of(std::string const& name, std::string const& version, StatusAction action) {
        clock_.advance(std::chrono::seconds{60});
        auto const done = change_status(market_, {PackageName::parse(name).value(), Version::parse(version).value(),
                                                  action, StatusReason::broken, {}, {}});
        ASSERT_TRUE(done.has_value()) << done.error().context;
    }
};

TEST_F(FindTest, SearchFollowsTheLog) {
    publish("acme/web", "1.0.0");
    EXPECT_EQ(found("web"), Names{"acme/web 1.0.0"});
    publish("acme/web", "1.10.0");
    publish("acme/web", "1.9.0");
    publish("acme/web", "2.0.0-rc.1");
    EXPECT_EQ(found("web"), Names{"acme/web 1.10.0"});
    change_status_of("acme/web", "1.10.0", StatusAction::yank);
    EXPECT_EQ(found("web"), Names{"acme/web 1.9.0"});
    change_status_of("acme/web", "1.9.0", StatusAction::yank);
    change_status_of("acme/web", "1.0.0", StatusAction::yank);
    EXPECT_EQ(found("web"), Names{"acme/web 2.0.0-rc.1"});
    change_status_of("acme/web", "2.0.0-rc.1", StatusAction::revoke);
    EXPECT_EQ(found("web"), Names{});
    EXPECT_EQ(observer_.warnings, Names{});
}

TEST_F(FindTest, NothingFoundComesWithSimilarNames) {
    publish("acme/review", "1.0.0");
    publish("acme/other", "1.0.0");

    auto const report = search("revew").value();
    EXPECT_EQ(report.page.total, 0U);
    EXPECT_EQ(report.searched, 2U);
    EXPECT_EQ(report.suggestions, Names{"acme/review"});
    EXPECT_EQ(similar_packages(market_, "acme/reviews", 3), Names{"acme/review"});
    EXPECT_EQ(similar_packages(market_, "review", 3), Names{"acme/review"});
    EXPECT_EQ(complete_package_names(market_, "acme/o", 9), Names{"acme/other"});
    EXPECT_EQ(complete_package_names(market_, "", 1), Names{"acme/other"});
}

TEST_F(FindTest, InfoShowsTheProvenStateAndTheManifest) {
    publish("acme/web", "1.0.0");
    publish("acme/web", "1.1.0", {{"acme/base", "^1"}});
    change_status_of("acme/web", "1.0.0", StatusAction::deprecate);

    auto const newest = package_info(market_, "acme/web", {});
    ASSERT_TRUE(newest.has_value()) << newest.error().context;
    EXPECT_EQ(newest->shown->version.text(), "1.1.0");
    EXPECT_EQ(newest->manifest->dependencies.size(), 1U);
    EXPECT_EQ(newest->versions.size(), 2U);
    EXPECT_EQ(newest->versions[0].version.text(), "1.1.0");
    EXPECT_TRUE(newest->versions[1].deprecated);
    EXPECT_EQ(newest->owner.keys.size(), 1U);
    EXPECT_EQ(package_info(market_, "acme/web@~1.0", "main")->shown->version.text(), "1.0.0");
    EXPECT_EQ(package_info(market_, "acme/web@3", {}).error().id, ErrorId::version_not_found);

    EXPECT_EQ(found("web").size(), 1U);
    auto const missing = package_info(market_, "acme/wev", {});
    EXPECT_EQ(missing.error().id, ErrorId::package_not_found);
    EXPECT_EQ(missing.error().help, "did you mean acme/web?");
    EXPECT_EQ(package_info(market_, "acme/web", "nowhere").error().id, ErrorId::registry_not_found);
}

TEST_F(FindTest, PopularityIsAHintThatMayBeMissingOrNonsense) {
    publish("acme/a", "1.0.0");
    publish("acme/b", "1.0.0");
    EXPECT_EQ(found("test"), (Names{"acme/b 1.0.0", "acme/a 1.0.0"})) << "the newer one first";
    write("registry/popularity.tsv", "acme/a\t7\t3\nacme/b\t-1\t2\nacme/b\t1\nnonsense\n\t\t\nacme/a\t8\t4");
    EXPECT_EQ(found("test"), (Names{"acme/a 1.0.0", "acme/b 1.0.0"}));
    EXPECT_EQ(search("acme/a")->page.hits[0].document.stars, 4U);
    EXPECT_EQ(detail::parse_popularity("a\t99999999999999999999\t1\n\xff\t1\t2\nb\t9223372036854775807\t0").size(), 2U);
}

TEST_F(FindTest, AnEditedCatalogueChangesWhatIsFoundButNeverWhatIsInstalled) {
    publish("acme/base", "1.0.0");
    publish("acme/web", "1.0.0", {{"acme/base", "^1"}});
    ASSERT_EQ(found("web"), Names{"acme/web 1.0.0"});
    auto const honest = rebuild_catalogues(market_, "main").value()[0];

    run_sql("UPDATE package SET version = '6.6.6', description = 'evil'; UPDATE release SET leaf = 'ff', yanked = 1");

    EXPECT_EQ(found("web"), Names{"acme/web 1.0.0"}) << "an index that is current is not fed again";
    ASSERT_TRUE(dir_.files().remove_tree(dir_ / "cache/search").has_value());
    EXPECT_EQ(found("web"), Names{"acme/web 6.6.6"});
    EXPECT_EQ(install_all({"acme/web"}), "acme/base@1.0.0 acme/web@1.0.0");
    EXPECT_EQ(package_info(market_, "acme/web", {})->shown->version.text(), "1.0.0");
    auto const checked = fsck_known_registry(market_, {"main", false}).value();
    ASSERT_EQ(checked.problems.size(), 1U);
    EXPECT_EQ(checked.problems[0], "the search catalogue of main does not say what the log says");

    auto const rebuilt = rebuild_catalogues(market_, {}).value()[0];
    EXPECT_FALSE(rebuilt.was_identical);
    EXPECT_EQ(rebuilt.catalogue, honest.catalogue);
    EXPECT_EQ(rebuilt.packages, 2U);
    EXPECT_EQ(rebuilt.releases, 2U);
    EXPECT_EQ(found("web"), Names{"acme/web 1.0.0"});
    EXPECT_TRUE(rebuild_catalogues(market_, {}).value()[0].was_identical);
    EXPECT_TRUE(fsck_known_registry(market_, {"main", false})->problems.empty());
}

TEST_F(FindTest, FsckRepairsAnEditedCatalogue) {
    publish("acme/web", "1.0.0");
    ASSERT_EQ(found("web").size(), 1U);
    run_sql("DELETE FROM package");
    ASSERT_TRUE(dir_.files().remove_tree(dir_ / "cache/search").has_value());
    EXPECT_EQ(found("web"), Names{});
    EXPECT_EQ(fsck_known_registry(market_, {"", true})->repaired,
              (Names{"the search catalogue of main", "the search index"}));
    EXPECT_EQ(found("web").size(), 1U);
}

TEST_F(FindTest, ADamagedOrForeignCatalogueIsMadeAnewWithOneWarning) {
    publish("acme/web", "1.0.0");
    auto const path = database();
    ASSERT_EQ(found("web").size(), 1U);
    auto const good = dir_.files().read_file(path, k_mib).value();
    auto& files = dir_.files();
    auto const put = [&](Bytes const& bytes) {
        for (auto const* suffix : {"", "-wal", "-shm"}) ASSERT_TRUE(files.remove_tree(path + suffix).has_value());
        ASSERT_TRUE(files.write_file_atomic(path, bytes, Sync::none).has_value());
    };
    auto zeroed_page = good;
    for (std::size_t i = 4096; i < zeroed_page.size(); ++i) zeroed_page[i] = 0;
    std::vector<Bytes> const damages{
        {}, to_bytes("not a database at all, but long enough to be looked at by anybody who cares to look"),
        Bytes(good.begin(), good.begin() + 1000), Bytes(good.size(), 0), zeroed_page};
    for (std::size_t i = 0; i < damages.size(); ++i) {
        observer_.warnings.clear();
        put(damages[i]);
        auto const version = "1.0." + std::to_string(i + 1);  // The log grows, so that the catalogue is looked at.
        publish("acme/web", version);
        EXPECT_EQ(found("web"), Names{"acme/web " + version}) << "damage " << i;
        EXPECT_EQ(observer_.warnings.size(), 1U) << "damage " << i;
    }
    observer_.warnings.clear();
    run_sql("UPDATE meta SET value = '99' WHERE key = 'version'");
    publish("acme/web", "1.1.0");
    EXPECT_EQ(found("web"), Names{"acme/web 1.1.0"});
    EXPECT_EQ(observer_.warnings.size(), 1U);
    run_sql("UPDATE meta SET value = '999999' WHERE key = 'log_size'");
    EXPECT_EQ(found("web"), Names{"acme/web 1.1.0"});
    publish("acme/webs", "1.0.0");
    EXPECT_EQ(found("webs"), Names{"acme/webs 1.0.0"}) << "a catalogue that claims to know the future is not trusted";
}

TEST_F(FindTest, GrownStepByStepItHasTheBytesOfOneThatIsBuiltAtOnce) {
    auto const seed = 20261123U;
    std::mt19937 random{seed};
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::map<std::string, unsigned> versions;
    unsigned refreshes = 0;
    for (int step = 0; step < 40; ++step) {
        auto const name = "acme/pack-" + std::to_string(random() % 7);
        auto& count = versions[name];
        if (count > 0 && random() % 4 == 0) {
            auto const version = std::to_string(random() % count) + ".0.0";
            change_status_of(name, version, random() % 2 == 0 ? StatusAction::yank : StatusAction::deprecate);
        } else {
            publish(name, std::to_string(count++) + ".0.0");
        }
        if (random() % 3 == 0) {
            ++refreshes;
            ASSERT_TRUE(search("pack").has_value());
        }
    }
    ASSERT_GT(refreshes, 5U);
    ASSERT_TRUE(search("pack").has_value());
    auto const grown = detail::current_image(market_, main());
    ASSERT_TRUE(grown.has_value());

    auto const rebuilt = rebuild_catalogues(market_, "main");
    ASSERT_TRUE(rebuilt.has_value()) << rebuilt.error().context;
    EXPECT_EQ((*rebuilt)[0].catalogue, *grown);
    EXPECT_TRUE((*rebuilt)[0].was_identical);
    EXPECT_EQ(detail::current_image(market_, main()), grown);
}

}  // namespace
}  // namespace ggen
