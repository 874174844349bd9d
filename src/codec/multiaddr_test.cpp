#include "codec/multiaddr.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "codec/base64.hpp"

namespace ggen {
namespace {

constexpr char const* k_peer = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";

TEST(MultiaddrTest, EncodesTheVectorsOfGoMultiaddr) {
    // multiformats/go-multiaddr multiaddr_test.go, TestStringToBytes
    struct Case { char const* text; char const* hex; };
    Case const cases[] = {
        {"/ip4/127.0.0.1/udp/1234", "047f000001910204d2"},
        {"/ip4/127.0.0.1/tcp/4321", "047f0000010610e1"},
        {"/ip4/127.0.0.1/udp/1234/ip4/127.0.0.1/tcp/4321", "047f000001910204d2047f0000010610e1"},
        {"/ip6/2001:8a0:7ac5:4201:3ac9:86ff:fe31:7095", "29200108a07ac542013ac986fffe317095"},
        {"/ip6zone/x/ip6/fe80::1", "2a017829fe800000000000000000000000000001"},
        {"/memory/1", "89060000000000000001"},
        {"/unix/a/b/c/d/e", "90030a2f612f622f632f642f65"},
        {"/ip4/1.2.3.4/tcp/443/tls/sni/example.com/http/http-path/foo",
         "04010203040601bbc003c1030b6578616d706c652e636f6de003e10303666f6f"},
    };
    for (auto const& [text, hex] : cases) {
        auto const address = Multiaddr::parse(text);
        ASSERT_TRUE(address.has_value()) << text << ": " << address.error().context;
        EXPECT_EQ(hex_encode(address->encode()), hex) << text;
        EXPECT_EQ(Multiaddr::decode(hex_decode(hex).value()).value(), *address);
        EXPECT_EQ(address->text(), text);
    }
}

TEST(MultiaddrTest, PrintsWhatItReads) {
    std::string const peer = std::string{"/p2p/"} + k_peer;
    for (std::string const& text : {
             std::string{"/dns4/example.com/tcp/443/wss"}, std::string{"/dns6/example.com/udp/4001/quic-v1"},
             std::string{"/dnsaddr/bootstrap.example.org"} + peer, std::string{"/dns/example.com/tcp/80/ws"},
             fmt::format("/ip4/192.0.2.1/tcp/4001{0}/p2p-circuit{0}", peer), std::string{"/ip4/192.0.2.1/tcp/1/tls/ws"},
             std::string{"/ip4/192.0.2.1/tcp/1/noise"}, std::string{"/ip6/::1/ipcidr/64"},
             std::string{"/ip4/127.0.0.1/udp/9/webrtc-direct"}, std::string{"/ip6/::/udp/0/quic/webtransport"},
             std::string{"/ip4/1.2.3.4/udp/5/quic-v1/webtransport/certhash/"
                         "uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g"},
             std::string{"/http-path/a%2Fb%20c"}, std::string{"/memory/18446744073709551615"}}) {
        auto const address = Multiaddr::parse(text);
        ASSERT_TRUE(address.has_value()) << text << ": " << address.error().context;
        EXPECT_EQ(address->text(), text);
        EXPECT_EQ(Multiaddr::decode(address->encode()).value(), *address);
    }
}

TEST(MultiaddrTest, ReadsOldNamesAndTrailingSlashes) {
    EXPECT_EQ(Multiaddr::parse(std::string{"/ipfs/"} + k_peer)->text(), std::string{"/p2p/"} + k_peer);
    EXPECT_EQ(Multiaddr::parse("/ip4/1.2.3.4/tcp/80/")->text(), "/ip4/1.2.3.4/tcp/80");
    EXPECT_EQ(Multiaddr::parse("/p2p/bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe")->text(),
              "/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N");
}

TEST(MultiaddrTest, AnswersForItsParts) {
    auto const address = Multiaddr::parse(std::string{"/ip4/10.0.0.7/tcp/4001/p2p/"} + k_peer).value();
    EXPECT_EQ(address.parts()[0].value_text(), "10.0.0.7");
    EXPECT_EQ(address.parts()[1].port(), 4001);
    EXPECT_EQ(address.peer_id()->text(), k_peer);
    EXPECT_TRUE(address.has(MultiaddrCode::tcp));
    EXPECT_FALSE(address.has(MultiaddrCode::udp));
    EXPECT_FALSE(Multiaddr::parse("/ip4/10.0.0.7")->peer_id().has_value());
}

TEST(MultiaddrTest, RefusesBadText) {
    for (char const* text : {"", "/", "//", "ip4/1.2.3.4", "/ip4", "/ip4/", "/ip4/::1", "/ip4/1.2.3", "/ip4/01.2.3.4",
                             "/ip6/1.2.3.4", "/ip6/fe80::1%eth0", "/tcp/65536", "/tcp/-1", "/tcp/080",
                             "/tcp/x", "/tcp/",
                             "/tcp/1//tcp/1", "/ip4/1.2.3.4/", "/dns", "/dns//tcp/1", "/dns/a b", "/p2p/x", "/p2p/",
                             "/onion3/abc", "/unix", "/unix/", "/certhash/uAA", "/certhash/b", "/memory/",
                             "/memory/18446744073709551616", "/http-path/", "/http-path/%2", "/http-path/%zz",
                             "/ipcidr/256", "/sni/"}) {
        auto const address = Multiaddr::parse(text);
        if (std::string_view{text} == "/ip4/1.2.3.4/") continue;
        EXPECT_FALSE(address.has_value()) << text;
    }
}

TEST(MultiaddrTest, RefusesBadBytes) {
    for (char const* hex : {"", "04", "047f0000", "06", "0600", "ff", "84007f000001", "a503", "a50300", "a5030100",
                            "3500", "350120", "9003022f", "900301610610e1", "01"}) {
        EXPECT_FALSE(Multiaddr::decode(hex_decode(hex).value()).has_value()) << hex;
    }
}

TEST(MultiaddrTest, TakesThirtyTwoPartsAndRefusesOneMore) {
    std::string text;
    for (std::size_t i = 0; i < k_multiaddr_components_max; ++i) text += "/ws";
    auto const address = Multiaddr::parse(text).value();
    EXPECT_TRUE(Multiaddr::decode(address.encode()).has_value());

    EXPECT_EQ(Multiaddr::parse(text + "/ws").error().code, Errc::too_large);
    Bytes bytes = address.encode();
    bytes.insert(bytes.end(), {0xdd, 0x03});
    EXPECT_EQ(Multiaddr::decode(bytes).error().code, Errc::too_large);
}

TEST(MultiaddrTest, TakesAnAddressOfTheLimitAndRefusesOneByteMore) {
    // code (2 bytes), length (2 bytes), path
    std::string const path = "/unix/" + std::string(k_multiaddr_bytes_max - 5, 'a');
    EXPECT_EQ(Multiaddr::parse(path)->encode().size(), k_multiaddr_bytes_max);
    EXPECT_EQ(Multiaddr::parse(path + "a").error().code, Errc::too_large);
    EXPECT_EQ(Multiaddr::decode(Bytes(k_multiaddr_bytes_max + 1, 0)).error().code, Errc::too_large);
    EXPECT_EQ(Multiaddr::parse("/" + std::string(k_multiaddr_text_bytes_max, 'a')).error().code, Errc::too_large);
}

TEST(MultiaddrTest, TakesANameOfTheLimitAndRefusesOneByteMore) {
    EXPECT_TRUE(Multiaddr::parse("/dns/" + std::string(253, 'a')).has_value());
    EXPECT_FALSE(Multiaddr::parse("/dns/" + std::string(254, 'a')).has_value());
}

}  // namespace
}  // namespace ggen
