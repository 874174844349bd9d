#include "net/daemon/witness_http.hpp"

#include <gtest/gtest.h>

#include "base/testing/fakes.hpp"
#include "base/testing/temp_dir.hpp"
#include "merkle/tree.hpp"
#include "registry/testing/registry_fixture.hpp"

namespace ggen::p2p {
namespace {

constexpr char const* k_origin = "log.example/main";

struct Served {
    Served() { witness.add_log(key.verifier()); }
    [[nodiscard]] std::string checkpoint() const {
        merkle::Note note{merkle::Checkpoint{k_origin, 1, merkle::leaf_hash(as_bytes("a"))}.text(), {}};
        note.sign(key);
        return note.print();
    }
    [[nodiscard]] std::string post(std::string_view body) const {
        return "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: " + std::to_string(body.size()) +
               "\r\n\r\n" + std::string{body};
    }
    /// The answer to `request`, given in pieces of `step` bytes; `taken` bytes were given when it came.
    [[nodiscard]] std::string ask(std::string_view request, std::size_t step, std::size_t* taken = nullptr) {
        WitnessHttp http{witness};
        for (std::size_t at = 0; at < request.size(); at += step) {
            auto const answer = http.feed(request.substr(at, step));
            if (taken != nullptr) *taken = std::min(request.size(), at + step);
            if (!answer.empty()) return answer;
        }
        return {};
    }
    [[nodiscard]] std::string status(std::string_view request) {
        auto const answer = ask(request, request.size());
        return answer.empty() ? "waits" : answer.substr(9, 3);
    }

    testing::TempDir dir;
    testing::FakeClock clock;
    merkle::SignerKey key = testing::make_key(k_origin, 1);
    Witness witness{dir.files(), clock, dir / "",
                    testing::make_key("witness.example/w", 2, merkle::KeyType::cosignature_ed25519)};
};

TEST(WitnessHttpTest, AnswersTheSameHoweverTheRequestIsCut) {
    Served it;
    auto const request = it.post("old 0\n\n" + it.checkpoint());
    auto const whole = it.ask(request, request.size());
    EXPECT_TRUE(whole.starts_with("HTTP/1.1 200 OK\r\n")) << whole;
    EXPECT_NE(whole.find("Connection: close\r\n"), whole.npos) << whole;
    EXPECT_NE(whole.find("\r\n\r\n\u2014 witness.example/w "), whole.npos) << whole;
    auto const again = it.post("old 1\n\n" + it.checkpoint());
    auto const expected = it.ask(again, again.size());
    for (std::size_t const step : {1U, 2U, 7U, 64U}) EXPECT_EQ(it.ask(again, step), expected) << step;
}

TEST(WitnessHttpTest, RefusesWhatCanBeReadInTwoWays) {
    Served it;
    for (std::string_view const request :
         {"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nold ",
          "POST /add-checkpoint HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nold",
          "POST /add-checkpoint HTTP/1.1\r\nContent-Length: 3, 3\r\n\r\nold",
          "POST /add-checkpoint HTTP/1.1\r\nContent-Length: +3\r\n\r\nold",
          "POST /add-checkpoint HTTP/1.1\r\nContent-Length: -2\r\n\r\nold",
          "POST /add-checkpoint HTTP/1.1\r\nContent-Length : 3\r\n\r\nold",
          "POST /add-checkpoint HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nold",
          "POST /add-checkpoint HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nold",
          "POST /add-checkpoint HTTP/1.1\r\nX: a\r\n b\r\nContent-Length: 3\r\n\r\nold",
          "POST /add-checkpoint HTTP/1.1\nContent-Length: 3\r\n\r\nold", "POST /add-checkpoint HTTP/1.0\r\n\r\n",
          "GET /\x01 HTTP/1.1\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n", "\r\n\r\n\r\n\r\n", " GET / HTTP/1.1\r\n\r\n"}) {
        EXPECT_EQ(it.status(request), "400") << request;
        auto const dripped = it.ask(std::string{request} + "\r\n\r\n", 1);
        EXPECT_TRUE(dripped.starts_with("HTTP/1.1 400")) << request << dripped;
    }
    EXPECT_EQ(it.status(std::string(20'000, '\0')), "400");
}

TEST(WitnessHttpTest, TakesAPostWithALengthAndAGetAndNothingElse) {
    Served it;
    EXPECT_EQ(it.status("POST /add-checkpoint HTTP/1.1\r\n\r\n"), "411");
    EXPECT_EQ(it.status("POST /add-checkpoint HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nold\r\n0\r\n\r\n"),
              "411");
    EXPECT_EQ(it.status("POST /add-checkpoint HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n"), "411");
    EXPECT_EQ(it.status("POST /add-checkpoint HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"), "417");
    EXPECT_EQ(it.status("POST /other HTTP/1.1\r\nContent-Length: 3\r\n\r\n"), "404");
    for (std::string const method : {"PUT", "DELETE", "HEAD", "OPTIONS", "CONNECT", "BREW"}) {
        EXPECT_EQ(it.status(method + " /add-checkpoint HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), "405") << method;
    }
    for (std::string const path : {"/", "/add-checkpoint", "/../checkpoint", "http://w/checkpoint",
                                   "/%2e%2e/checkpoint", "/00/checkpoint"}) {
        EXPECT_EQ(it.status("GET " + path + " HTTP/1.1\r\nHost: w\r\n\r\n"), "404") << path;
    }
}

TEST(WitnessHttpTest, RefusesTooMuchBeforeItCame) {
    Served it;
    EXPECT_EQ(it.status("POST /add-checkpoint HTTP/1.1\r\nContent-Length: 65537\r\n\r\n"), "413");
    EXPECT_EQ(it.status("POST /add-checkpoint HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n"), "413");
    EXPECT_EQ(it.status("POST /add-checkpoint HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n"), "400");
    EXPECT_EQ(it.status("POST /add-checkpoint HTTP/1.1\r\nContent-Length: 65536\r\n\r\n"), "waits");
    std::size_t taken = 0;
    auto const endless = "GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x');
    EXPECT_EQ(it.ask(endless, 1000, &taken).substr(9, 3), "431");
    EXPECT_LE(taken, k_witness_head_bytes_max + 1000);
    std::string many = "GET / HTTP/1.1\r\n";
    for (std::size_t i = 0; i < k_witness_head_fields_max; ++i) many += "a: b\r\n";
    EXPECT_EQ(it.status(many + "\r\n"), "404");
    EXPECT_EQ(it.status(many + "a: b\r\n\r\n"), "431");
}

TEST(WitnessHttpTest, AnswersOneRequestAndDropsWhatFollows) {
    Served it;
    auto const request = it.post("old 0\n\n" + it.checkpoint());
    auto const answer = it.ask(request + request, 2 * request.size());
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200"));
    EXPECT_EQ(answer.find("HTTP/1.1", 1), answer.npos);
    auto const origin = sha256(as_bytes(k_origin)).hex();
    auto const shown = it.ask("GET /" + origin + "/checkpoint HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n", 1000);
    EXPECT_TRUE(shown.starts_with("HTTP/1.1 200")) << shown;
    EXPECT_NE(shown.find(k_origin), shown.npos);
}

}  // namespace
}  // namespace ggen::p2p
