#include "net/daemon/search_question.hpp"

#include <gtest/gtest.h>

#include "codec/testing/peer_ids.hpp"
#include "merkle/checkpoint.hpp"
#include "registry/testing/registry_fixture.hpp"

namespace ggen::p2p {
namespace {

using testing::numbered_peer;
using testing::TestRegistry;

/// A registry whose releases can be given as hits, proven in its newest tree.
struct Log {
    explicit Log(std::uint64_t seed, std::string origin) : registry(seed, std::move(origin)) {
        GGEN_ASSERT(registry.create().has_value());
        writer = registry.open().value();
        GGEN_ASSERT(writer->append({registry.records.claim_namespace("acme", registry.publisher)}).has_value());
    }
    PeerSearchHit publish(std::string const& name, std::string const& version, std::string const& description) {
        auto const text = "[gpack]\nname = \"" + name + "\"\nversion = \"" + version + "\"\ndescription = \"" +
                          description + "\"\nlicense = \"MIT\"\n";
        auto const* const state = writer->state().find(testing::name_of(name));
        auto record = registry.records.release_record(name, version, state ? state->last_record : std::nullopt);
        record.manifest = {sha256(as_bytes(text)), text.size()};
        GGEN_ASSERT(writer->put_blob(as_bytes(text)).has_value());
        GGEN_ASSERT(writer->put_blob(as_bytes("archive " + name + "@" + version)).has_value());
        auto const entry = sign_record(record, {registry.publisher}).value();
        auto proof = writer->append({entry}).value().at(0).proof;
        proof.extra = entry;
        return {registry.root().log_key.text(), proof.print(), to_bytes(text)};
    }
    TestRegistry registry;
    std::unique_ptr<RegistryWriter> writer;
};

std::vector<std::string> names(Json const& hits) {
    std::vector<std::string> out;
    for (auto const& hit : *hits.if_array()) {
        out.push_back(*hit.find("name")->if_string() + "@" + *hit.find("version")->if_string());
    }
    return out;
}

using Names = std::vector<std::string>;
using Worth = SearchGathering::Worth;

TEST(SearchGatheringTest, KeepsEachPackageOnceWithWhoeverToldOfIt) {
    Log log{1, "example/main"};
    auto const old = log.publish("acme/server", "1.0.0", "a web server");
    auto const newer = log.publish("acme/server", "1.1.0", "a web server");
    SearchGathering gathering{{"server", {}, {}, {}, 10}};
    EXPECT_EQ(gathering.add(numbered_peer(1), newer), Worth::fresh);
    EXPECT_EQ(gathering.add(numbered_peer(2), newer), Worth::duplicate);
    EXPECT_EQ(gathering.add(numbered_peer(3), old), Worth::duplicate);
    EXPECT_EQ(gathering.add(numbered_peer(4), old), Worth::duplicate);
    auto const hits = gathering.ordered();
    EXPECT_EQ(names(hits), Names{"acme/server@1.1.0"});
    EXPECT_EQ(hits.if_array()->front().find("from")->if_array()->size(), 2U);

    SearchGathering other{{"server", {}, {}, {}, 10}};
    EXPECT_EQ(other.add(numbered_peer(1), old), Worth::fresh);
    EXPECT_EQ(other.add(numbered_peer(2), newer), Worth::fresh);
    EXPECT_EQ(names(other.ordered()), Names{"acme/server@1.1.0"});
}

TEST(SearchGatheringTest, EqualNamesOfTwoLogsAreTwoPackages) {
    Log one{1, "example/main"};
    Log two{2, "example/main"};
    SearchGathering gathering{{"server", {}, {}, {}, 10}};
    EXPECT_EQ(gathering.add(numbered_peer(1), one.publish("acme/server", "1.0.0", "a web server")), Worth::fresh);
    EXPECT_EQ(gathering.add(numbered_peer(1), two.publish("acme/server", "1.0.0", "a web server")), Worth::fresh);
    EXPECT_EQ(gathering.ordered().if_array()->size(), 2U);
}

TEST(SearchGatheringTest, LiesAreTold) {
    Log log{1, "example/main"};
    auto hit = log.publish("acme/server", "1.0.0", "a web server");
    hit.manifest[0] ^= 1U;
    SearchGathering gathering{{"server", {}, {}, {}, 10}};
    EXPECT_EQ(gathering.add(numbered_peer(1), hit), Worth::lie);
    EXPECT_EQ(gathering.add(numbered_peer(1), {"no key", "no proof", Bytes(1)}), Worth::useless);
    EXPECT_EQ(gathering.size(), 0U);
}

TEST(SearchGatheringTest, WhatWasNotAskedForIsLeftOut) {
    Log log{1, "example/main"};
    auto const hit = log.publish("acme/server", "1.0.0", "a web server");
    SearchGathering known{{"server", {}, {}, {log_id(log.registry.root().log_key)}, 10}};
    EXPECT_EQ(known.add(numbered_peer(1), hit), Worth::useless);
    SearchGathering gathering{{"piano", {}, {}, {}, 10}};
    EXPECT_EQ(gathering.add(numbered_peer(1), hit), Worth::fresh);
    EXPECT_TRUE(gathering.ordered().if_array()->empty());
}

Bytes framed(std::vector<Bytes> const& messages) {
    Bytes out;
    for (auto const& message : messages) {
        auto const one = frame_message(message);
        out.insert(out.end(), one.begin(), one.end());
    }
    return out;
}

TEST(SearchAnswerTest, IsWholeWhenItHasAllThatItPromised) {
    auto const hit = encode_search_hit({"key", "proof", Bytes(10)});
    auto const bytes = framed({encode_search_summary({2, 5}), hit, hit});
    SearchAnswer answer;
    for (std::size_t at = 0; at + 1 < bytes.size(); ++at) {
        ASSERT_EQ(answer.feed(BytesView{bytes}.subspan(at, 1)), SearchAnswer::State::waiting);
    }
    EXPECT_EQ(answer.feed(BytesView{bytes}.last(1)), SearchAnswer::State::whole);
    EXPECT_EQ(answer.hits().size(), 2U);
    EXPECT_EQ(answer.matches(), 5U);
    SearchAnswer empty;
    EXPECT_EQ(empty.feed(framed({encode_search_summary({0, 0})})), SearchAnswer::State::whole);
}

TEST(SearchAnswerTest, NonsenseAndTooMuchAreNoAnswer) {
    SearchAnswer nonsense;
    EXPECT_EQ(nonsense.feed(Bytes(100, 0xff)), SearchAnswer::State::malformed);
    SearchAnswer many;
    EXPECT_EQ(many.feed(framed({encode_search_summary({k_search_hits_max + 1, 0})})), SearchAnswer::State::malformed);
    SearchAnswer endless;
    auto const hit = encode_search_hit({"key", "proof", Bytes(k_search_manifest_bytes_max)});
    std::vector<Bytes> messages{encode_search_summary({k_search_hits_max, 0})};
    messages.resize(k_search_hits_max, hit);
    EXPECT_EQ(endless.feed(framed(messages)), SearchAnswer::State::malformed);
    EXPECT_GT(endless.bytes(), k_search_answer_bytes_max);
}

}  // namespace
}  // namespace ggen::p2p
