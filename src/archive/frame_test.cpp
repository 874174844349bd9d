// The compressed form: A12 and A13 of the attack catalogue.
#include "archive/frame.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zstd.h>

#include <random>
#include <string>

#include "archive/archive.hpp"

namespace ggen {
namespace {

/// A frame written by hand: header fields as given, then the blocks.
struct RawFrame {
    int size_flag = 2;  ///< 4 bytes of content size.
    bool single_segment = false;
    bool checksum = true;
    int dictionary_flag = 0;
    unsigned reserved = 0;
    unsigned window_log = 17;
    std::uint64_t content = 0;
    std::string blocks;

    [[nodiscard]] std::string bytes() const {
        std::string out{"\x28\xB5\x2F\xFD", 4};
        out += static_cast<char>(size_flag << 6 | (single_segment ? 0x20 : 0) | static_cast<int>(reserved) |
                                 (checksum ? 4 : 0) | dictionary_flag);
        if (!single_segment) out += static_cast<char>((window_log - 10U) << 3U);
        if (dictionary_flag != 0) out += std::string(std::size_t{1} << (dictionary_flag - 1), '\x07');
        auto value = size_flag == 1 ? content - 256 : content;
        for (std::size_t i = 0; i < std::size_t{1} << size_flag; ++i, value >>= 8U) {
            if (size_flag != 0 || single_segment) out += static_cast<char>(value);
        }
        return out + blocks;
    }
};

/// `count` blocks that each unpack to 128 KiB of zeros.
std::string zeros(std::size_t count, bool with_last = true) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        unsigned const header = 131072U << 3U | 1U << 1U | (with_last && i + 1 == count ? 1U : 0U);
        out += static_cast<char>(header);
        out += static_cast<char>(header >> 8U);
        out += static_cast<char>(header >> 16U);
        out += '\0';
    }
    return out;
}

std::string compress_with(std::string const& content, int level, bool checksum, bool state_size) {
    ZSTD_CCtx* const context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, checksum ? 1 : 0);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, state_size ? 1 : 0);
    std::string out(ZSTD_compressBound(content.size()), '\0');
    out.resize(ZSTD_compress2(context, out.data(), out.size(), content.data(), content.size()));
    ZSTD_freeCCtx(context);
    return out;
}

std::string skippable() { return {"\x50\x2A\x4D\x18\x04\0\0\0abcd", 12}; }

Result<Bytes> unpack(std::string_view packed, ArchiveBounds const& bounds = {}) {
    return FrameCodec{}.decompress(as_bytes(packed), bounds);
}

void expect_refused(std::string const& name, std::string const& packed, ErrorId id, std::string const& mention,
                    ArchiveBounds const& bounds = {}) {
    SCOPED_TRACE(name);
    auto const unpacked = unpack(packed, bounds);
    ASSERT_FALSE(unpacked);
    EXPECT_EQ(error_id_text(unpacked.error().id), error_id_text(id)) << unpacked.error().context;
    EXPECT_NE(unpacked.error().context.find(mention), std::string::npos) << unpacked.error().context;
}

std::string sample_content(std::size_t bytes) {
    std::mt19937_64 random{7};
    std::string content(bytes, '\0');
    for (auto& c : content) c = static_cast<char>('a' + random() % 4);
    return content;
}

