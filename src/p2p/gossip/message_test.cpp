#include "p2p/gossip/message.hpp"

#include <gtest/gtest.h>

#include "codec/varint.hpp"
#include "crypto/digest.hpp"
#include "p2p/gossip/testing/fake_host.hpp"
#include "p2p/identity/identity.hpp"

namespace ggen::p2p {
namespace {

/// The views stay valid as long as the object.
class Parsed {
public:
    explicit Parsed(Bytes const& message) {
        RpcWriter writer;
        writer.publish(message);
        framed_ = writer.take();
        BytesView rest = framed_;
        EXPECT_TRUE(parse_rpc(read_length_prefixed(rest).value(), rpc_));
    }
    RpcMessage const& operator*() const { return rpc_.messages.front(); }

private:
    Bytes framed_;
    Rpc rpc_;
};

Bytes signed_message() {
    auto const key = testing::key_of(1);
    return encode_signed_message("news", to_bytes("hello"), peer_id_of(key.public_key()), 258, key);
}

TEST(MessageTest, SignsOverPrefixAndMessageWithoutSignatureAndKey) {
    auto const key = testing::key_of(1);
    auto const author = peer_id_of(key.public_key());
    // Built field by field as go-libp2p-pubsub's sign.go does: from 1, data 2, seqno 3, topic 4.
    ProtoWriter unsigned_part;
    unsigned_part.bytes(1, author.bytes()).bytes(2, as_bytes("hello")).bytes(3, Bytes{0, 0, 0, 0, 0, 0, 1, 2});
    unsigned_part.bytes(4, as_bytes("news"));
    Bytes to_sign = to_bytes("libp2p-pubsub:");
    to_sign.insert(to_sign.end(), unsigned_part.message().begin(), unsigned_part.message().end());

    Parsed const message{signed_message()};

    EXPECT_TRUE(key.public_key().verify(to_sign, (*message).signature));
    EXPECT_TRUE((*message).key.empty());
    EXPECT_TRUE(check_policy(*message, SignaturePolicy::signed_by_author));
    EXPECT_TRUE(verify_signature(*message));
}

TEST(MessageTest, VerifiesWhatUnknownFieldsAndAKeyFieldSurround) {
    auto const key = testing::key_of(2);
    auto const author = peer_id_of(key.public_key());
    ProtoWriter body;
    body.uint(90, 5).bytes(4, as_bytes("news")).bytes(1, author.bytes()).bytes(3, Bytes(8, 1));
    Bytes to_sign = to_bytes("libp2p-pubsub:");
    to_sign.insert(to_sign.end(), body.message().begin(), body.message().end());
    auto const signature = key.sign(to_sign);
    ProtoWriter raw;
    raw.uint(90, 5).bytes(6, encode_public_key(PublicKey::from_ed25519(key.public_key())));
    raw.bytes(4, as_bytes("news")).bytes(1, author.bytes()).bytes(5, signature).bytes(3, Bytes(8, 1));
    EXPECT_TRUE(verify_signature(*Parsed{raw.message()}));
}

TEST(MessageTest, RefusesEveryChangeOfASignedMessage) {
    auto const whole = signed_message();
    for (std::size_t at = 0; at < whole.size(); ++at) {
        auto changed = whole;
        changed[at] ^= 1U;
        RpcWriter writer;
        writer.publish(changed);
        auto const framed = writer.take();
        BytesView rest = framed;
        Rpc rpc;
        if (!parse_rpc(read_length_prefixed(rest).value(), rpc)) continue;
        auto const& one = rpc.messages[0];
        EXPECT_FALSE(check_policy(one, SignaturePolicy::signed_by_author) && verify_signature(one)) << at;
    }
}

TEST(MessageTest, RefusesAForeignKeyField) {
    auto const author = peer_id_of(testing::key_of(1).public_key());
    auto const other = testing::key_of(2);
    ProtoWriter body;
    body.bytes(1, author.bytes()).bytes(3, Bytes(8, 1));
    Bytes to_sign = to_bytes("libp2p-pubsub:");
    to_sign.insert(to_sign.end(), body.message().begin(), body.message().end());
    body.bytes(5, other.sign(to_sign)).bytes(6, encode_public_key(PublicKey::from_ed25519(other.public_key())));
    auto const verified = verify_signature(*Parsed{body.message()});
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().code, Errc::refused);
}

TEST(MessageTest, PoliciesExcludeEachOther) {
    Parsed const with{signed_message()};
    Parsed const without{encode_message("news", to_bytes("hello"))};
    EXPECT_FALSE(check_policy(*with, SignaturePolicy::content_addressed));
    EXPECT_FALSE(check_policy(*without, SignaturePolicy::signed_by_author));
    EXPECT_TRUE(check_policy(*without, SignaturePolicy::content_addressed));
    ProtoWriter numbered;
    numbered.bytes(2, as_bytes("x")).bytes(3, Bytes(8, 0)).bytes(4, as_bytes("news"));
    EXPECT_FALSE(check_policy(*Parsed{numbered.message()}, SignaturePolicy::content_addressed));
}

TEST(MessageTest, NamesMessagesByEachRule) {
    auto const author = peer_id_of(testing::key_of(1).public_key());
    Parsed const message{signed_message()};
    EXPECT_EQ(sha256_message_id(*message), as_text(sha256(as_bytes("hello")).view()));
    EXPECT_EQ(author_message_id(*message), std::string{as_text(author.bytes())} + std::string("\0\0\0\0\0\0\1\2", 8));
    EXPECT_EQ(author_text_message_id(*message), author.text() + "258");
    EXPECT_EQ(author_key_message_id(*message),
              std::string{as_text(author.inline_key())} + std::string("\0\0\0\0\0\0\1\2", 8));
    // An author whose id is a hash: its key stands in the message.
    Bytes hashed{0x12, 0x20};
    hashed.resize(34, 7);
    ProtoWriter keyed;
    keyed.bytes(1, hashed).bytes(2, as_bytes("x")).bytes(3, Bytes(8, 9)).bytes(4, as_bytes("news"));
    keyed.bytes(6, as_bytes("long key"));
    EXPECT_EQ(author_key_message_id(*Parsed{keyed.message()}), "long key" + std::string(8, 9));
    // rust-libp2p stands the identity hash of one zero byte in for an absent author.
    EXPECT_EQ(author_text_message_id(*Parsed{encode_message("news", {})}), "15R0");
}

TEST(MessageTest, KeepsTheReceivedBytesAndFindsItsData) {
    ProtoWriter raw;
    raw.bytes(2, as_bytes("hello")).uint(77, 1).bytes(4, as_bytes("news")).bytes(78, as_bytes("tail"));
    auto const message = Message::from_rpc(*Parsed{raw.message()}, "id").value();
    EXPECT_EQ(as_text(message->data()), "hello");
    EXPECT_EQ(message->topic(), "news");
    EXPECT_FALSE(message->author());
    BytesView rest = *message->wire();
    Rpc rpc;
    ASSERT_TRUE(parse_rpc(read_length_prefixed(rest).value(), rpc));
    EXPECT_EQ(as_text(rpc.messages[0].raw), as_text(raw.message()));
    EXPECT_TRUE(Message::from_rpc(*Parsed{encode_message("news", {})}, "id").value()->data().empty());
}

}  // namespace
}  // namespace ggen::p2p
