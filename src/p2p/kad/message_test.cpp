#include "p2p/kad/message.hpp"

#include <gtest/gtest.h>

#include "codec/protobuf.hpp"
#include "codec/varint.hpp"
#include "p2p/kad/testing/fixtures.hpp"

namespace ggen::p2p {
namespace {

using testing::make_address;
using testing::make_id;

Bytes from_hex(std::string_view hex) {
    auto const digit = [](char c) { return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10); };
    Bytes out;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        out.push_back(static_cast<std::uint8_t>(digit(hex[i]) << 4U | digit(hex[i + 1])));
    }
    return out;
}

constexpr std::string_view k_content = "1220d18f46f364ebeeec500929c72a4898feb2747730b129d970de15cf80626ebcbc";

// Messages that go-libp2p-kad-dht wrote (js-libp2p packages/kad-dht/test/fixtures/msg-1 to msg-8). All carry
// clusterLevelRaw (field 10), which goes by.
TEST(KadMessageTest, ReadsWhatGoWrites) {
    auto const find = decode_kad_message(from_hex("080412082f762f68656c6c6f5000"));
    ASSERT_TRUE(find);
    EXPECT_EQ(find->type, KadMessageType::find_node);
    EXPECT_EQ(as_text(find->key), "/v/hello");

    auto const put = decode_kad_message(from_hex(
        "080012082f762f68656c6c6f1a350a082f762f68656c6c6f1205776f726c641a22122022b0a34f217fd364680657d82a17fb8468d28f16"
        "f60d77f7074a7e8a002c5a765000"));
    ASSERT_TRUE(put);
    EXPECT_EQ(put->type, KadMessageType::put_value);
    ASSERT_TRUE(put->record);
    EXPECT_EQ(as_text(put->record->key), "/v/hello");
    EXPECT_EQ(as_text(put->record->value), "world");

    auto const get = decode_kad_message(from_hex("080112082f762f68656c6c6f5000"));
    ASSERT_TRUE(get);
    EXPECT_EQ(get->type, KadMessageType::get_value);

    for (int i = 4; i <= 6; ++i) {  // three equal files
        auto const node = decode_kad_message(from_hex("08041222" + std::string(k_content) + "5000"));
        ASSERT_TRUE(node);
        EXPECT_EQ(node->key, from_hex(k_content));
    }
    for (int i = 7; i <= 8; ++i) {
        auto const provide = decode_kad_message(from_hex(
            "08021222" + std::string(k_content) +
            "4a2e0a22122090c9620a79a8ba913d9f84394a32488494f98cf0ce4dddbb86cb44519970c4e01208047f00000106e4bb5000"));
        ASSERT_TRUE(provide);
        EXPECT_EQ(provide->type, KadMessageType::add_provider);
        ASSERT_EQ(provide->providers.size(), 1U);
        auto const addresses = provide->providers[0].addresses.decode();
        ASSERT_EQ(addresses.size(), 1U);
        EXPECT_EQ(addresses[0].text(), "/ip4/127.0.0.1/tcp/58555");
    }
}

TEST(KadMessageTest, ReadsTheRecordFieldsOfRust) {
    ProtoWriter record;
    record.bytes(1, as_bytes("/v/a")).bytes(2, as_bytes("1:x")).bytes(666, make_id(1).bytes()).uint(777, 3600);
    ProtoWriter message;
    message.uint(1, 1).bytes(2, as_bytes("/v/a")).bytes(3, record.message());
    auto const read = decode_kad_message(message.message());
    ASSERT_TRUE(read);
    ASSERT_TRUE(read->record);
    EXPECT_EQ(read->record->ttl_s, 3600U);
    EXPECT_TRUE(std::ranges::equal(read->record->publisher, make_id(1).bytes()));
    auto const again = decode_kad_message(encode_kad_message(*read));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again->record, *read->record);
}

TEST(KadMessageTest, AMessageWithoutATypeIsPutValue) {
    ProtoWriter message;
    message.bytes(2, as_bytes("/v/a"));
    auto const read = decode_kad_message(message.message());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->type, KadMessageType::put_value);
}

KadMessage full_message(std::size_t peers, std::size_t addresses) {
    KadMessage message;
    message.key = to_bytes("key");
    for (std::size_t i = 0; i < peers; ++i) {
        std::vector<Multiaddr> const list(addresses, make_address(i));
        message.closer.push_back({make_id(i), AddressList::from(list, addresses), KadConnection::connected});
    }
    return message;
}

