#include "p2p/identity/envelope.hpp"

#include <gtest/gtest.h>

#include "codec/base64.hpp"
#include "codec/protobuf.hpp"
#include "p2p/identity/identity.hpp"

namespace ggen::p2p {
namespace {

Ed25519PrivateKey key_of(std::uint8_t byte) { return Ed25519PrivateKey::from_seed(Bytes(32, byte)).value(); }

PeerRecord record_of(std::uint8_t byte) {
    return PeerRecord{peer_id_of(key_of(byte).public_key()), 1735689600,
                      {Multiaddr::parse("/ip4/192.0.2.1/tcp/4001").value(),
                       Multiaddr::parse("/ip6/2001:db8::1/udp/4001/quic-v1").value()}};
}

TEST(EnvelopeTest, SealsAndOpensAPeerRecord) {
    auto const record = record_of(1);
    auto const opened = open_peer_record(seal_peer_record(key_of(1), record));
    ASSERT_TRUE(opened.has_value()) << opened.error().context;
    EXPECT_EQ(*opened, record);
}

TEST(EnvelopeTest, WritesTheSameBytesForEver) {
    // Ed25519 signatures are deterministic, so the bytes are a vector; key, type and payload stand in the clear.
    auto const sealed = hex_encode(seal_peer_record(key_of(1), record_of(1)));
    EXPECT_TRUE(sealed.starts_with("0a24" "08011220" "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"
                                   "1202" "0301" "1a"))
        << sealed;
    EXPECT_EQ(sealed, hex_encode(seal_peer_record(key_of(1), record_of(1))));
}

TEST(EnvelopeTest, RefusesEveryChangedByte) {
    auto const sealed = seal_peer_record(key_of(1), record_of(1));
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        Bytes changed = sealed;
        changed[i] = static_cast<std::uint8_t>(changed[i] ^ 0x01U);
        EXPECT_FALSE(open_peer_record(changed).has_value()) << i;
    }
}

TEST(EnvelopeTest, RefusesARecordAboutSomebodyElse) {
    auto const sealed =
        Envelope::seal(key_of(2), k_peer_record_domain, as_bytes(k_peer_record_type), record_of(1).encode());
    EXPECT_EQ(open_peer_record(sealed.encode()).error().code, Errc::refused);
}

TEST(EnvelopeTest, RefusesAnotherDomainAndAnotherType) {
    auto const payload = record_of(1).encode();
    auto const other_domain = Envelope::seal(key_of(1), "libp2p-relay-rsvp", as_bytes(k_peer_record_type), payload);
    EXPECT_EQ(open_peer_record(other_domain.encode()).error().code, Errc::refused);
    auto const other_type = Envelope::seal(key_of(1), k_peer_record_domain, as_bytes("\x03\x02"), payload);
    EXPECT_EQ(open_peer_record(other_type.encode()).error().code, Errc::refused);
}

TEST(EnvelopeTest, ReadsTheLegacyConstants) {
    auto const sealed = Envelope::seal(key_of(1), k_legacy_peer_record_domain, as_bytes(k_legacy_peer_record_type),
                                       record_of(1).encode());
    EXPECT_EQ(open_peer_record(sealed.encode()).value(), record_of(1));
    auto const mixed =
        Envelope::seal(key_of(1), k_legacy_peer_record_domain, as_bytes(k_peer_record_type), record_of(1).encode());
    EXPECT_FALSE(open_peer_record(mixed.encode()).has_value());
}

TEST(EnvelopeTest, TakesAMessageOfTheLimitAndRefusesOneByteMore) {
    auto const sealed_of = [](std::size_t payload_bytes) {
        return Envelope::seal(key_of(1), "d", as_bytes("t"), Bytes(payload_bytes, 1)).encode();
    };
    std::size_t const head_bytes = sealed_of(16'000).size() - 16'000;
    EXPECT_TRUE(Envelope::decode(sealed_of(k_envelope_bytes_max - head_bytes)).has_value());
    EXPECT_EQ(Envelope::decode(sealed_of(k_envelope_bytes_max - head_bytes + 1)).error().code, Errc::too_large);
}

TEST(PeerRecordTest, TakesSixtyFourAddressesAndRefusesOneMore) {
    auto record = record_of(1);
    record.addresses.assign(k_peer_record_addresses_max, Multiaddr::parse("/ip4/192.0.2.1/tcp/1").value());
    EXPECT_EQ(PeerRecord::decode(record.encode()).value(), record);
    record.addresses.push_back(record.addresses[0]);
    EXPECT_EQ(PeerRecord::decode(record.encode()).error().code, Errc::too_large);
}

TEST(PeerRecordTest, BoundsEntriesThatItDoesNotUnderstand) {
    auto const peer = record_of(1).peer;
    auto const message_of = [&](std::size_t count) {
        ProtoWriter writer;
        writer.bytes(1, peer.bytes());
        for (std::size_t i = 0; i < count; ++i) writer.bytes(3, {});
        return std::move(writer).take();
    };
    EXPECT_TRUE(PeerRecord::decode(message_of(k_peer_record_fields_max - 1))->addresses.empty());
    EXPECT_EQ(PeerRecord::decode(message_of(k_peer_record_fields_max)).error().code, Errc::too_large);
}

TEST(PeerRecordTest, NeedsAPeerId) { EXPECT_FALSE(PeerRecord::decode({}).has_value()); }

}  // namespace
}  // namespace ggen::p2p