TEST(FrameTest, WhatIsCompressedUnpacksToTheSame) {
    FrameCodec codec;
    for (std::size_t const size : {0U, 1U, 511U, 100'000U, 5'000'000U}) {
        auto const content = sample_content(size);
        auto const packed = codec.compress(as_bytes(content));
        ASSERT_TRUE(packed);
        EXPECT_EQ(*packed, *codec.compress(as_bytes(content))) << "not deterministic";
        auto const unpacked = codec.decompress(*packed, {});
        ASSERT_TRUE(unpacked) << size << ": " << unpacked.error().context;
        EXPECT_EQ(as_text(*unpacked), content);
    }
}

TEST(FrameTest, FramesOfOtherWritersInTheNarrowFormAreAccepted) {
    auto const content = sample_content(300'000);
    for (int const level : {1, 3, 19}) EXPECT_TRUE(unpack(compress_with(content, level, true, true))) << level;
}

TEST(FrameTest, AnythingButOnePlainFrameIsRefused) {
    auto const id = ErrorId::archive_compression;
    auto const good = compress_with(sample_content(1000), 3, true, true);
    RawFrame const frame{.content = 131072, .blocks = zeros(1)};
    auto with_dictionary = frame;
    with_dictionary.dictionary_flag = 1;
    auto wide = frame;
    wide.window_log = 27;
    auto a_bit_wide = frame;
    a_bit_wide.window_log = 24;
    auto reserved = frame;
    reserved.reserved = 0x08;
    auto unused = frame;
    unused.reserved = 0x10;
    auto single = RawFrame{.size_flag = 2, .single_segment = true, .content = 8 * k_mib + 1, .blocks = zeros(65)};
    expect_refused("two frames", good + good, id, "follow the frame");
    expect_refused("two frames, the second empty", good + compress_with("", 3, true, true), id, "follow the frame");
    expect_refused("skippable first", skippable() + good, id, "skippable");
    expect_refused("skippable last", good + skippable(), id, "follow the frame");
    expect_refused("trailing byte", good + "x", id, "follow the frame");
    expect_refused("trailing zeros", good + std::string(8, '\0'), id, "follow the frame");
    expect_refused("dictionary", with_dictionary.bytes(), id, "dictionary");
    expect_refused("window of 128 MiB", wide.bytes(), id, "window");
    expect_refused("window of 16 MiB", a_bit_wide.bytes(), id, "window");
    expect_refused("one segment over 8 MiB", single.bytes(), id, "window");
    expect_refused("reserved bit", reserved.bytes(), id, "reserved");
    expect_refused("unused bit", unused.bytes(), id, "reserved");
    expect_refused("no checksum", compress_with(sample_content(1000), 3, false, true), id, "checksum");
    expect_refused("no content size", compress_with(sample_content(1000), 3, true, false), id, "content size");
    expect_refused("gzip", std::string{"\x1F\x8B\x08\0\0\0\0\0\0\3", 10}, id, "not a zstd frame");
    expect_refused("plain tar", std::string(1024, 'x'), id, "not a zstd frame");
}

TEST(FrameTest, EveryCutAndEveryFlipOfAFrameIsRefused) {
    auto const good = compress_with(sample_content(600), 3, true, true);
    for (std::size_t size = 0; size < good.size(); ++size) {
        auto const unpacked = unpack(good.substr(0, size));
        ASSERT_FALSE(unpacked) << size;
        ASSERT_EQ(unpacked.error().id, ErrorId::archive_truncated) << size << ": " << unpacked.error().context;
    }
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        auto changed = good;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
        auto const unpacked = unpack(changed);
        if (unpacked) { ASSERT_EQ(as_text(*unpacked), sample_content(600)) << "byte " << bit / 8; }
    }
}

TEST(FrameTest, AContentSizeThatLiesIsRefused) {
    auto const id = ErrorId::archive_compression;
    expect_refused("declares less", RawFrame{.content = 65536, .blocks = zeros(1)}.bytes(), id, "");
    expect_refused("declares more", RawFrame{.content = std::uint64_t{2} * 131072, .blocks = zeros(1)}.bytes(), id, "");
    expect_refused("declares far more than can be", RawFrame{.content = 400 * k_mib, .blocks = zeros(1)}.bytes(), id,
                   "more than a frame of its size can hold");
    expect_refused("bomb behind a small size", RawFrame{.content = k_mib, .blocks = zeros(8000)}.bytes(), id, "");
    expect_refused("bomb without an end", RawFrame{.content = 5 * k_mib, .blocks = zeros(8000, false)}.bytes(), id, "");
}

TEST(FrameTest, BombsAreRefusedBeforeAnythingIsAllocated) {
    auto const bomb = RawFrame{.content = 600 * k_mib, .blocks = zeros(4800)}.bytes();
    auto huge = RawFrame{.size_flag = 3, .content = ~std::uint64_t{0} >> 1U, .blocks = zeros(1)}.bytes();

    rusage before{};
    getrusage(RUSAGE_SELF, &before);
    expect_refused("600 MiB in 19 KiB", bomb, ErrorId::archive_too_large, "over the limit of 536870912");
    expect_refused("2^63 bytes", huge, ErrorId::archive_too_large, "over the limit");
    rusage after{};
    getrusage(RUSAGE_SELF, &after);

    EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 32 * 1024) << "kilobytes";
}

TEST(FrameTest, ADeclaredSizeThatDoesNotComeCostsNoMemory) {
    // Room for 500 MiB is declared; the first block is broken.
    auto blocks = zeros(4000);
    blocks[0] = static_cast<char>(blocks[0] | 6);  // Block type 3: reserved.
    auto const frame = RawFrame{.content = 500 * k_mib, .blocks = blocks}.bytes();

    rusage before{};
    getrusage(RUSAGE_SELF, &before);
    expect_refused("broken", frame, ErrorId::archive_compression, "");
    rusage after{};
    getrusage(RUSAGE_SELF, &after);

    // The address sanitizer keeps a byte of its own for eight of ours.
    EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 96 * 1024) << "kilobytes";
}

TEST(FrameTest, LimitsHoldAtTheLimitAndOnePastIt) {
    auto const packed = compress_with(std::string(100'000, 'x'), 3, true, true);  // About 40 bytes: ratio 2000.
    ArchiveBounds const at_floor{.unpacked_floor_bytes = 100'000};
    ArchiveBounds const below_floor{.unpacked_floor_bytes = 99'999};
    auto const random_content = sample_content(10'000);
    auto const dense = compress_with(random_content, 3, true, true);
    auto const ratio = random_content.size() / dense.size() + 1;
    ArchiveBounds const within_ratio{.unpacked_floor_bytes = 1, .unpacked_ratio_max = ratio};
    ArchiveBounds const over_ratio{.unpacked_floor_bytes = 1, .unpacked_ratio_max = ratio - 1};
    ArchiveBounds const at_packed{.packed_bytes_max = packed.size()};
    ArchiveBounds const over_packed{.packed_bytes_max = packed.size() - 1};

    EXPECT_TRUE(unpack(packed, at_floor));
    expect_refused("floor", packed, ErrorId::archive_too_large, "over the limit of 99999", below_floor);
    EXPECT_TRUE(unpack(dense, within_ratio));
    expect_refused("ratio", dense, ErrorId::archive_too_large, "over the limit", over_ratio);
    EXPECT_TRUE(unpack(packed, at_packed));
    expect_refused("packed", packed, ErrorId::archive_too_large, "over the limit", over_packed);
}

TEST(FrameTest, AnotherSizeThanTheExpectedOneIsRefused) {
    auto const packed = compress_with(sample_content(1000), 3, true, true);
    FrameCodec codec;

    EXPECT_TRUE(codec.decompress(as_bytes(packed), {}, 1000));
    auto const refused = codec.decompress(as_bytes(packed), {}, 1001);

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id, ErrorId::archive_compression);
}

}  // namespace
}  // namespace ggen
