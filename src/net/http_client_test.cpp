#include "net/http_client.hpp"

#include <gtest/gtest.h>

#include "base/testing/fakes.hpp"
#include "net/testing/hostile_server.hpp"

namespace ggen {
namespace {

using testing::HostileServer;
using testing::SeededRandom;
using testing::Step;

std::vector<Step> answer(std::string const& status, std::string const& body, std::string const& headers = {}) {
    return {{Step::Kind::send, "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: " +
                                   std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body}};
}

/// Announces `announced` bytes and sends `body` only.
std::vector<Step> cut_answer(std::string const& status, std::size_t announced, std::string const& body,
                             std::string const& headers = {}) {
    return {{Step::Kind::send, "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: " +
                                   std::to_string(announced) + "\r\n" + headers + "\r\n" + body}};
}

class HttpClientTest : public ::testing::Test {
protected:
    HttpClientTest() {
        options_.stall_window = std::chrono::seconds{1};
        options_.backoff_first = std::chrono::milliseconds{1};
        options_.backoff_max = std::chrono::milliseconds{5};
        options_.tries_max = 3;
    }
    HttpClient make() { return HttpClient{options_, random_, cancel_}; }

    HttpOptions options_;
    SeededRandom random_{1};
    CancelToken cancel_;
};

TEST_F(HttpClientTest, ReturnsTheBody) {
    HostileServer const server{[](auto const&, int) { return answer("200 OK", "hello"); }};
    auto client = make();

    EXPECT_EQ(as_text(client.fetch(server.url() + "/a", 5, Resume::no).value()), "hello");
}

TEST_F(HttpClientTest, TriesAgainAfterADropAndAfterAServerError) {
    HostileServer const server{[](auto const&, int number) -> std::vector<Step> {
        if (number == 0) return {{Step::Kind::close, {}, 0}};
        if (number == 1) return answer("503 Busy", "wait");
        return answer("200 OK", "third");
    }};
    auto client = make();

    EXPECT_EQ(as_text(client.fetch(server.url() + "/a", 100, Resume::no).value()), "third");
    EXPECT_EQ(server.connections(), 3);
}

TEST_F(HttpClientTest, GivesUpAfterTheLastTryAndSaysHowOftenItTried) {
    HostileServer const server{[](auto const&, int) { return answer("500 Oops", ""); }};
    auto client = make();

    auto const result = client.fetch(server.url() + "/a", 100, Resume::no);

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::unavailable);
    EXPECT_NE(result.error().context.find("500 (tried 3 times)"), std::string::npos) << result.error().context;
}

TEST_F(HttpClientTest, MissingIsSaidAtOnce) {
    HostileServer const server{[](auto const&, int) { return answer("404 Not Found", "no"); }};
    auto client = make();

    EXPECT_EQ(client.fetch(server.url() + "/a", 100, Resume::no).error().code, Errc::not_found);
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, ContinuesAnImmutableBodyAtTheFirstMissingByte) {
    HostileServer const server{[](std::string const& head, int number) -> std::vector<Step> {
        if (number == 0) return cut_answer("200 OK", 10, "01234");
        EXPECT_NE(head.find("Range: bytes=5-"), std::string::npos) << head;
        return answer("206 Partial Content", "56789", "Content-Range: bytes 5-9/10\r\n");
    }};
    auto client = make();

    EXPECT_EQ(as_text(client.fetch(server.url() + "/a", 10, Resume::immutable).value()), "0123456789");
}

TEST_F(HttpClientTest, StartsOverWhenTheServerIgnoresTheRange) {
    HostileServer const server{[](auto const&, int number) -> std::vector<Step> {
        if (number == 0) return cut_answer("200 OK", 10, "01234");
        return answer("200 OK", "0123456789");
    }};
    auto client = make();

    EXPECT_EQ(as_text(client.fetch(server.url() + "/a", 10, Resume::immutable).value()), "0123456789");
}

TEST_F(HttpClientTest, NeverJoinsTwoAnswersOfADocumentThatMayChange) {
    HostileServer const server{[](std::string const& head, int number) -> std::vector<Step> {
        EXPECT_EQ(head.find("Range:"), std::string::npos);
        if (number == 0) return cut_answer("200 OK", 10, "01234");
        return answer("200 OK", "abcdefghij");
    }};
    auto client = make();

    EXPECT_EQ(as_text(client.fetch(server.url() + "/a", 10, Resume::no).value()), "abcdefghij");
}

TEST_F(HttpClientTest, StopsAtTheLimitWithAndWithoutAnAnnouncedLength) {
    HostileServer const announced{[](auto const&, int) { return answer("200 OK", "123456"); }};
    HostileServer const endless{[](auto const&, int) -> std::vector<Step> {
        return {{Step::Kind::send, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"}, {Step::Kind::endless, {}, 0}};
    }};
    auto client = make();

    EXPECT_EQ(client.fetch(announced.url() + "/a", 5, Resume::no).error().id, ErrorId::http_too_large);
    EXPECT_EQ(client.fetch(endless.url() + "/a", 100'000, Resume::no).error().id, ErrorId::http_too_large);
    EXPECT_EQ(endless.connections(), 1);
}

TEST_F(HttpClientTest, LeavesAServerThatStallsOrTrickles) {
    options_.tries_max = 1;
    HostileServer const silent{[](auto const&, int) -> std::vector<Step> { return {{Step::Kind::stall, {}, 8'000}}; }};
    HostileServer const trickling{[](auto const&, int) -> std::vector<Step> {
        return {{Step::Kind::send, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"},
                {Step::Kind::send_slowly, std::string(1'000, 'x'), 50}};
    }};
    auto client = make();

    EXPECT_EQ(client.fetch(silent.url() + "/a", 100, Resume::no).error().code, Errc::timed_out);
    EXPECT_EQ(client.fetch(trickling.url() + "/a", 1'000, Resume::no).error().id, ErrorId::http_too_slow);
}

TEST_F(HttpClientTest, EndsARedirectLoop) {
    HostileServer const server{[](auto const&, int) { return answer("302 Found", "", "Location: /again\r\n"); }};
    auto client = make();

    auto const result = client.fetch(server.url() + "/a", 100, Resume::no);

    ASSERT_FALSE(result);
    EXPECT_NE(result.error().context.find("too many redirects"), std::string::npos);
    EXPECT_LE(server.connections(), 7);
}

TEST_F(HttpClientTest, FollowsNoRedirectToAFile) {
    HostileServer const server{
        [](auto const&, int) { return answer("302 Found", "", "Location: file:///etc/passwd\r\n"); }};
    auto client = make();

    EXPECT_FALSE(client.fetch(server.url() + "/a", 100'000, Resume::no));
}

TEST_F(HttpClientTest, StopsWhenCancelled) {
    cancel_.cancel();
    HostileServer const server{[](auto const&, int) -> std::vector<Step> { return {{Step::Kind::stall, {}, 8'000}}; }};
    auto client = make();

    EXPECT_EQ(client.fetch(server.url() + "/a", 100, Resume::no).error().code, Errc::cancelled);
}

TEST(CheckBaseUrlTest, KeepsPlainAddressesAndRefusesTheRest) {
    EXPECT_EQ(check_base_url("https://packs.example/main/").value(), "https://packs.example/main");
    EXPECT_EQ(check_base_url("http://127.0.0.1:8080").value(), "http://127.0.0.1:8080");
    for (auto const* url : {"ftp://x", "https://", "https://user:secret@host/", "https://host/?q", "https://host/#f",
                            "https://ho st/", "file:///x", ""}) {
        auto const result = check_base_url(url);
        ASSERT_FALSE(result) << url;
        EXPECT_EQ(result.error().context.find("secret"), std::string::npos);
    }
}

}  // namespace
}  // namespace ggen
