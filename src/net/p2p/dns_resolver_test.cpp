#include "net/p2p/dns_resolver.hpp"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>

#include <optional>

#include "net/p2p/testing/fake_dns_server.hpp"

namespace ggen::p2p {
namespace {

using ggen::testing::FakeDnsServer;
using ggen::testing::ip4_record;
using ggen::testing::ip6_record;
using ggen::testing::text_record;
using Answer = FakeDnsServer::Answer;

constexpr std::string_view k_peer = "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq";
constexpr std::string_view k_other_peer = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";

template <class Predicate>
void run_until(asio::io_context& io, Predicate is_done) {
    auto const end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!is_done() && std::chrono::steady_clock::now() < end) io.run_one_until(end);
}

Result<std::vector<Multiaddr>> resolve(std::string_view address, std::string servers) {
    asio::io_context io;
    auto resolver = DnsResolver::create(
        io, DnsResolverOptions{.timeout = std::chrono::milliseconds{50}, .tries = 2, .servers = std::move(servers)});
    std::optional<Result<std::vector<Multiaddr>>> out;
    (*resolver)->resolve(Multiaddr::parse(address).value(), [&](auto result) { out = std::move(result); });
    EXPECT_FALSE(out.has_value());  // never before resolve returns
    run_until(io, [&] { return out.has_value(); });
    return out.value();
}

std::vector<std::string> texts(Result<std::vector<Multiaddr>> const& addresses) {
    std::vector<std::string> out;
    if (!addresses) return out;
    for (auto const& address : *addresses) out.push_back(address.text());
    return out;
}

TEST(DnsResolverTest, PutsAddressesInThePlaceOfAName) {
    FakeDnsServer server{[](auto const& question) {
        if (question.name != "peer.example.test") return Answer{.code = 3};
        if (question.type == 1) return Answer{.records = {ip4_record(192, 0, 2, 1), ip4_record(192, 0, 2, 2)}};
        return Answer{.records = {ip6_record(7)}};
    }};
    EXPECT_EQ(texts(resolve("/dns4/peer.example.test/tcp/4001", server.address())),
              (std::vector<std::string>{"/ip4/192.0.2.1/tcp/4001", "/ip4/192.0.2.2/tcp/4001"}));
    auto const suffix = "/tcp/4001/p2p/" + std::string(k_peer);
    EXPECT_EQ(texts(resolve("/dns6/peer.example.test" + suffix, server.address())),
              std::vector<std::string>{"/ip6/2001::7" + suffix});
    EXPECT_EQ(texts(resolve("/dns/peer.example.test/tcp/1", server.address())).size(), 3U);
}

TEST(DnsResolverTest, FollowsDnsaddrTextsOfThePeerThatWasAskedFor) {
    FakeDnsServer server{[](auto const& question) {
        if (question.name != "_dnsaddr.example.test" || question.type != 16) return Answer{.code = 3};
        auto const label = std::string(60, 'a') + ".";  // three of them: a text in more than one string
        auto const long_name = "/dns4/" + label + label + label + "test/tcp/4001/p2p/" + std::string(k_peer);
        return Answer{.records = {text_record("dnsaddr=/ip4/192.0.2.1/tcp/4001/p2p/" + std::string(k_peer)),
                                  text_record("dnsaddr=/ip4/192.0.2.9/tcp/4001/p2p/" + std::string(k_other_peer)),
                                  text_record("v=spf1 -all"), text_record("dnsaddr=/nonsense"),
                                  text_record("dnsaddr=" + long_name)}};
    }};
    EXPECT_EQ(texts(resolve("/dnsaddr/example.test/p2p/" + std::string(k_peer), server.address())).size(), 2U);
    EXPECT_EQ(texts(resolve("/dnsaddr/example.test", server.address())).size(), 3U);
}

TEST(DnsResolverTest, TakesThirtyTwoAnswersAndLeavesTheRestOut) {
    FakeDnsServer server{[](auto const&) {
        Answer answer;
        for (std::uint8_t i = 0; i <= k_dns_answers_max; ++i) answer.records.push_back(ip4_record(10, 0, 0, i));
        return answer;
    }};
    EXPECT_EQ(texts(resolve("/dns4/many.example.test/tcp/1", server.address())).size(), k_dns_answers_max);
}

TEST(DnsResolverTest, SaysWhatWentWrong) {
    FakeDnsServer server{[](auto const& question) {
        if (question.name == "silent.test") return Answer{.is_silent = true};
        if (question.name == "garbage.test") return Answer{.raw = Bytes(40, 0xff)};
        return Answer{.code = 3};
    }};
    auto const code = [&](std::string_view address) { return resolve(address, server.address()).error().code; };
    EXPECT_EQ(code("/dns4/none.test/tcp/1"), Errc::not_found);
    EXPECT_EQ(code("/dnsaddr/none.test"), Errc::not_found);
    EXPECT_EQ(code("/dns4/silent.test/tcp/1"), Errc::timed_out);
    EXPECT_FALSE(resolve("/dns4/garbage.test/tcp/1", server.address()));
    EXPECT_EQ(code("/ip4/127.0.0.1/tcp/1"), Errc::invalid);
}

TEST(DnsResolverTest, KnowsTheHostsFile) {
    EXPECT_EQ(texts(resolve("/dns4/localhost/tcp/7", {})), std::vector<std::string>{"/ip4/127.0.0.1/tcp/7"});
}

TEST(DnsResolverTest, RunsSixtyFourLookupsAndRefusesOneMore) {
    FakeDnsServer server{[](auto const&) { return Answer{.is_silent = true}; }};
    asio::io_context io;
    auto resolver = DnsResolver::create(
        io, {.timeout = std::chrono::milliseconds{50}, .tries = 1, .servers = server.address()});
    std::size_t refused = 0;
    std::size_t late = 0;
    for (std::size_t i = 0; i <= k_dns_lookups_max; ++i) {
        auto const address = Multiaddr::parse("/dns4/n" + std::to_string(i) + ".test/tcp/1").value();
        (*resolver)->resolve(address, [&](auto const& result) {
            ++(result.error().code == Errc::unavailable ? refused : late);
        });
    }
    run_until(io, [&] { return refused + late > k_dns_lookups_max; });
    EXPECT_EQ(refused, 1U);
    EXPECT_EQ(late, k_dns_lookups_max);
}

TEST(DnsResolverTest, MayBeDestroyedWhileItWaits) {
    FakeDnsServer server{[](auto const&) { return Answer{.is_silent = true}; }};
    asio::io_context io;
    bool is_called = false;
    {
        auto resolver = DnsResolver::create(io, {.servers = server.address()});
        (*resolver)->resolve(Multiaddr::parse("/dns4/n.test/tcp/1").value(), [&](auto const&) { is_called = true; });
        io.run_for(std::chrono::milliseconds{20});
    }
    EXPECT_FALSE(is_called);
}

TEST(DnsaddrTextTest, RefusesTextsThatAreTooLong) {
    std::string text = "dnsaddr=/ip4/192.0.2.1/tcp/1";
    EXPECT_TRUE(parse_dnsaddr_text(text, {}));
    text = "dnsaddr=/unix/" + std::string(k_dnsaddr_text_bytes_max - 14, 'x');
    ASSERT_EQ(text.size(), k_dnsaddr_text_bytes_max);
    EXPECT_TRUE(parse_dnsaddr_text(text, {}));
    EXPECT_FALSE(parse_dnsaddr_text(text + "x", {}));
}

}  // namespace
}  // namespace ggen::p2p
