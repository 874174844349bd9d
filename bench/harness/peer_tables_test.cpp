// Comparisons with other programs: what is printed is kept, stored, and shown beside a run.
#include "harness/peer_tables.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "harness/report.hpp"
#include "harness/store.hpp"
#include "harness/testing.hpp"

namespace ggen::bench {
namespace {

PeerComparison sample(std::string kind, std::int64_t started) {
    PeerComparison out;
    out.kind = std::move(kind);
    out.started.seconds = started;
    out.seconds = 12.5;
    out.load_1min = 0.25;
    out.environment = testing::run("r", {}).environment;
    out.tables = {{"1000 packages", "side by side", {"kind", "ours", "theirs"}, {{"<fuzzy>", "1.0", "4.0"}}},
                  {"", "", {"case", "ms"}, {}}};
    return out;
}

TEST(TableTest, WhatIsPrintedIsKeptWithItsSection) {
    auto const before = printed_tables().size();
    begin_table_section("of the test");
    Table table{{"what", "how much"}, "a title"};
    table.add({"one"});
    table.print();
    ASSERT_EQ(printed_tables().size(), before + 1);
    EXPECT_EQ(printed_tables().back(),
              (PrintedTable{"of the test", "a title", {"what", "how much"}, {{"one", ""}}}));
}

TEST(PeerTablesTest, JsonKeepsEverything) {
    auto const json = peers_to_json(sample("search", 1'800'000'000));
    auto const again = peers_from_json(Json::parse(json.dump()).value(), Environment{}).value();
    EXPECT_EQ(peers_to_json(again).dump(), json.dump());
}

TEST(PeerTablesTest, AScriptNeedNotKnowTheMachine) {
    auto json = peers_to_json(sample("connections", 1));
    Json::Object members;
    for (auto const& member : *json.if_object()) {
        if (member.first != "environment") members.push_back(member);
    }
    Environment here;
    here.cpu = "this one";
    EXPECT_EQ(peers_from_json(Json{members}, here)->environment.cpu, "this one");
}

TEST(PeerTablesTest, NewerAndBrokenOnesAreRefused) {
    auto const good = peers_to_json(sample("search", 1));
    auto const code_with = [&](char const* member, Json value) {
        auto json = good;
        json.set(member, std::move(value));
        auto const read = peers_from_json(json, Environment{});
        return read ? std::nullopt : std::optional{read.error().code};
    };
    EXPECT_EQ(code_with("version", 2), Errc::refused);
    for (auto const& [member, value] : std::initializer_list<std::pair<char const*, Json>>{
             {"format", "ggen-bench-result"}, {"kind", ""}, {"kind", "../up"}, {"kind", std::string(41, 'a')},
             {"started", -1}, {"started", 1e300}, {"seconds", "long"}, {"load_1min", nullptr}, {"tables", 7},
             {"tables", Json::Array(101)}, {"environment", 1}})
        EXPECT_EQ(code_with(member, value), Errc::invalid) << member << ' ' << value.dump();
    auto uneven = sample("search", 1);
    uneven.tables[0].rows[0].pop_back();
    EXPECT_EQ(peers_from_json(peers_to_json(uneven), Environment{}).error().code, Errc::invalid);
    uneven.tables[0].heads.clear();
    EXPECT_EQ(peers_from_json(peers_to_json(uneven), Environment{}).error().code, Errc::invalid);
}

TEST(PeerTablesTest, TheStoreGivesTheNewestOfEachKindOfOneMachine) {
    auto const path = ::testing::TempDir() + "ggen_bench_peers.db";
    std::filesystem::remove(path);
    auto store = ResultStore::open(path).value();
    auto elsewhere = sample("search", 30);
    elsewhere.environment.cpu = "another";
    for (auto const& one : {sample("search", 20), sample("search", 10), sample("install", 5), elsewhere})
        ASSERT_TRUE(store.save_peers(one).has_value());
    EXPECT_EQ(store.save_peers(sample("search", 20)).error().code, Errc::conflict);
    auto const found = ResultStore::open(path)->peers(sample("", 0).environment.machine_key()).value();
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].kind, "install");
    EXPECT_EQ(found[1].started.seconds, 20);
    EXPECT_EQ(found[1].tables, sample("search", 20).tables);
}

TEST(PeerTablesTest, AReportShowsThemAndSaysWhenTheyWereMade) {
    ReportInput input;
    input.run = testing::run("r1", {});
    EXPECT_EQ(report_markdown(input).find("Beside other programs"), std::string::npos);
    input.peers = {sample("search", 1'800'000'000)};
    auto const markdown = report_markdown(input);
    EXPECT_NE(markdown.find("## Beside other programs: search: 1000 packages: side by side"), std::string::npos);
    EXPECT_NE(markdown.find("2027-01-15"), std::string::npos);
    EXPECT_EQ(markdown.find("| case | ms |"), std::string::npos) << "a table without rows says nothing";
    auto const html = report_html(input);
    EXPECT_NE(html.find("&lt;fuzzy&gt;"), std::string::npos);
    EXPECT_EQ(html.find("<fuzzy>"), std::string::npos);
}

}  // namespace
}  // namespace ggen::bench
