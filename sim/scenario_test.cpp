#include "sim/scenario.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>
#include <set>

#include "sim/gossip_plan.hpp"
#include "sim/interop_workload.hpp"
#include "sim/many_seeds.hpp"
#include "sim/run.hpp"

namespace ggen::sim {
namespace {

RunReport run(std::string_view text, std::uint64_t seed = 1) {
    auto report = run_scenario(text, {.seed = seed, .nodes = 0, .rtt_path = {}});
    EXPECT_TRUE(report) << report.error().context;
    return std::move(report).value();
}

double figure(RunReport const& report, std::string_view name) {
    for (auto const& figure : report.figures) {
        if (figure.name == name) return figure.value;
    }
    ADD_FAILURE() << name;
    return 0;
}

constexpr std::string_view k_flood = R"({"name": "f", "nodes": 60, "duration_s": 40, "workload": "flood",
    "options": {"degree": 8, "messages": 20, "start_s": 5, "period_s": 1}, %})";

std::string flood_with(std::string_view members) {
    std::string text{k_flood};
    return text.replace(text.find(", %"), 3, members.empty() ? "" : ", " + std::string{members});
}

TEST(ScenarioTest, MistakesAreToldWithTheirPath) {
    auto const error = [](std::string_view text) {
        auto const scenario = parse_scenario(text);
        return scenario ? std::string{} : scenario.error().context;
    };
    EXPECT_EQ(error(R"({"nodes": 1, "duration_s": 1, "workload": "echo"})"), "");
    EXPECT_EQ(error(R"({"nodes": 0, "duration_s": 1})"), "scenario.nodes: a number from 1 to 200,000 is expected");
    EXPECT_EQ(error(R"({"nodes": 1, "duration_s": 0})"), "scenario.duration_s: more than 0 is expected");
    EXPECT_EQ(error(R"({"nodes": 1, "duration_s": 1, "nodez": 1})"), "scenario: unknown member \"nodez\"");
    EXPECT_EQ(error(R"({"nodes": 1, "duration_s": 1, "link": {"fidelity": "F9"}})"),
              "link.fidelity: one of F0, F1, F2 is expected");
    EXPECT_EQ(error(R"({"nodes": 1001, "duration_s": 1, "link": {"fidelity": "F2"}})"),
              "scenario.nodes: at most 1,000 at F2");
    EXPECT_EQ(error(R"({"nodes": 9, "duration_s": 1, "link": {"fidelity": "F2"}, "host": {"idle_timeout_s": 5}})"),
              "scenario.host: only connections_max and keys can be chosen at F2: the rest is the swarm's own");
    EXPECT_EQ(error(R"({"nodes": 1, "duration_s": 1, "faults": [{"kind": "rain"}]})"),
              "faults.kind: one of partition, isolate, clog, flap, crash, collapse is expected");
    EXPECT_EQ(error(R"({"nodes": 1, "duration_s": 1, "byzantine": [{"program": "mute", "share_permille": 1001}]})"),
              "byzantine.share_permille: a whole number from 0 to 1000 is expected");
    EXPECT_EQ(error(R"({"nodes": 1, "duration_s": 1, "expect": {"x": {"least": "a"}}})"),
              "expect.x.least: a number is expected");
    EXPECT_EQ(error("[]"), "scenario: an object is expected");
    EXPECT_EQ(parse_scenario(std::string(k_scenario_bytes_max + 1, ' ')).error().code, Errc::too_large);
}

TEST(ScenarioTest, UnknownWorkloadsAndFiguresFail) {
    EXPECT_EQ(run_scenario(R"({"nodes": 1, "duration_s": 1, "workload": "x"})", {}).error().code, Errc::invalid);
    auto const report = run(R"({"nodes": 2, "duration_s": 1, "workload": "echo", "expect": {"x": {"least": 1}}})");
    EXPECT_FALSE(report.is_good);
    EXPECT_EQ(report.failure, "x: no such figure");
}

TEST(ScenarioTest, OneSeedGivesOneDigestAndAnotherSeedAnother) {
    auto const text = flood_with(R"("link": {"fidelity": "F1", "loss_ppm": 10000}, "churn": {"speed_permille":
        200000})");
    auto const first = run(text);
    auto const again = run(text);
    EXPECT_EQ(first.digest, again.digest);
    EXPECT_EQ(first.checkpoints, again.checkpoints);
    EXPECT_NE(first.digest, run(text, 2).digest);
}