TEST(KadMessageTest, KeepsWhatItWrote) {
    auto message = full_message(20, 2);
    message.providers = {message.closer[3]};
    message.record = KadRecord{to_bytes("key"), to_bytes("value"), "2026-01-01T00:00:00Z", {}, 0};
    auto const read = decode_kad_message(encode_kad_message(message));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->key, message.key);
    EXPECT_EQ(*read->record, *message.record);
    ASSERT_EQ(read->closer.size(), 20U);
    EXPECT_EQ(read->closer[7].id, make_id(7));
    EXPECT_EQ(read->closer[7].addresses, message.closer[7].addresses);
    EXPECT_EQ(read->closer[7].connection, KadConnection::connected);
    ASSERT_EQ(read->providers.size(), 1U);
}

TEST(KadMessageTest, WritesNoMoreThanRustTakes) {
    auto const small = encode_kad_message(full_message(20, 9));
    auto const read = decode_kad_message(small);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->closer.size(), 20U);
    EXPECT_EQ(read->closer[0].addresses.size(), k_kad_addresses_emit_max);

    KadMessage large;
    large.key = to_bytes("key");
    Multiaddr const address = *Multiaddr::parse("/dns4/" + std::string(200, 'a') + "/tcp/1");
    for (std::size_t i = 0; i < 20; ++i) {
        std::vector<Multiaddr> const list(8, address);
        large.closer.push_back({make_id(i), AddressList::from(list, 8), KadConnection::connected});
    }
    auto const cut = encode_kad_message(large);
    EXPECT_LE(cut.size(), k_kad_message_emit_bytes_max);
    auto const rest = decode_kad_message(cut);
    ASSERT_TRUE(rest);
    EXPECT_GT(rest->closer.size(), 5U);
    EXPECT_LT(rest->closer.size(), 20U);
    EXPECT_EQ(rest->closer[0].id, make_id(0));
}

TEST(KadMessageTest, TakesTheFirstFortyPeersAndThirtyTwoAddresses) {
    auto const entry = [](std::size_t number, std::size_t addresses) {
        ProtoWriter peer;
        peer.bytes(1, make_id(number).bytes());
        for (std::size_t i = 0; i < addresses; ++i) peer.bytes(2, make_address(i).encode());
        return std::move(peer).take();
    };
    for (auto const count : {k_kad_peers_accept_max, k_kad_peers_accept_max + 1}) {
        ProtoWriter message;
        message.uint(1, 4);
        for (std::size_t i = 0; i < count; ++i) message.bytes(8, entry(i, 1)).bytes(9, entry(i, 1));
        auto const read = decode_kad_message(message.message());
        ASSERT_TRUE(read);
        EXPECT_EQ(read->closer.size(), k_kad_peers_accept_max);
        EXPECT_EQ(read->providers.size(), k_kad_peers_accept_max);
    }
    for (auto const count : {k_kad_addresses_accept_max, k_kad_addresses_accept_max + 1}) {
        ProtoWriter message;
        message.uint(1, 4).bytes(8, entry(0, count));
        auto const read = decode_kad_message(message.message());
        ASSERT_TRUE(read);
        EXPECT_EQ(read->closer.at(0).addresses.size(), k_kad_addresses_accept_max);
    }
}

TEST(KadMessageTest, TakesKeysRecordsAndMessagesAtTheirLimitsAndRefusesThemOnePast) {
    auto const with_key = [](std::size_t size) {
        ProtoWriter message;
        message.uint(1, 4).bytes(2, Bytes(size, 1));
        return std::move(message).take();
    };
    EXPECT_TRUE(decode_kad_message(with_key(k_kad_key_bytes_max)));
    auto const key = decode_kad_message(with_key(k_kad_key_bytes_max + 1));
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, Errc::too_large);

    auto const with_value = [](std::size_t size) {
        ProtoWriter record;
        record.bytes(1, Bytes(10, 1)).bytes(2, Bytes(size - 10, 1));
        ProtoWriter message;
        message.uint(1, 0).bytes(3, record.message());
        return std::move(message).take();
    };
    EXPECT_TRUE(decode_kad_message(with_value(k_kad_record_accept_bytes_max)));
    auto const value = decode_kad_message(with_value(k_kad_record_accept_bytes_max + 1));
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().code, Errc::too_large);

    auto const of_size = [](std::size_t size) {
        ProtoWriter message;
        message.uint(1, 4).bytes(2000, Bytes(size - 7, 0));  // an unknown field goes by
        auto out = std::move(message).take();
        EXPECT_EQ(out.size(), size);
        return out;
    };
    EXPECT_TRUE(decode_kad_message(of_size(k_kad_message_accept_bytes_max)));
    EXPECT_FALSE(decode_kad_message(of_size(k_kad_message_accept_bytes_max + 1)));
}

