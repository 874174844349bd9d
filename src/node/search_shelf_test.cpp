#include "node/search_shelf.hpp"

#include <gtest/gtest.h>

#include "merkle/checkpoint.hpp"
#include "p2p/protocol/message_reader.hpp"
#include "registry/testing/registry_fixture.hpp"

namespace ggen::p2p {
namespace {

using testing::TestRegistry;

struct Answered {
    PeerSearchSummary summary;
    std::vector<PeerSearchHit> hits;
};

Answered read_answer(BytesView bytes) {
    MessageReader reader{k_search_hit_bytes_max};
    reader.feed(bytes);
    Answered out;
    out.summary = decode_search_summary(**reader.next()).value();
    for (;;) {
        auto const message = reader.next();
        if (!message || !*message) break;
        out.hits.push_back(decode_search_hit(**message).value());
    }
    EXPECT_EQ(reader.pending_bytes(), 0U);
    return out;
}

/// A registry with packages that say something, and a shelf that follows it.
class SearchShelfTest : public ::testing::Test {
protected:
    SearchShelfTest() {
        GGEN_ASSERT(registry.create().has_value());
        writer = registry.open().value();
        GGEN_ASSERT(writer->append({registry.records.claim_namespace("acme", registry.publisher)}).has_value());
        log = log_id(registry.root().log_key);
    }
    void publish(std::string const& name, std::string const& version, std::string const& description,
                 std::string const& more = {}) {
        auto const text = "[gpack]\nname = \"" + name + "\"\nversion = \"" + version + "\"\ndescription = \"" +
                          description + "\"\nlicense = \"MIT\"\n" + more;
        auto const* const state = writer->state().find(testing::name_of(name));
        auto record = registry.records.release_record(name, version, state ? state->last_record : std::nullopt);
        record.manifest = {sha256(as_bytes(text)), text.size()};
        GGEN_ASSERT(writer->put_blob(as_bytes(text)).has_value());
        GGEN_ASSERT(writer->put_blob(as_bytes("archive " + name + "@" + version)).has_value());
        registry.clock.advance(std::chrono::seconds{60});
        GGEN_ASSERT(writer->append({sign_record(record, {registry.publisher}).value()}).has_value());
    }
    Answered ask(std::string text, std::vector<LogId> except = {}) {
        shelf.follow({{log, registry.dir / "registry"}});
        return read_answer(shelf.answer({std::move(text), {}, {}, std::move(except), k_search_hits_max}));
    }
    std::string names(std::string text) {
        std::string out;
        for (auto const& hit : ask(std::move(text)).hits) {
            auto const proven = prove_search_hit(hit);
            EXPECT_TRUE(proven.has_value()) << proven.error().context;
            if (proven) out += proven->record.name.text() + "@" + proven->record.version.text() + " ";
        }
        return out;
    }