TEST(ScenarioTest, AFloodReachesAllAndAPartitionStopsIt) {
    auto const whole = run(flood_with(""));
    EXPECT_EQ(figure(whole, "delivered_percent"), 100);
    auto const cut = run(flood_with(R"("faults": [{"kind": "partition", "at_s": 4, "share_permille": 500}])"));
    EXPECT_LT(figure(cut, "delivered_percent"), 60);
    EXPECT_GT(figure(cut, "delivered_percent"), 40);
}

TEST(ScenarioTest, AShortPartitionLosesNothingOfAStream) {
    auto const report = run(flood_with(R"("faults": [{"kind": "partition", "at_s": 8, "lasts_s": 5}])"));
    EXPECT_EQ(figure(report, "delivered_percent"), 100);
    EXPECT_GT(figure(report, "flood_p99_ms"), 2'000);
}

TEST(ScenarioTest, FaultsAndConductsHurtAsTheyShould) {
    auto const base = figure(run(flood_with("")), "flood_p50_ms");
    auto const mute = run(flood_with(R"("byzantine": [{"program": "mute", "share_permille": 300}])"));
    EXPECT_LE(figure(mute, "delivered_percent"), 100);
    EXPECT_GT(figure(mute, "flood_p50_ms"), base);
    auto const late = run(flood_with(R"("byzantine": [{"program": "late", "share_permille": 900, "delay_s": 0.5}])"));
    EXPECT_GT(figure(late, "flood_p50_ms"), base + 200);
    auto const slow = run(flood_with(R"("byzantine": [{"program": "slow", "share_permille": 900, "bytes_per_second":
        4096}])"));
    EXPECT_GT(figure(slow, "flood_p50_ms"), base + 200);
    auto const crash = run(flood_with(R"("faults": [{"kind": "crash", "at_s": 7, "lasts_s": 60, "share_permille":
        500}])"));
    EXPECT_LT(figure(crash, "delivered_percent"), 75);
    auto const clog = run(flood_with(R"("faults": [{"kind": "clog", "at_s": 4, "lasts_s": 10, "period_s": 2}])"));
    EXPECT_GT(figure(clog, "flood_p99_ms"), 500);
    auto const thin = run(flood_with(R"("link": {"fidelity": "F1", "rates": [{"up_mbit": 100, "down_mbit": 100}]},
        "faults": [{"kind": "collapse", "at_s": 4, "share_permille": 1000, "up_mbit": 1, "down_mbit": 1}])"));
    EXPECT_GT(figure(thin, "flood_p50_ms"), base);
}

TEST(ScenarioTest, AProgressDeadlineThatIsMissedStopsTheRun) {
    auto const report = run(R"({"nodes": 20, "duration_s": 60, "workload": "echo", "options": {"limit_s": 5},
        "dead_permille": 500, "link": {"dial_timeout_s": 8}})");
    EXPECT_FALSE(report.is_good);
    EXPECT_NE(report.failure.find("an echo did not end in time"), std::string::npos);
    EXPECT_NE(report.line.find("seed=1"), std::string::npos);
}

constexpr std::string_view k_gossip = R"({"name": "g", "nodes": 40, "duration_s": 25, "check_every": 1000,
    "workload": "gossip", "options": {"links": 6, "messages": 5, "start_s": 10}%})";

std::string gossip_with(std::string_view members) {
    std::string text{k_gossip};
    return text.replace(text.find('%'), 1, members);
}

TEST(ScenarioTest, GossipReachesAllAndRepeats) {
    auto const first = run(gossip_with(""));
    EXPECT_TRUE(first.is_good) << first.failure;
    EXPECT_EQ(figure(first, "published"), 5);
    EXPECT_EQ(figure(first, "delivered_percent"), 100);
    EXPECT_EQ(first.digest, run(gossip_with("")).digest);
    EXPECT_NE(first.digest, run(gossip_with(""), 2).digest);
}

