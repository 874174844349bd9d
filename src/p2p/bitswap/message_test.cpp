#include "p2p/bitswap/message.hpp"

#include <gtest/gtest.h>

#include "codec/protobuf.hpp"
#include "p2p/bitswap/archive_dag.hpp"

namespace ggen::p2p {
namespace {

TEST(BitswapMessageTest, WantsReadBackAsTheyWereWritten) {
    auto const cid = raw_cid(sha256(as_bytes("a"))).encode();
    BitswapWants wants{{{cid, false, true, true}, {cid, true, false, false}, {cid, false, false, false}}, true};
    auto const read = decode_bitswap_wants(encode_bitswap_wants(wants));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->entries, wants.entries);
    EXPECT_TRUE(read->is_full);
    EXPECT_TRUE(decode_bitswap_wants({})->entries.empty());
}

TEST(BitswapMessageTest, BlocksAreNamedByWhatTheyHold) {
    Bytes const data{1, 2, 3};
    BitswapAnswer answer{{{raw_cid(sha256(data)), data}}, {{raw_cid(sha256(as_bytes("b"))).encode(), false}}};
    auto const bytes = encode_bitswap_answer(answer);
    // payload {prefix: 01 55 12 20, data: 01 02 03}, then the presence
    EXPECT_EQ((Bytes{bytes.begin(), bytes.begin() + 13}),
              (Bytes{0x1a, 11, 0x0a, 4, 0x01, 0x55, 0x12, 0x20, 0x12, 3, 1, 2, 3}));
    auto const read = decode_bitswap_answer(bytes);
    ASSERT_TRUE(read);
    ASSERT_EQ(read->blocks.size(), 1U);
    EXPECT_EQ(read->blocks[0].cid, raw_cid(sha256(data)));
    EXPECT_EQ(read->presences, answer.presences);
}

TEST(BitswapMessageTest, WhatIsMalformedOrTooMuchIsRefused) {
    auto const list_of = [](Bytes const& entry, std::size_t count) {
        ProtoWriter list;
        for (std::size_t i = 0; i < count; ++i) list.bytes(1, entry);
        ProtoWriter message;
        message.bytes(1, list.message());
        return message.message();
    };
    ProtoWriter large;
    large.bytes(1, Bytes(k_bitswap_cid_bytes_max + 1, 1));
    ProtoWriter fits;
    fits.bytes(1, Bytes(k_bitswap_cid_bytes_max, 1));
    EXPECT_TRUE(decode_bitswap_wants(list_of(fits.message(), 4096)));
    EXPECT_FALSE(decode_bitswap_wants(list_of(fits.message(), 4097)));
    EXPECT_EQ(decode_bitswap_wants(list_of(large.message(), 1)).error().code, Errc::too_large);
    EXPECT_FALSE(decode_bitswap_wants(list_of({}, 1)));           // No CID.
    EXPECT_FALSE(decode_bitswap_wants(Bytes{0x0a, 5, 1}));         // Cut short.
    EXPECT_FALSE(decode_bitswap_wants(Bytes{0x08, 5}));            // A number in place of a list.
    EXPECT_FALSE(decode_bitswap_answer(Bytes{0x1a, 2, 0x12, 0}));  // A block without a prefix.
}

}  // namespace
}  // namespace ggen::p2p