    TestRegistry registry;
    std::unique_ptr<RegistryWriter> writer;
    LogId log;
    SearchShelf shelf{registry.dir.files(), registry.clock};
};

TEST_F(SearchShelfTest, AnswersWithProofsWhatItServes) {
    publish("acme/server", "1.0.0", "a small web server");
    publish("acme/client", "1.0.0", "asks a server", "tags = [\"net\"]\n");
    EXPECT_EQ(names("web"), "acme/server@1.0.0 ");
    EXPECT_EQ(ask("server").summary.matches, 2U);
    auto const hit = ask("asks").hits.at(0);
    auto const proven = prove_search_hit(hit).value();
    EXPECT_EQ(proven.log, log);
    EXPECT_EQ(proven.log_key.name, "example/main");
    EXPECT_EQ(proven.log_size, writer->checkpoint().checkpoint.size);
    auto const document = search_document(proven.manifest, proven.log);
    EXPECT_EQ(document.tags, std::vector<std::string>{"net"});
    EXPECT_EQ(document.origin, log.hex());
}

TEST_F(SearchShelfTest, FollowsItsLogs) {
    publish("acme/server", "1.0.0", "a web server");
    EXPECT_EQ(names("server"), "acme/server@1.0.0 ");
    publish("acme/server", "2.0.0-rc.1", "a web server to come");
    EXPECT_EQ(names("server"), "acme/server@1.0.0 ");
    publish("acme/server", "1.1.0", "a web server");
    EXPECT_EQ(names("server"), "acme/server@1.1.0 ");
    auto const last = writer->state().find(testing::name_of("acme/server"))->last_record;
    ASSERT_TRUE(writer->append({registry.records.status("acme/server", "1.1.0", last, StatusAction::yank,
                                                        registry.publisher)}));
    EXPECT_EQ(names("server"), "acme/server@1.0.0 ");
    EXPECT_EQ(shelf.packages(), 1U);
    shelf.follow({});
    EXPECT_EQ(shelf.packages(), 0U);
    EXPECT_TRUE(read_answer(shelf.answer({"server", {}, {}, {}, 10})).hits.empty());
    EXPECT_EQ(names("server"), "acme/server@1.0.0 ");
}

TEST_F(SearchShelfTest, LogsThatTheAskerHasAreLeftOut) {
    publish("acme/server", "1.0.0", "a web server");
    auto const answer = ask("server", {log});
    EXPECT_TRUE(answer.hits.empty());
    EXPECT_EQ(answer.summary.matches, 0U);
}

TEST_F(SearchShelfTest, AnAnswerStaysWithinItsLimit) {
    std::string const filler = "authors = [\"" + std::string(28'000, 'x') + "\"]\n";
    for (int i = 0; i < 20; ++i) publish("acme/pack-" + std::to_string(i), "1.0.0", "a pack", filler);
    shelf.follow({{log, registry.dir / "registry"}});
    auto const bytes = shelf.answer({"pack", {}, {}, {}, k_search_hits_max});
    EXPECT_LE(bytes.size(), k_search_answer_bytes_max);
    auto const answer = read_answer(bytes);
    EXPECT_EQ(answer.hits.size(), answer.summary.hits);
    EXPECT_LT(answer.hits.size(), 20U);
    EXPECT_GT(answer.hits.size(), 10U);
}

TEST_F(SearchShelfTest, WhatIsChangedInAHitIsALie) {
    publish("acme/server", "1.0.0", "a web server");
    publish("acme/other", "1.0.0", "another server");
    auto const hits = ask("server").hits;
    ASSERT_EQ(hits.size(), 2U);
    auto const code_of = [](PeerSearchHit const& hit) {
        auto const proven = prove_search_hit(hit);
        return proven ? Errc::internal : proven.error().code;
    };
    auto hit = hits[0];
    hit.manifest.back() ^= 1U;
    EXPECT_EQ(code_of(hit), Errc::refused);
    hit = hits[0];
    hit.manifest = hits[1].manifest;
    EXPECT_EQ(code_of(hit), Errc::refused);
    hit = hits[0];
    hit.log_key = testing::make_key("example/main", 99).verifier().text();
    EXPECT_EQ(code_of(hit), Errc::refused);
    auto proof = merkle::LogProof::parse(hits[0].proof).value();
    proof.extra = merkle::LogProof::parse(hits[1].proof).value().extra;
    hit = {hits[0].log_key, proof.print(), hits[1].manifest};
    EXPECT_EQ(code_of(hit), Errc::refused);
    // The log of a peer is signed by that peer, and this key is not its.
    hit = hits[0];
    hit.log_key = testing::make_key("p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN", 3).verifier().text();
    EXPECT_EQ(code_of(hit), Errc::refused);
}

TEST_F(SearchShelfTest, AFolderThatHoldsAnotherLogIsNotServedAsIt) {
    publish("acme/server", "1.0.0", "a web server");
    shelf.follow({{sha256(as_bytes("other")), registry.dir / "registry"}});
    EXPECT_EQ(shelf.packages(), 0U);
}

TEST(SearchMessageTest, RequestsAreReadBackEqual) {
    PeerSearchRequest const request{"web server", "tools", {"ai", "net"}, {sha256(as_bytes("a"))}, 7};
    auto const again = decode_search_request(encode_search_request(request)).value();
    EXPECT_EQ(again.text, request.text);
    EXPECT_EQ(again.category, request.category);
    EXPECT_EQ(again.tags, request.tags);
    EXPECT_EQ(again.except, request.except);
    EXPECT_EQ(again.limit, 7U);
}

TEST(SearchMessageTest, LimitsAreHeldAtTheirEdge) {
    PeerSearchRequest request{std::string(k_search_text_bytes_max, 'x'), {}, {}, {}, 1};
    EXPECT_TRUE(decode_search_request(encode_search_request(request)));
    request.text += 'x';
    EXPECT_FALSE(decode_search_request(encode_search_request(request)));
    request.text = "x";
    request.tags.assign(k_search_tags_max, std::string(k_search_word_bytes_max, 't'));
    EXPECT_TRUE(decode_search_request(encode_search_request(request)));
    request.tags.emplace_back("t");
    EXPECT_FALSE(decode_search_request(encode_search_request(request)));
    request.tags = {std::string(k_search_word_bytes_max + 1, 't')};
    EXPECT_FALSE(decode_search_request(encode_search_request(request)));
    request.tags.clear();
    request.except.assign(k_search_except_max, Digest{});
    EXPECT_TRUE(decode_search_request(encode_search_request(request)));
    request.except.emplace_back();
    EXPECT_FALSE(decode_search_request(encode_search_request(request)));
    EXPECT_FALSE(decode_search_request(encode_search_request({"x", {}, {}, {}, 0})));
    EXPECT_EQ(decode_search_request(encode_search_request({"x", {}, {}, {}, 1'000'000}))->limit, k_search_hits_max);
    EXPECT_TRUE(decode_search_summary(encode_search_summary({k_search_hits_max, 1})));
    EXPECT_FALSE(decode_search_summary(encode_search_summary({k_search_hits_max + 1, 1})));
    EXPECT_TRUE(decode_search_hit(encode_search_hit({"k", "p", Bytes(k_search_manifest_bytes_max)})));
    EXPECT_FALSE(decode_search_hit(encode_search_hit({"k", "p", Bytes(k_search_manifest_bytes_max + 1)})));
    EXPECT_FALSE(decode_search_hit(encode_search_hit({"k", std::string(k_search_hit_bytes_max, 'p'), Bytes(1)})));
    EXPECT_FALSE(decode_search_hit(encode_search_hit({"", "p", Bytes(1)})));
}

}  // namespace
}  // namespace ggen::p2p
