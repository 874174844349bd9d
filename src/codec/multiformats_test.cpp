#include <gtest/gtest.h>

#include "codec/base64.hpp"
#include "codec/multibase.hpp"
#include "codec/multihash.hpp"
#include "codec/peer_id.hpp"
#include "codec/protobuf.hpp"
#include "codec/varint.hpp"

namespace ggen {
namespace {

Bytes unhex(std::string_view text) { return hex_decode(text).value(); }

TEST(UvarintTest, ReadsWhatItWritesAtEveryWidth) {
    for (unsigned bits = 0; bits <= 63; ++bits) {
        std::uint64_t const value = bits == 0 ? 0 : (~std::uint64_t{0} >> (64 - bits));
        Bytes bytes;
        append_uvarint(bytes, value);

        BytesView rest{bytes};
        EXPECT_EQ(read_uvarint(rest).value(), value);
        EXPECT_TRUE(rest.empty());
    }
}

TEST(UvarintTest, TakesNineBytesAndRefusesTen) {
    EXPECT_EQ(peek_uvarint(unhex("ffffffffffffffff7f")).value()->value, k_uvarint_value_max);
    EXPECT_FALSE(peek_uvarint(unhex("ffffffffffffffffff01")).has_value());
    EXPECT_FALSE(peek_uvarint(unhex("ffffffffffffffffff")).has_value());
}

TEST(UvarintTest, RefusesLongerFormsThanNeeded) {
    EXPECT_FALSE(peek_uvarint(unhex("8000")).has_value());
    EXPECT_FALSE(peek_uvarint(unhex("ff8100")).has_value());
}

TEST(UvarintTest, WaitsForTheRest) {
    EXPECT_FALSE(peek_uvarint({}).value().has_value());
    EXPECT_FALSE(peek_uvarint(unhex("80")).value().has_value());
}

TEST(UvarintTest, RefusesContentThatIsCutShort) {
    Bytes const bytes = unhex("03aabb");
    BytesView rest{bytes};
    EXPECT_FALSE(read_length_prefixed(rest).has_value());
}

TEST(ProtobufTest, ReadsWhatItWrites) {
    Bytes const message =
        std::move(ProtoWriter{}.uint(1, 300).bytes(2, as_bytes("hi")).fixed64(16, 0x0102030405060708)).take();
    EXPECT_EQ(hex_encode(message), "08ac0212026869" "8101" "0807060504030201");

    ProtoReader reader{message};
    EXPECT_EQ(proto_uint(*reader.next().value()).value(), 300U);
    EXPECT_EQ(as_text(proto_bytes(*reader.next().value()).value()), "hi");
    auto const last = reader.next().value();
    EXPECT_EQ(last->number, 16U);
    EXPECT_EQ(last->value, 0x0102030405060708U);
    EXPECT_FALSE(reader.next().value().has_value());
}

TEST(ProtobufTest, TakesNumbersOfSixtyFourBitsAndRefusesMore) {
    EXPECT_EQ(ProtoReader{unhex("08ffffffffffffffffff01")}.next().value()->value, ~std::uint64_t{0});
    EXPECT_FALSE(ProtoReader{unhex("08ffffffffffffffffff02")}.next().has_value());
    EXPECT_FALSE(ProtoReader{unhex("08ffffffffffffffffff8001")}.next().has_value());
}

TEST(ProtobufTest, RefusesGroupsBadNumbersAndCutMessages) {
    for (char const* text : {"0b", "0c", "0e", "0f", "00", "08", "0a0561", "09010203", "0d01", "80808080800100"}) {
        EXPECT_FALSE(ProtoReader{unhex(text)}.next().has_value()) << text;
    }
}

TEST(ProtobufTest, StopsOneFieldPastTheLimit) {
    Bytes const message = unhex("080108010801");
    ProtoReader three{message, 3};
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(three.next().value().has_value());
    EXPECT_FALSE(three.next().value().has_value());

    ProtoReader two{message, 2};
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(two.next().value().has_value());
    EXPECT_EQ(two.next().error().code, Errc::too_large);
}

TEST(ProtobufTest, BoundsAMillionEmptyFields) {
    Bytes message;
    for (int i = 0; i < 1'000'000; ++i) message.insert(message.end(), {0x12, 0x00});
    ProtoReader reader{message};
    std::size_t count = 0;
    auto field = reader.next();
    for (; field && *field; field = reader.next()) ++count;
    EXPECT_EQ(count, k_proto_fields_max);
    EXPECT_EQ(field.error().code, Errc::too_large);
}

TEST(ProtobufTest, ReadsRepeatedNumbersPackedAndNot) {
    std::vector<std::uint64_t> values;
    Bytes const packed = unhex("0a03019601");
    ASSERT_TRUE(proto_append_uints(*ProtoReader{packed}.next().value(), 3, values).has_value());
    Bytes const single = unhex("0807");
    ASSERT_TRUE(proto_append_uints(*ProtoReader{single}.next().value(), 3, values).has_value());
    EXPECT_EQ(values, (std::vector<std::uint64_t>{1, 150, 7}));
    EXPECT_EQ(proto_append_uints(*ProtoReader{single}.next().value(), 3, values).error().code, Errc::too_large);
}

TEST(MultibaseTest, PrintsTheVectorsOfTheSpecification) {
    // multiformats/multibase tests/basic.csv and leading_zero.csv
    EXPECT_EQ(multibase_encode(Multibase::base58btc, as_bytes("yes mani !")), "z7paNL19xttacUY");
    EXPECT_EQ(multibase_encode(Multibase::base32, as_bytes("yes mani !")), "bpfsxgidnmfxgsibb");
    EXPECT_EQ(multibase_encode(Multibase::base32_upper, as_bytes("yes mani !")), "BPFSXGIDNMFXGSIBB");
    EXPECT_EQ(multibase_encode(Multibase::base36, as_bytes("yes mani !")), "k2lcpzo5yikidynfl");
    EXPECT_EQ(multibase_encode(Multibase::base64url, as_bytes("yes mani !")), "ueWVzIG1hbmkgIQ");
    EXPECT_EQ(multibase_encode(Multibase::base16, as_bytes("yes mani !")), "f796573206d616e692021");
    Bytes const zeros = unhex("0000796573206d616e692021");
    EXPECT_EQ(multibase_encode(Multibase::base58btc, zeros), "z117paNL19xttacUY");
    EXPECT_EQ(multibase_encode(Multibase::base36, zeros), "k002lcpzo5yikidynfl");
}

TEST(MultibaseTest, ReadsWhatItWritesAtEveryLength) {
    Bytes bytes;
    for (int length = 0; length < 80; ++length) {
        for (char const base : std::string_view{"fbBkKzmu"}) {
            auto const text = multibase_encode(static_cast<Multibase>(base), bytes);
            EXPECT_EQ(multibase_decode(text).value().bytes, bytes) << text;
        }
        bytes.push_back(static_cast<std::uint8_t>(length * 37));
    }
}

TEST(MultibaseTest, RefusesSecondSpellings) {
    for (char const* text : {"", "x1", "bmb", "bPF", "ba", "z0", "zl", "ueWVzIG1hbmkgIR", "uA", "f0A"}) {
        EXPECT_FALSE(multibase_decode(text).has_value()) << text;
    }
}

TEST(MultibaseTest, BoundsBasesOfQuadraticTime) {
    EXPECT_TRUE(base58btc_decode(std::string(k_big_base_text_bytes_max, 'z')).has_value());
    EXPECT_EQ(base58btc_decode(std::string(k_big_base_text_bytes_max + 1, 'z')).error().code, Errc::too_large);
    EXPECT_TRUE(base36_decode(std::string(k_big_base_text_bytes_max, 'z')).has_value());
    EXPECT_EQ(base36_decode(std::string(k_big_base_text_bytes_max + 1, 'z')).error().code, Errc::too_large);
    EXPECT_TRUE(base32_decode(std::string(k_multibase_text_bytes_max, 'a')).has_value());
    EXPECT_EQ(base32_decode(std::string(k_multibase_text_bytes_max + 8, 'a')).error().code, Errc::too_large);
}

TEST(MultihashTest, ChecksTheLengthThatTheFunctionFixes) {
    std::string const digest(64, 'a');
    EXPECT_TRUE(Multihash::decode(unhex("1220" + digest)).has_value());
    EXPECT_FALSE(Multihash::decode(unhex("121f" + digest.substr(2))).has_value());
    EXPECT_FALSE(Multihash::decode(unhex("1220" + digest + "00")).has_value());
    EXPECT_FALSE(Multihash::decode(unhex("1220" + digest.substr(2))).has_value());
}

TEST(MultihashTest, TakesADigestOfTheLimitAndRefusesOneByteMore) {
    Multihash hash{k_multihash_identity, Bytes(k_multihash_digest_bytes_max, 7)};
    EXPECT_EQ(Multihash::decode(hash.encode()).value(), hash);
    hash.digest.push_back(7);
    EXPECT_EQ(Multihash::decode(hash.encode()).error().code, Errc::too_large);
}

TEST(CidTest, ReadsBothVersions) {
    auto const v0 = Cid::parse("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N").value();
    EXPECT_EQ(v0.version, 0U);
    EXPECT_EQ(v0.codec, k_codec_dag_pb);
    EXPECT_EQ(v0.text(), "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N");
    EXPECT_EQ(Cid::decode(v0.encode()).value(), v0);

    auto const v1 = Cid::parse("bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe").value();
    EXPECT_EQ(v1.version, 1U);
    EXPECT_EQ(v1.codec, k_codec_libp2p_key);
    EXPECT_EQ(v1.hash, v0.hash);
    EXPECT_EQ(v1.text(), "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe");
}

TEST(CidTest, RefusesReservedVersionsAndPrefixedVersionZero) {
    auto const v0 = Cid::parse("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N").value();
    EXPECT_FALSE(Cid::parse(multibase_encode(Multibase::base32, v0.encode())).has_value());
    EXPECT_FALSE(Cid::decode(unhex("02550000")).has_value());
    EXPECT_FALSE(Cid::decode(unhex("03550000")).has_value());
    EXPECT_FALSE(Cid::decode({}).has_value());
}

TEST(PeerIdTest, ReadsTheExamplesOfTheSpecification) {
    // libp2p/specs peer-ids/peer-ids.md: two texts of one id, and an Ed25519 id
    auto const hashed = PeerId::parse("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N").value();
    EXPECT_EQ(PeerId::parse("bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe").value(), hashed);
    EXPECT_EQ(hashed.cid_text(), "bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe");
    EXPECT_TRUE(hashed.inline_key().empty());

    auto const inlined = PeerId::parse("12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA").value();
    EXPECT_EQ(inlined.text(), "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA");
    EXPECT_EQ(inlined.inline_key().size(), 36U);
}

TEST(PeerIdTest, ReadsTheFormsOfTheDhtSpecification) {
    // ipfs/specs src/routing/kad-dht.md. Its two texts name one id; the bytes that stand beside them there
    // are those of another id, whose text is computed here.
    auto const id = PeerId::parse("12D3KooWKudojFn6pff7Kah2Mkem3jtFfcntpG9X3QBNiggsYxK2").value();
    EXPECT_EQ(PeerId::parse("k51qzi5uqu5djx47o56x8r9lvy85co0sdf1yfbzxlukdq4irr8ssn3o7dpfasp").value(), id);
    EXPECT_EQ(id.cid_base36_text(), "k51qzi5uqu5djx47o56x8r9lvy85co0sdf1yfbzxlukdq4irr8ssn3o7dpfasp");
    EXPECT_EQ(PeerId::parse(id.cid_text()).value(), id);
    auto const bytes = unhex("0024080112209e3b433cbd31c2b8a6ebbdca998bd0f4c2141c9c9af5422e976051b1e63af14d");
    EXPECT_EQ(PeerId::from_bytes(bytes)->text(), "12D3KooWLU2znyJMtDiHArqAGbZn8CgUGp92kxDBtefftEEaHSZS");
}

TEST(PeerIdTest, TakesAnInlineKeyOfFortyTwoBytesAndRefusesOneMore) {
    EXPECT_TRUE(PeerId::from_bytes(Multihash{0, Bytes(k_peer_id_inline_key_bytes_max, 1)}.encode()).has_value());
    EXPECT_FALSE(PeerId::from_bytes(Multihash{0, Bytes(k_peer_id_inline_key_bytes_max + 1, 1)}.encode()).has_value());
    EXPECT_FALSE(PeerId::from_bytes(Multihash{0, {}}.encode()).has_value());
    EXPECT_FALSE(PeerId::from_bytes(Multihash{k_multihash_sha2_512, Bytes(64, 1)}.encode()).has_value());
}

TEST(PeerIdTest, RefusesContentIdentifiersOfOtherThings) {
    EXPECT_FALSE(PeerId::parse(Cid{1, k_codec_raw, {k_multihash_sha2_256, Bytes(32, 1)}}.text()).has_value());
    EXPECT_FALSE(PeerId::parse("").has_value());
    EXPECT_FALSE(PeerId::parse("1").has_value());
    EXPECT_FALSE(PeerId::parse("12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5S0").has_value());
}

}  // namespace
}  // namespace ggen