TEST(ScenarioTest, ProofsAndChecksTakeTheirTimeOnTheWay) {
    constexpr std::string_view k_text = R"({"name": "g", "nodes": 3, "duration_s": 30, "workload": "gossip",
        "link": {"constant_latency_s": 0.1, "jitter_permille": 0},
        "options": {"links": 2, "messages": 4, "start_s": 10, "period_s": 1, "proof_s": 0.15, "check_s": 0.012}})";
    auto const report = run(k_text);
    EXPECT_TRUE(report.is_good) << report.failure;
    EXPECT_EQ(figure(report, "delivered_percent"), 100);
    // All know each other: a proof, one way, a check.
    EXPECT_NEAR(figure(report, "gossip_p50_ms"), 262, 0.2);
    EXPECT_NEAR(figure(report, "gossip_mean_ms"), 262, 0.2);
}

TEST(ScenarioTest, ATwinOfRealNodesHasThePlacesLinksAndPublishersOfTheRun) {
    constexpr std::string_view k_text = R"({"name": "g", "nodes": 12, "duration_s": 30, "workload": "gossip",
        "options": {"links": 3, "messages": 9, "publishers": 2, "start_s": 10, "period_s": 1}})";
    auto const twin = plan_gossip_twin(k_text, 7, 0, "");
    ASSERT_TRUE(twin) << twin.error().context;
    ASSERT_EQ(twin->endpoints.size(), 12U);
    ASSERT_EQ(twin->publishers.size(), 9U);
    EXPECT_LE(std::set<NodeId>(twin->publishers.begin(), twin->publishers.end()).size(), 2U);
    for (NodeId node = 0; node < 12; ++node) {
        EXPECT_EQ(twin->links[node].size(), 3U);
        EXPECT_EQ(twin->one_way[node * 12 + node], 0);
        for (auto const other : twin->links[node]) {
            EXPECT_GT(twin->one_way[node * 12 + other], 0);
            EXPECT_EQ(twin->one_way[node * 12 + other], twin->one_way[other * 12 + node]);
        }
    }
    EXPECT_NE(plan_gossip_twin(k_text, 8, 0, "")->one_way, twin->one_way);

    // What real nodes cannot be told to do is refused.
    for (auto const* const more : {R"("byzantine": [{"program": "mute", "share_permille": 100}], )",
                                   R"("churn": {}, )", R"("faults": [{"kind": "crash", "at_s": 1}], )"}) {
        std::string text{k_text};
        auto const refused = plan_gossip_twin(text.insert(1, more), 7, 0, "");
        ASSERT_FALSE(refused) << more;
        EXPECT_EQ(refused.error().code, Errc::invalid);
    }
    EXPECT_FALSE(plan_gossip_twin(k_text, 7, k_twin_nodes_max + 1, ""));
}

TEST(ScenarioTest, SeedsSideBySideAreReportedInOrderAndAsAlone) {
    auto const text = gossip_with("");
    std::vector<std::pair<std::uint64_t, std::uint64_t>> digests;
    auto const take = [&](std::uint64_t seed, RunReport const& report) -> Result<void> {
        digests.emplace_back(seed, report.digest);
        return seed == 9 ? Result<void>{Error{Errc::cancelled, "enough"}} : ok();
    };
    auto const done = run_seeds(text, {}, {7, 10, 3}, take);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::cancelled);
    ASSERT_EQ(digests.size(), 3U);
    for (std::size_t i = 0; i < digests.size(); ++i) {
        EXPECT_EQ(digests[i].first, 7 + i);
        EXPECT_EQ(digests[i].second, run(text, 7 + i).digest);
    }
    EXPECT_FALSE(run_seeds("{", {}, {1, 4, 2}, take));
}

TEST(ScenarioTest, GossipIsCutByAPartition) {
    auto const cut = run(gossip_with(R"(, "faults": [{"kind": "partition", "at_s": 9, "share_permille": 500}])"));
    EXPECT_LT(figure(cut, "delivered_percent"), 70);
}

TEST(ScenarioTest, SybilsTakePlacesInTheMeshAndHonestNodesStillHear) {
    auto const report = run(R"({"nodes": 10, "duration_s": 40, "byzantine": [{"program": "sybil", "extra": 30}],
        "workload": "gossip", "options": {"links": 4, "messages": 20, "start_s": 10,
        "attack": {"kind": "eclipse_network", "at_s": 15, "links": 4}}})");
    EXPECT_TRUE(report.is_good) << report.failure;
    EXPECT_EQ(figure(report, "delivered_percent"), 100);
    EXPECT_LT(figure(report, "mesh_honest_worst_percent"), 100);
}

