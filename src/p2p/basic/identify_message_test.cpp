#include "p2p/basic/identify_message.hpp"

#include <gtest/gtest.h>

#include "codec/base64.hpp"
#include "codec/protobuf.hpp"
#include "p2p/identity/envelope.hpp"
#include "p2p/identity/identity.hpp"

namespace ggen::p2p {
namespace {

// Made by @libp2p/identify 4.1.14 with the Ed25519 key whose seed is 32 times 7.
constexpr std::string_view k_js_message =
    "2a0a697066732f302e312e3032106a732d6c69627032702f332e332e31310a2408011220ea4a6c63e29c520abef5507b132ec5f9954776ae"
    "bebe7b92421eea691446d22c120804c0000207060fa112142920010db8000000000000000000000007060fa1220804c633640906d9031a0e"
    "2f697066732f69642f312e302e301a132f697066732f69642f707573682f312e302e301a102f697066732f70696e672f312e302e3042bc01"
    "0a2408011220ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c120203011a4e0a26002408011220ea4a6c63"
    "e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c10051a0a0a0804c0000207060fa11a160a142920010db80000000000"
    "00000000000007060fa12a40b638a556384d16730c059bb61ec889636e53cff53abf039f9081dc7263289a7dbb985866a396bb286467ab00"
    "7ac9d34b81b49616fa9f9ae18c8ca9cb68eeb206";

Multiaddr address(std::string_view text) { return Multiaddr::parse(text).value(); }

IdentifyMessage merge_all(std::vector<Bytes> const& messages) {
    IdentifyMessage out;
    for (auto const& message : messages) EXPECT_TRUE(merge_identify(message, out));
    return out;
}

TEST(IdentifyMessageTest, ReadsWhatJsSends) {
    IdentifyMessage message;
    ASSERT_TRUE(merge_identify(hex_decode(k_js_message).value(), message));
    EXPECT_EQ(message.protocol_version, "ipfs/0.1.0");
    EXPECT_EQ(message.agent_version, "js-libp2p/3.3.11");
    EXPECT_EQ(message.protocols,
              (std::vector<std::string>{"/ipfs/id/1.0.0", "/ipfs/id/push/1.0.0", "/ipfs/ping/1.0.0"}));
    EXPECT_EQ(message.listen_addresses,
              (std::vector{address("/ip4/192.0.2.7/tcp/4001"), address("/ip6/2001:db8::7/tcp/4001")}));
    EXPECT_EQ(message.observed_address, address("/ip4/198.51.100.9/tcp/55555"));
    auto const peer = peer_id_of(decode_public_key(*message.public_key).value());
    EXPECT_EQ(peer.text(), "12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7");
    auto const record = open_peer_record(*message.signed_peer_record);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->peer, peer);
    EXPECT_EQ(record->seq, 5U);
    EXPECT_EQ(record->addresses, message.listen_addresses);
}

TEST(IdentifyMessageTest, SealsTheRecordThatJsSeals) {
    IdentifyMessage message;
    ASSERT_TRUE(merge_identify(hex_decode(k_js_message).value(), message));
    auto const key = Ed25519PrivateKey::from_seed(Bytes(32, 7)).value();
    EXPECT_EQ(seal_peer_record(key, PeerRecord{peer_id_of(key.public_key()), 5, message.listen_addresses}),
              *message.signed_peer_record);
}

TEST(IdentifyMessageTest, ComesBackFromOneMessageOrSeveral) {
    IdentifyMessage message;
    ASSERT_TRUE(merge_identify(hex_decode(k_js_message).value(), message));
    EXPECT_EQ(encode_identify(message).size(), 1U);
    EXPECT_EQ(merge_all(encode_identify(message)), message);

    message.protocols.clear();
    for (std::size_t i = 0; i < k_identify_protocols_emit_max; ++i) {
        message.protocols.push_back("/" + std::string(135, 'p') + std::to_string(100 + i));
    }
    for (std::size_t i = 2; i < k_identify_addresses_emit_max; ++i) {
        message.listen_addresses.push_back(address("/dns4/" + std::string(60, 'a') + "/tcp/" + std::to_string(i)));
    }
    auto const messages = encode_identify(message);
    EXPECT_GT(messages.size(), 2U);
    EXPECT_LE(messages.size(), k_identify_messages_max);
    for (auto const& part : messages) EXPECT_LE(part.size(), k_identify_emit_bytes_max);
    EXPECT_EQ(merge_all(messages), message);
    EXPECT_TRUE(merge_all({messages[0]}).public_key.has_value());
}

TEST(IdentifyMessageTest, TakesTheLargestMessageAndRefusesOneByteMore) {
    IdentifyMessage message;
    Bytes const field = std::move(ProtoWriter{}.bytes(99, Bytes(k_identify_accept_bytes_max - 4))).take();
    ASSERT_EQ(field.size(), k_identify_accept_bytes_max);
    EXPECT_TRUE(merge_identify(field, message));
    Bytes const too_large(k_identify_accept_bytes_max + 1);
    auto const refused = merge_identify(too_large, message);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::too_large);
}

TEST(IdentifyMessageTest, KeepsSixtyFourAddressesAnd256ProtocolsAndLeavesTheRestOut) {
    ProtoWriter writer;
    auto const bytes = address("/ip4/192.0.2.7/tcp/4001").encode();
    for (std::size_t i = 0; i <= k_identify_addresses_max; ++i) writer.bytes(2, bytes);
    for (std::size_t i = 0; i <= k_identify_protocols_max; ++i) writer.bytes(3, as_bytes("/a"));
    IdentifyMessage message;
    ASSERT_TRUE(merge_identify(writer.message(), message));
    EXPECT_EQ(message.listen_addresses.size(), k_identify_addresses_max);
    EXPECT_EQ(message.protocols.size(), k_identify_protocols_max);
}

TEST(IdentifyMessageTest, RefusesMoreFieldsThanItReads) {
    ProtoWriter writer;
    for (std::size_t i = 0; i < k_identify_fields_max; ++i) writer.uint(20, 1);
    IdentifyMessage message;
    EXPECT_TRUE(merge_identify(writer.message(), message));
    writer.uint(20, 1);
    auto const refused = merge_identify(writer.message(), message);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::too_large);
}

TEST(IdentifyMessageTest, LeavesOutWhatIsNotUnderstoodAndCleansTexts) {
    ProtoWriter writer;
    writer.bytes(2, as_bytes("no address")).bytes(3, as_bytes("")).bytes(3, Bytes(257, 'x')).uint(6, 3);
    writer.bytes(3, Bytes(256, 'x')).bytes(6, as_bytes("evil\x1b[2J\n\xff" + std::string(200, 'a')));
    IdentifyMessage message;
    ASSERT_TRUE(merge_identify(writer.message(), message));
    EXPECT_TRUE(message.listen_addresses.empty());
    EXPECT_EQ(message.protocols, std::vector<std::string>{std::string(256, 'x')});
    EXPECT_EQ(message.agent_version, "evil?[2J??" + std::string(k_identify_agent_bytes_max - 10, 'a'));
}

}  // namespace
}  // namespace ggen::p2p
