#include "p2p/discovery/dns_message.hpp"

#include <gtest/gtest.h>

namespace ggen::p2p {
namespace {

DnsName name(std::string_view dotted) { return make_dns_name(dotted).value(); }

/// Header of a response with so many questions and answers.
Bytes header(std::uint8_t questions, std::uint8_t answers, std::uint8_t flags = 0x84) {
    return {0, 0, flags, 0, 0, questions, 0, answers, 0, 0, 0, 0};
}

void append(Bytes& out, std::string_view text) {
    auto const bytes = as_bytes(text);
    out.insert(out.end(), bytes.begin(), bytes.end());
}

TEST(DnsMessageTest, WritesAndReadsWhatPeersSay) {
    DnsMessage const message{true,
                             {{name("_p2p._udp.local"), DnsType::ptr}},
                             {{name("_p2p._udp.local"), DnsType::ptr, 360, name("abc._p2p._udp.local")}},
                             {{name("abc._p2p._udp.local"), DnsType::txt, 120, {}, {"dnsaddr=/ip4/1.2.3.4", "x"}}}};
    auto const read = decode_dns_message(encode_dns_message(message));
    ASSERT_TRUE(read) << read.error().context;
    EXPECT_TRUE(read->is_response);
    ASSERT_EQ(read->questions.size(), 1U);
    EXPECT_EQ(read->questions[0].name, name("_p2p._udp.local"));
    ASSERT_EQ(read->answers.size(), 1U);
    EXPECT_EQ(read->answers[0].target, name("abc._p2p._udp.local"));
    EXPECT_EQ(read->answers[0].ttl_s, 360U);
    ASSERT_EQ(read->additional.size(), 1U);
    EXPECT_EQ(read->additional[0].texts, (std::vector<std::string>{"dnsaddr=/ip4/1.2.3.4", "x"}));
}

TEST(DnsMessageTest, ComparesNamesWithoutCase) {
    EXPECT_EQ(name("_P2P._udp.LOCAL"), name("_p2p._udp.local"));
    EXPECT_EQ(parent_name(child_name("Ab", name("local"))), name("local"));
    EXPECT_EQ(parent_name(name("")), "");
}

TEST(DnsMessageTest, RefusesNamesThatAreNone) {
    EXPECT_EQ(make_dns_name("a..b").error().code, Errc::invalid);
    EXPECT_TRUE(make_dns_name(std::string(63, 'a')));
    EXPECT_EQ(make_dns_name(std::string(64, 'a')).error().code, Errc::invalid);
    std::string const label(49, 'a');
    std::string const long_name = label + "." + label + "." + label + "." + label + "." + label;  // 251 on the wire
    EXPECT_TRUE(make_dns_name(long_name + ".bcd"));
    EXPECT_EQ(make_dns_name(long_name + ".bcde").error().code, Errc::too_large);
}

TEST(DnsMessageTest, FollowsPointersBackwards) {
    auto datagram = header(0, 1);
    append(datagram, std::string_view{"\4_p2p\4_udp\5local\0", 17});
    append(datagram, std::string_view{"\0\x0c\0\1\0\0\0\x78\0\4\1x\xc0\x0c", 14});
    auto const read = decode_dns_message(datagram);
    ASSERT_TRUE(read) << read.error().context;
    EXPECT_EQ(read->answers.at(0).target, name("x._p2p._udp.local"));
}

TEST(DnsMessageTest, RefusesPointersThatLeadNowhere) {
    for (std::string_view const pointer : {std::string_view{"\xc0\x0c", 2},    // itself
                                           std::string_view{"\xc0\x20", 2},    // forward
                                           std::string_view{"\xc0\x02", 2},    // into the header
                                           std::string_view{"\xc0", 1}}) {
        auto datagram = header(1, 0, 0);
        append(datagram, pointer);
        append(datagram, std::string_view{"\0\x0c\0\1", pointer.size() == 1 ? 0U : 4U});
        EXPECT_EQ(decode_dns_message(datagram).error().code, Errc::invalid);
    }
}

TEST(DnsMessageTest, FollowsSixteenPointersAndNoMore) {
    for (std::size_t const pointers : {k_dns_pointers_max, k_dns_pointers_max + 1}) {
        // A chain of questions, each "a" and a pointer to the one before.
        auto datagram = header(static_cast<std::uint8_t>(pointers + 1), 0, 0);
        std::size_t last = datagram.size();
        append(datagram, std::string_view{"\1a\0\0\x0c\0\1", 7});
        for (std::size_t i = 0; i < pointers; ++i) {
            auto const here = datagram.size();
            append(datagram, std::string_view{"\1a", 2});
            datagram.push_back(0xc0);
            datagram.push_back(static_cast<std::uint8_t>(last));
            append(datagram, std::string_view{"\0\x0c\0\1", 4});
            last = here;
        }
        EXPECT_EQ(decode_dns_message(datagram).has_value(), pointers == k_dns_pointers_max);
    }
}

TEST(DnsMessageTest, RefusesEveryShorterDatagram) {
    DnsMessage const message{true, {{name("a.b"), DnsType::any}}, {{name("b"), DnsType::ptr, 1, name("c.b")}},
                             {{name("c.b"), DnsType::txt, 1, {}, {"text"}}}};
    auto const whole = encode_dns_message(message);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_EQ(decode_dns_message(BytesView{whole}.first(size)).error().code, Errc::invalid) << size;
    }
    auto longer = whole;
    longer.push_back(0);
    EXPECT_EQ(decode_dns_message(longer).error().code, Errc::invalid);
}

TEST(DnsMessageTest, TakesAsManyQuestionsRecordsAndBytesAsItSays) {
    DnsMessage message;
    message.questions.assign(k_dns_questions_max, {name("a"), DnsType::ptr});
    EXPECT_TRUE(decode_dns_message(encode_dns_message(message)));
    message.questions.push_back(message.questions.front());
    EXPECT_EQ(decode_dns_message(encode_dns_message(message)).error().code, Errc::too_large);

    DnsMessage records{true, {}, {}, {}};
    records.answers.assign(k_dns_records_max, {name("a"), DnsType::ptr, 1, name("b")});
    EXPECT_TRUE(decode_dns_message(encode_dns_message(records)));
    records.additional.push_back(records.answers.front());
    EXPECT_EQ(decode_dns_message(encode_dns_message(records)).error().code, Errc::too_large);

    auto const of_size = [](std::size_t size) {
        DnsMessage text{true, {}, {{name("a"), DnsType::txt, 1, {}, {}}}, {}};
        std::size_t left = size - encode_dns_message(text).size();
        for (; left > 0; left -= std::min<std::size_t>(left, 256)) {
            text.answers[0].texts.emplace_back(std::min<std::size_t>(left, 256) - 1, 't');
        }
        return encode_dns_message(text);
    };
    ASSERT_EQ(of_size(k_mdns_accept_bytes_max).size(), k_mdns_accept_bytes_max);
    EXPECT_TRUE(decode_dns_message(of_size(k_mdns_accept_bytes_max)));
    EXPECT_EQ(decode_dns_message(of_size(k_mdns_accept_bytes_max + 1)).error().code, Errc::too_large);
}

TEST(DnsMessageTest, PassesOverOtherTypesAndClasses) {
    auto datagram = header(0, 3);
    append(datagram, std::string_view{"\1a\0\0\x01\0\1\0\0\0\1\0\4\1\2\3\4", 17});          // A
    append(datagram, std::string_view{"\1a\0\0\x10\0\3\0\0\0\1\0\2\1x", 15});                 // TXT, class CHAOS
    append(datagram, std::string_view{"\1a\0\0\x10\x80\1\0\0\0\1\0\2\1x", 15});               // TXT that replaces
    auto const read = decode_dns_message(datagram);
    ASSERT_TRUE(read) << read.error().context;
    ASSERT_EQ(read->answers.size(), 1U);
    EXPECT_EQ(read->answers[0].texts, (std::vector<std::string>{"x"}));
}

TEST(DnsMessageTest, RefusesOtherOperationsAndErrors) {
    EXPECT_TRUE(decode_dns_message(header(0, 0)));
    EXPECT_EQ(decode_dns_message(header(0, 0, 0x28)).error().code, Errc::invalid);  // UPDATE
    auto failed = header(0, 0);
    failed[3] = 3;  // NXDOMAIN
    EXPECT_EQ(decode_dns_message(failed).error().code, Errc::invalid);
}

}  // namespace
}  // namespace ggen::p2p