TEST(ScenarioTest, KademliaFindsWhatWasPublishedAndRepeats) {
    constexpr std::string_view k_kad = R"({"name": "k", "nodes": 30, "duration_s": 150, "workload": "kad",
        "options": {"join_s": 20, "keys": 6, "publish_at_s": 60, "measure_at_s": 80, "operations": 10}})";
    auto const first = run(k_kad);
    EXPECT_TRUE(first.is_good) << first.failure;
    EXPECT_EQ(figure(first, "value_success_percent"), 100);
    EXPECT_EQ(figure(first, "providers_success_percent"), 100);
    EXPECT_EQ(figure(first, "publish_success_percent"), 100);
    EXPECT_GE(figure(first, "true_closest_mean"), 18);
    EXPECT_EQ(first.digest, run(k_kad).digest);
}

constexpr std::string_view k_params = R"({"script": [
    {"type": "initGossipSub", "gossipSubParams": {"D": 6, "HeartbeatInterval": 1000000000}},
    {"type": "ifNodeIDEquals", "nodeID": 0, "instruction": {"type": "connect", "connectTo": [1]}},
    {"type": "ifNodeIDEquals", "nodeID": 1, "instruction": {"type": "connect", "connectTo": [2]}},
    {"type": "subscribeToTopic", "topicID": "foobar"},
    {"type": "waitUntil", "elapsedSeconds": 20},
    {"type": "ifNodeIDEquals", "nodeID": 0, "instruction":
        {"type": "publish", "messageID": 7, "messageSizeBytes": 1024, "topicID": "foobar"}}]})";

TEST(ScenarioTest, AGossipsubInteropExperimentIsPlayedAndLogged) {
    auto const log = testing::TempDir() + "ggen_sim_interop";
    auto const report = run(interop_scenario(k_params, 3, log).value());
    EXPECT_TRUE(report.is_good) << report.failure;
    EXPECT_EQ(figure(report, "published"), 1);
    EXPECT_EQ(figure(report, "received"), 2);

    auto const path = log + "/node2/gossipsub.1000.stdout";
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file{std::fopen(path.c_str(), "rb"), &std::fclose};
    ASSERT_NE(file, nullptr);
    std::array<char, 4096> text{};
    std::string_view const lines{text.data(), std::fread(text.data(), 1, text.size(), file.get())};
    EXPECT_NE(lines.find(R"("msg":"PeerID","id":"12D3Koo)"), std::string_view::npos) << lines;
    EXPECT_NE(lines.find(R"("msg":"Received Message","topic":"foobar","id":"7"})"), std::string_view::npos) << lines;
}

TEST(ScenarioTest, ExperimentsThatCannotBePlayedAreRefused) {
    auto const error = [](std::string_view params) {
        auto const scenario = interop_scenario(params, 2, "");
        return scenario ? std::string{} : scenario.error().context;
    };
    EXPECT_EQ(error(R"({"script": [{"type": "publishPartial"}]})"),
              "script: instruction \"publishPartial\" is not supported");
    EXPECT_EQ(error(R"({"script": [{"type": "ifNodeIDEquals", "nodeID": 1}]})"),
              "script: ifNodeIDEquals without an instruction");
    EXPECT_EQ(error(R"({"script": [{"type": "connect", "connectTo": ["a"]}]})"),
              "script.connectTo: node numbers are expected");
    EXPECT_FALSE(error("x").empty());
}

TEST(ScenarioTest, EchoCountsTheRoundTrips) {
    for (auto const* const fidelity : {"F0", "F1", "F2"}) {
        auto const report = run(std::string{R"({"nodes": 20, "duration_s": 200, "workload": "echo",
            "link": {"jitter_permille": 0, "fidelity": ")"} + fidelity + "\"}}");
        EXPECT_EQ(figure(report, "fresh_rtt_p50"), 3.0) << fidelity;
        EXPECT_EQ(figure(report, "warm_rtt_p50"), 1.0) << fidelity;
        EXPECT_EQ(figure(report, "asked"), figure(report, "answered")) << fidelity;
    }
}

}  // namespace
}  // namespace ggen::sim
