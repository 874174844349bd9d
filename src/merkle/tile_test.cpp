#include "merkle/tile.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ggen::merkle {
namespace {

TEST(TileIdTest, PathsComeBack) {
    std::pair<TileId, char const*> const examples[] = {
        {{0, 0, 256}, "tile/0/000"},
        {{0, 1234067, 256}, "tile/0/x001/x234/067"},
        {{0, 1234, 17}, "tile/0/x001/234.p/17"},
        {{63, 999, 1}, "tile/63/999.p/1"},
        {{2, 1000, 255}, "tile/2/x001/000.p/255"},
        {{-1, 0, 256}, "tile/entries/000"},
        {{-1, 273, 112}, "tile/entries/273.p/112"},
        {{1, 18446744073709551615U, 256}, "tile/1/x018/x446/x744/x073/x709/x551/615"}};
    for (auto const& [id, path] : examples) {
        EXPECT_EQ(id.path(), path);
        auto const parsed = TileId::parse(path);
        ASSERT_TRUE(parsed) << path;
        EXPECT_EQ(*parsed, id);
    }
}

TEST(TileIdTest, EveryOtherSpellingIsRefused) {
    for (std::string_view const bad :
         {"", "tile", "tile/", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000",
          "tile/01/000", "tile/64/000", "tile/-1/000", "tile/+1/000", "tile//000", "tile/0/000/", "tile/0//000",
          "tile/0/x000/000", "tile/0/x00/000", "tile/0/001/000", "tile/0/x001", "tile/0/X001/000", "tile/0/-01",
          "tile/0/+01", "tile/0/ 01", "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/00",
          "tile/0/000.p/01", "tile/0/000.p/256", "tile/0/000.p/257", "tile/0/000.p/-1", "tile/0/000.p/1/",
          "tile/0/000.p/1.p/1", "tile/0/000.P/1", "tile/0/000p/1", "tile/Entries/000", "tile/entries/0",
          "tile/entries", "tile/data/000", "/tile/0/000", "tile/0/000\n", "tile/0/x018/x446/x744/x073/x709/x551/616",
          "tile/0/x001/x018/x446/x744/x073/x709/x551/615", "tile/0/../000", "checkpoint"}) {
        auto const refused = TileId::parse(bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().code, Errc::invalid);
        EXPECT_EQ(refused.error().id, ErrorId::tile_invalid);
    }
    EXPECT_FALSE(TileId::parse(std::string_view{"tile/0/000\0", 11}));
    EXPECT_FALSE(TileId::parse(std::string(100'000, 'x')));
}

std::vector<std::string> paths(std::vector<TileId> const& ids) {
    std::vector<std::string> texts;
    texts.reserve(ids.size());
    for (auto const& id : ids) texts.push_back(id.path());
    return texts;
}

TEST(TilesOfTest, NamesTheTilesOfASize) {
    EXPECT_TRUE(tiles_of(0).empty());
    EXPECT_EQ(paths(tiles_of(1)), (std::vector<std::string>{"tile/0/000.p/1"}));
    EXPECT_EQ(paths(tiles_of(256)), (std::vector<std::string>{"tile/0/000", "tile/1/000.p/1"}));
    EXPECT_EQ(paths(bundles_of(257)), (std::vector<std::string>{"tile/entries/000", "tile/entries/001.p/1"}));
    EXPECT_TRUE(bundles_of(0).empty());

    auto const large = tiles_of(70'000);
    EXPECT_EQ(std::count_if(large.begin(), large.end(),
                            [](TileId const& id) { return id.level == 0 && !id.is_partial(); }),
              273);
    EXPECT_EQ(paths({large.begin() + 273, large.end()}),
              (std::vector<std::string>{"tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"}));
}

TEST(TilesOfTest, GrowthNamesWhatASmallerTreeLacks) {
    EXPECT_TRUE(tiles_of(70'000, 70'000).empty());
    for (std::uint64_t const from : {0, 1, 255, 256, 257, 511, 600}) {
        for (std::uint64_t const to : {600, 601, 767, 768, 769, 66'000}) {
            auto const before = tiles_of(from);
            std::vector<TileId> expected;
            for (auto const& id : tiles_of(to)) {
                if (std::find(before.begin(), before.end(), id) == before.end()) expected.push_back(id);
            }
            EXPECT_EQ(paths(tiles_of(to, from)), paths(expected)) << from << " to " << to;
        }
    }
    EXPECT_EQ(paths(bundles_of(600, 300)), (std::vector<std::string>{"tile/entries/001", "tile/entries/002.p/88"}));
    EXPECT_TRUE(bundles_of(300, 300).empty());
}

TEST(BundleTest, EntriesComeBack) {
    std::vector<Bytes> const entries = {to_bytes("one"), {}, Bytes(k_entry_bytes_max, 7), to_bytes("last")};
    auto const bytes = encode_bundle(entries);
    ASSERT_TRUE(bytes);
    EXPECT_EQ(Bytes(bytes->begin(), bytes->begin() + 7), (Bytes{0, 3, 'o', 'n', 'e', 0, 0}));
    auto const decoded = decode_bundle(*bytes, 4);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, entries);
}

TEST(BundleTest, LimitsHoldAtTheLimitAndOnePast) {
    auto const past = encode_bundle({Bytes(k_entry_bytes_max + 1)});
    ASSERT_FALSE(past);
    EXPECT_EQ(past.error().code, Errc::too_large);

    std::vector<Bytes> const full(k_tile_width, Bytes(4096, 1));
    auto bytes = encode_bundle(full).value();
    EXPECT_EQ(bytes.size(), k_bundle_bytes_max);
    EXPECT_TRUE(decode_bundle(bytes, k_tile_width));
    bytes.push_back(0);
    auto const too_large = decode_bundle(bytes, k_tile_width);
    ASSERT_FALSE(too_large);
    EXPECT_EQ(too_large.error().code, Errc::too_large);
}

TEST(BundleTest, OtherCountsAndTornBytesAreRefused) {
    auto const bytes = encode_bundle({to_bytes("one"), to_bytes("two")}).value();
    EXPECT_FALSE(decode_bundle(bytes, 1));
    EXPECT_FALSE(decode_bundle(bytes, 3));
    EXPECT_FALSE(decode_bundle(bytes, 0));
    EXPECT_TRUE(decode_bundle({}, 0));
    EXPECT_FALSE(decode_bundle({}, 4'000'000'000U));
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        auto const torn = decode_bundle(BytesView{bytes}.first(length), 2);
        ASSERT_FALSE(torn) << length;
        EXPECT_EQ(torn.error().code, Errc::corrupt);
        EXPECT_EQ(torn.error().id, ErrorId::tile_invalid);
    }
}

TEST(TileTest, HashesComeBackAndOtherLengthsAreRefused) {
    std::vector<Digest> const hashes = {sha256(as_bytes("a")), sha256(as_bytes("b"))};
    auto const bytes = encode_tile(hashes);
    ASSERT_EQ(bytes.size(), 64U);
    auto const decoded = decode_tile(bytes, 2);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, hashes);
    for (unsigned const width : {0U, 1U, 3U, 256U}) EXPECT_FALSE(decode_tile(bytes, width)) << width;
    EXPECT_FALSE(decode_tile(BytesView{bytes}.first(63), 2));
}

}  // namespace
}  // namespace ggen::merkle