TEST(KadMessageTest, RefusesWhatIsNoMessageAndPassesOverWhatIsNoPeer) {
    EXPECT_FALSE(decode_kad_message(from_hex("0806")));    // unknown type
    EXPECT_FALSE(decode_kad_message(from_hex("0a00")));    // the type is no varint
    EXPECT_FALSE(decode_kad_message(from_hex("1205aa")));  // cut short
    EXPECT_FALSE(decode_kad_message(from_hex("0b0c")));    // a group
    ProtoWriter peer;
    peer.bytes(1, Bytes(5, 9));
    ProtoWriter message;
    message.uint(1, 4).bytes(8, peer.message()).bytes(8, {});
    auto const read = decode_kad_message(message.message());
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->closer.empty());
    // A million empty entries end at the number of fields, not in memory.
    Bytes flood;
    for (std::size_t i = 0; i <= k_proto_fields_max; ++i) flood.insert(flood.end(), {0x42, 0x00});
    auto const flooded = decode_kad_message(flood);
    ASSERT_FALSE(flooded);
    EXPECT_EQ(flooded.error().code, Errc::too_large);
}

TEST(AddressListTest, TellsWhomAnAddressCanBeDialedBy) {
    auto const reach = [](std::string_view text) { return address_reach(Multiaddr::parse(text)->encode()); };
    EXPECT_EQ(reach("/ip4/127.0.0.1/tcp/1"), AddressReach::loopback);
    EXPECT_EQ(reach("/ip6/::1/tcp/1"), AddressReach::loopback);
    for (auto const* text : {"/ip4/10.1.2.3/tcp/1", "/ip4/172.16.0.1/tcp/1", "/ip4/192.168.1.1/tcp/1",
                             "/ip4/169.254.1.1/tcp/1", "/ip4/100.64.0.1/tcp/1", "/ip6/fd00::1/tcp/1",
                             "/ip6/fe80::1/tcp/1", "/ip6zone/eth0/ip6/fe80::1/tcp/1", "/ip6/::ffff:10.0.0.1/tcp/1"}) {
        EXPECT_EQ(reach(text), AddressReach::local) << text;
    }
    for (auto const* text :
         {"/ip4/8.8.8.8/tcp/1", "/ip4/172.32.0.1/tcp/1", "/ip6/2001:db8::1/tcp/1", "/dns4/a.example/tcp/1"}) {
        EXPECT_EQ(reach(text), AddressReach::global) << text;
    }
}

TEST(AddressListTest, GroupsNeighbours) {
    auto const group = [](std::string_view text) { return address_group(Multiaddr::parse(text)->encode()); };
    EXPECT_EQ(group("/ip4/81.2.3.4/tcp/1"), group("/ip4/81.2.200.9/tcp/77"));
    EXPECT_NE(group("/ip4/81.2.3.4/tcp/1"), group("/ip4/81.3.3.4/tcp/1"));
    EXPECT_EQ(group("/ip4/73.1.3.4/tcp/1"), group("/ip4/73.200.3.4/tcp/1"));  // a class A block has one owner
    EXPECT_EQ(group("/ip6/2001:db8:1::1/tcp/1"), group("/ip6/2001:db8:ffff::1/tcp/1"));
    EXPECT_NE(group("/ip6/2001:db8::1/tcp/1"), group("/ip6/2001:db9::1/tcp/1"));
    EXPECT_EQ(group("/ip6/::ffff:81.2.3.4/tcp/1"), group("/ip4/81.2.3.4/tcp/1"));
    EXPECT_EQ(group("/dns4/a.example/tcp/1"), 0U);
}

TEST(AddressListTest, DropsWhatIsNoAddressAndTheIdAtTheEnd) {
    AddressList list;
    list.append(Multiaddr::parse("/ip4/8.8.8.8/tcp/1/p2p/" + make_id(1).text())->encode());
    list.append(Bytes{0xff, 0xff, 0xff});
    list.append({});
    auto const addresses = list.decode();
    ASSERT_EQ(addresses.size(), 1U);
    EXPECT_EQ(addresses[0].text(), "/ip4/8.8.8.8/tcp/1");
    EXPECT_EQ(list.size(), 3U);
}

}  // namespace
}  // namespace ggen::p2p
