#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/file_system.hpp"
#include "harness/environment.hpp"
#include "harness/process.hpp"
#include "harness/store.hpp"
#include "peers/corpus.hpp"
#include "peers/loopback.hpp"
#include "measure.hpp"
#include "peers/queries.hpp"
#include "peers/sample.hpp"
#include "peers/search_engine.hpp"
#include "peers/search_comparison.hpp"

namespace ggen::bench {
namespace {

/// A file below gtest's own temporary directory.
std::string write_file(std::string const& name, std::string const& text) {
    auto const path = ::testing::TempDir() + name;
    std::ofstream{path, std::ios::binary} << text;
    return path;
}

constexpr char const* k_npm = "name\tversion\tdownloads_a_month\tsummary\n"
                              "left-pad\t1.3.0\t900\tpads strings\n"
                              "@acme/web\t2.0.0\t12000\tserves pages\n";
constexpr char const* k_pypi = "name\tversion\tmonth\trank_among_15000_most_downloaded\tsummary\n"
                               "boto3\t1.44.5\t2026-11\t1\tThe AWS SDK\n"
                               "zero\t0.0.1\t2017-12\t0\t\n";

TEST(SamplesTest, PercentilesAreRecordedSamples) {
    Samples samples;
    for (std::uint64_t i = 1; i <= 200; ++i) samples.add(201 - i);

    EXPECT_EQ(samples.percentile(50), 100U);
    EXPECT_EQ(samples.percentile(99), 198U);
    EXPECT_EQ(samples.percentile(100), 200U);
    EXPECT_EQ(Samples{}.percentile(99), 0U);
}

TEST(MemoryTest, ResidentMemoryGrowsByWhatIsTouched) {
    constexpr std::size_t k_bytes = 32U << 20U;
    auto const before = memory_now();
    std::vector<char> block(k_bytes, 'x');
    auto const after = memory_now();

    EXPECT_EQ(block[k_bytes / 2], 'x');
    EXPECT_GT(before.resident, 0U);
    EXPECT_GE(after.resident, before.resident + k_bytes * 9 / 10);
    EXPECT_GE(after.peak, after.resident * 9 / 10);
}

TEST(LoopbackTest, CountsOfTheServerReadBackAndOtherTextIsRefused) {
    auto const counts = Loopback::parse_counts("ggen requests 3 metadata 20 archives 0\n"
                                               "npm requests 0 metadata 0 archives 7\n");
    ASSERT_TRUE(counts) << counts.error().context;
    EXPECT_EQ(counts->at("ggen").requests, 3U);
    EXPECT_EQ(counts->at("ggen").metadata_bytes, 20U);
    EXPECT_EQ(counts->at("npm").archive_bytes, 7U);
    for (char const* const text :
         {"ggen", "ggen requests x metadata 1 archives 1", "ggen metadata 1 requests 2 archives 3"})
        EXPECT_FALSE(Loopback::parse_counts(text)) << text;
}

TEST(CorpusTest, ColumnsAreReadOrDerivedTheSameEachTime) {
    auto const paths = {write_file("npm.tsv", k_npm), write_file("pypi.tsv", k_pypi)};
    auto const documents = load_corpus(paths);
    auto const again = load_corpus(paths);

    ASSERT_TRUE(documents.has_value()) << documents.error().context;
    ASSERT_TRUE(again.has_value());
    ASSERT_EQ(documents->size(), 4U);
    auto const& pad = (*documents)[0];
    EXPECT_EQ(pad.name, "left-pad");
    EXPECT_EQ(pad.version, "1.3.0");
    EXPECT_EQ(pad.description, "pads strings");
    EXPECT_EQ(pad.downloads, 900U);
    EXPECT_EQ(pad.origin, "npm");
    EXPECT_FALSE(pad.category.empty());
    EXPECT_FALSE(pad.license.empty());
    EXPECT_EQ(pad.category, (*again)[0].category);
    EXPECT_EQ(pad.authors, (*again)[0].authors);
    EXPECT_EQ(pad.stars, (*again)[0].stars);
    auto const& boto = (*documents)[2];
    EXPECT_EQ(boto.origin, "pypi");
    EXPECT_EQ(boto.downloads, downloads_of_rank(1));
    EXPECT_EQ(boto.released_unix, 1'794'700'800);  // 2026-11-15T00:00:00Z
    EXPECT_LE((*documents)[3].downloads, 3'000U);
    EXPECT_GE((*documents)[3].downloads, 10U);
    EXPECT_EQ(name_hash("boto3", 1), 0xc9909cfe02cff0deU);  // The same on every machine.
}

TEST(CorpusTest, RanksFallAsDownloadsDo) {
    EXPECT_GT(downloads_of_rank(1), 1'000'000'000U);
    for (std::uint64_t rank = 1; rank < 15'000; rank += 7) {
        EXPECT_GT(downloads_of_rank(rank), downloads_of_rank(rank + 7));
    }
    EXPECT_GT(downloads_of_rank(15'000), 3'000U);  // Above every unranked package.
}

TEST(CorpusTest, MostDownloadedComeFirst) {
    auto const documents = load_corpus({write_file("npm.tsv", k_npm), write_file("pypi.tsv", k_pypi)});
    ASSERT_TRUE(documents.has_value());

    auto const top = most_downloaded(*documents, 2);

    ASSERT_EQ(top.size(), 2U);
    EXPECT_EQ(top[0].name, "boto3");
    EXPECT_EQ(top[1].name, "@acme/web");
    EXPECT_EQ(most_downloaded(*documents, 99).size(), 4U);
}

TEST(CorpusTest, DamagedListsAreRefused) {
    auto const code_of = [](std::string const& path) {
        auto const documents = load_corpus({path});
        return documents ? std::string{"read"} : std::string{errc_name(documents.error().code)};
    };
    EXPECT_EQ(code_of(write_file("empty.tsv", "")), "invalid");
    EXPECT_EQ(code_of(write_file("headless.tsv", "a\tb\n1\t2\n")), "invalid");
    EXPECT_EQ(code_of(write_file("noise.tsv.zst", "this is not zstd")), "invalid");
    EXPECT_EQ(code_of(::testing::TempDir() + "nowhere.tsv"), "io");
    EXPECT_EQ(code_of(write_file("long.tsv", "name\n" + std::string(k_corpus_line_bytes_max, 'x'))), "read");
    EXPECT_EQ(code_of(write_file("longer.tsv", "name\n" + std::string(k_corpus_line_bytes_max + 1, 'x'))),
              "invalid");
}

TEST(JudgeTest, RanksCountOnceAndNamesFold) {
    std::vector<JudgedQuery> const queries{
        {"a", "exact", {"Foo_Bar"}}, {"b", "exact", {"b"}}, {"c", "typo", {"z", "y"}}, {"d", "typo", {"late"}}};
    std::vector<std::string> ten{"1", "1", "2", "3", "4", "5", "6", "7", "8", "9", "late", "more"};
    auto const quality = judge(queries, {{"foo.-bar"}, {"x", "B"}, {"x", "y", "z"}, ten});

    EXPECT_DOUBLE_EQ(quality.at("exact").mrr10, 0.75);
    EXPECT_DOUBLE_EQ(quality.at("exact").success10, 1.0);
    EXPECT_DOUBLE_EQ(quality.at("typo").mrr10, (0.5 + 0.1) / 2);
    EXPECT_EQ(quality.at("all").count, 4U);
    ten[9] = "different";
    ten[1] = "0";
    EXPECT_DOUBLE_EQ(judge({queries[3]}, {ten}).at("all").success10, 0.0);
}

TEST(QueriesTest, UnknownKindsAndMissingNamesAreRefused) {
    auto const good = load_latency_queries(write_file("good.tsv", "h\nfiltersort\tweb\tcli\t1000\nexact1\tpad\n"));
    ASSERT_TRUE(good.has_value());
    EXPECT_EQ(good->at(0).kind, QueryKind::filtersort);
    EXPECT_EQ(good->at(0).downloads_min, 1'000U);
    EXPECT_EQ(good->at(1).text, "pad");
    EXPECT_FALSE(load_latency_queries(write_file("bad.tsv", "h\nguess\tweb\n")).has_value());
    EXPECT_FALSE(load_judged_queries(write_file("bad.tsv", "h\nweb\texact\t\n")).has_value());
}

TEST(PeerTest, WordsAreRunsOfLettersAndDigits) {
    EXPECT_EQ(peer_words("@Acme/web_v2 "), (std::vector<std::string>{"acme", "web", "v2"}));
    EXPECT_EQ(peer_words("--"), std::vector<std::string>{});
}

TEST(PeerTest, PeersFindWhatTheyWereGiven) {
    auto const documents = load_corpus({write_file("npm.tsv", k_npm), write_file("pypi.tsv", k_pypi)});
    ASSERT_TRUE(documents.has_value());
    auto const rows = most_downloaded(*documents, documents->size());
    auto const files = make_posix_file_system();
    auto const sqlite_path = ::testing::TempDir() + "peer.db";
    auto const xapian_path = ::testing::TempDir() + "peer.xapian";
    ASSERT_TRUE(files->remove_tree(sqlite_path).has_value());
    ASSERT_TRUE(files->remove_tree(xapian_path).has_value());
    std::vector<std::unique_ptr<Engine>> peers;
    auto sqlite = open_sqlite_peer(sqlite_path, rows);
    ASSERT_TRUE(sqlite.has_value()) << sqlite.error().context;
    peers.push_back(*std::move(sqlite));
    auto xapian = open_xapian_peer(xapian_path, rows);
    ASSERT_TRUE(xapian.has_value()) << xapian.error().context;
    if (*xapian) peers.push_back(**std::move(xapian));

    for (auto const& peer : peers) {
        std::vector<std::string> names;
        auto const ask = [&](QueryKind kind, std::string text, std::string category = {}) {
            EXPECT_TRUE(peer->run({kind, std::move(text), std::move(category), 0}, names).has_value()) << peer->name();
            return names;
        };
        EXPECT_EQ(ask(QueryKind::exact1, "pages"), std::vector<std::string>{"@acme/web"}) << peer->name();
        EXPECT_EQ(ask(QueryKind::exact2, "left strings"), std::vector<std::string>{"left-pad"}) << peer->name();
        EXPECT_EQ(ask(QueryKind::prefix, "str"), std::vector<std::string>{"left-pad"}) << peer->name();
        EXPECT_EQ(ask(QueryKind::filtersort, "sdk", rows[0].category), std::vector<std::string>{"boto3"});
        EXPECT_EQ(ask(QueryKind::filtersort, "sdk", "no such category"), std::vector<std::string>{});
        EXPECT_EQ(ask(QueryKind::exact1, "\"*)"), std::vector<std::string>{}) << peer->name();
    }
}

TEST(SampleTest, KeepsWhatQueriesNeedThenTheMostDownloaded) {
    auto const list = std::string{k_npm} + "unwanted\t1.0.0\t50\trare\nneeded\t1.0.0\t1\trarer\n";
    SampleOptions options;
    options.corpus = {write_file("npm.tsv", list)};
    options.queries = write_file("judged.tsv", "h\nnedded\ttypo\tneeded\n");
    options.results = write_file("results.tsv", "nedded\tunwanted|nothing\n");
    options.rows = 3;
    options.out = ::testing::TempDir() + "sample.tsv.zst";
    auto const made = make_sample(options);
    ASSERT_TRUE(made.has_value()) << made.error().context;

    auto const sample = load_corpus({options.out});
    ASSERT_TRUE(sample.has_value()) << sample.error().context;
    auto const whole = load_corpus(options.corpus);
    ASSERT_EQ(sample->size(), 3U);
    EXPECT_EQ((*sample)[0].name, "@acme/web");
    EXPECT_EQ((*sample)[1].name, "needed");
    EXPECT_EQ((*sample)[2].name, "unwanted");
    EXPECT_EQ((*sample)[0].origin, "npm");
    EXPECT_EQ((*sample)[0].downloads, 12'000U);
    EXPECT_EQ((*sample)[0].category, (*whole)[1].category);

    options.queries = write_file("judged.tsv", "h\nx\ttypo\tabsent\n");
    EXPECT_FALSE(make_sample(options).has_value());
}

TEST(SearchSuiteTest, WritesOneRowOfResultsForEachQuery) {
    SearchComparisonOptions options;
    options.corpus = {write_file("npm.tsv", k_npm), write_file("pypi.tsv", k_pypi)};
    options.queries = write_file("judged.tsv", "h\nleft pad\tsplit\tleft-pad\nnothing at all\texact\tzero\n");
    options.latency = write_file("latency.tsv", "h\nexact1\tpad\nfuzzy1\tsrings\n");
    options.results = ::testing::TempDir() + "results.tsv";
    options.sizes = {"2", "all"};
    options.throughput_ms = 5;
    options.updates = 3;
    options.program = GGEN_BENCH_PROGRAM;
    auto const run = run_search_comparison(options);
    ASSERT_TRUE(run.has_value()) << run.error().context;

    auto const files = make_posix_file_system();
    auto const text = files->read_file(options.results, 1'000);
    ASSERT_TRUE(text.has_value());
    EXPECT_EQ(as_text(*text).substr(0, 18), "left pad\tleft-pad\n");

    options.sizes = {"some"};
    EXPECT_FALSE(run_search_comparison(options).has_value());
    options.sizes = {"all"};
    options.peers = {"oracle"};
    EXPECT_FALSE(run_search_comparison(options).has_value());
}

TEST(SearchSuiteTest, TheCommandKeepsItsTablesForTheReport) {
    auto const corpus = write_file("npm.tsv", k_npm);
    auto const latency = write_file("latency.tsv", "h\nexact1\tpad\n");
    auto const store = ::testing::TempDir() + "ggen_bench_search.db";
    ASSERT_TRUE(make_posix_file_system()->remove_tree(store).has_value());
    Command command;
    command.words = {GGEN_BENCH_PROGRAM, "--store", store, "search", "--corpus", corpus, "--latency", latency,
                     "--sizes", "all", "--peers", "sqlite"};
    auto const run = run_command(command);
    ASSERT_TRUE(run.has_value());
    ASSERT_TRUE(run->is_good()) << run->errors;
    auto const here = current_environment(std::filesystem::temp_directory_path().string());
    auto const kept = ResultStore::open(store)->peers(here.machine_key());
    ASSERT_TRUE(kept.has_value()) << kept.error().context;
    ASSERT_EQ(kept->size(), 1U);
    EXPECT_EQ(kept->front().kind, "search");
    auto const beside = std::find_if(kept->front().tables.begin(), kept->front().tables.end(),
                                     [](auto const& table) { return table.title.starts_with("side by side"); });
    ASSERT_NE(beside, kept->front().tables.end());
    EXPECT_EQ(beside->section, "2 packages");
    EXPECT_EQ(beside->rows.size(), 1U);

    ASSERT_TRUE(make_posix_file_system()->remove_tree(store).has_value());
    command.words.emplace_back("--no-store");
    ASSERT_TRUE(run_command(command)->is_good());
    EXPECT_FALSE(make_posix_file_system()->info(store).has_value());
}

}  // namespace
}  // namespace ggen::bench
