#include "merkle/tile_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "merkle/testing/memory_log.hpp"

namespace ggen::merkle {
namespace {

using testing::MemoryLog;
using testing::test_entry;

/// 1..300 one by one, then strides that are prime, so that every residue of 256 comes near.
std::vector<std::uint64_t> swept_sizes() {
    std::vector<std::uint64_t> sizes;
    for (std::uint64_t size = 1; size <= 300; ++size) sizes.push_back(size);
    for (std::uint64_t size = 313; size <= 1'100; size += 37) sizes.push_back(size);
    for (std::uint64_t const size : {511, 512, 513, 767, 768, 769, 1023, 1024, 1025, 1100}) sizes.push_back(size);
    std::sort(sizes.begin(), sizes.end());
    return sizes;
}

/// A reader that also holds whatever it offers for caching against the honest files.
class WatchedReader {
public:
    WatchedReader(MemoryLog& log, Checkpoint checkpoint)
        : reader(std::move(checkpoint), log.source(), [this, &log](std::string const& path, BytesView bytes) {
              ++verified_count;
              auto const honest = log.files.find(path);
              EXPECT_TRUE(honest != log.files.end() && std::equal(bytes.begin(), bytes.end(),
                                                                  honest->second.begin(), honest->second.end()))
                  << "offered for caching: " << path;
          }) {}
    TileReader reader;
    int verified_count = 0;
};

/// A question that cannot be answered without the piece `id`.
Result<void> ask_for(TileReader& reader, TileId const& id) {
    if (id.level < 0) {
        RETURN_IF_ERROR(reader.entries(id.index));
        return ok();
    }
    auto const shift = 8U * static_cast<unsigned>(id.level + 1);
    ASSIGN_OR_RETURN(auto const ignored, reader.leaf(id.index << shift));
    static_cast<void>(ignored);
    return ok();
}

std::vector<TileId> pieces_of(std::uint64_t size) {
    auto pieces = tiles_of(size);
    auto const bundles = bundles_of(size);
    pieces.insert(pieces.end(), bundles.begin(), bundles.end());
    return pieces;
}

TEST(TileStoreTest, WriterStoresWhatASizeNamesAndTheRootAgreesWithASecondPath) {
    MemoryLog log;
    std::vector<Digest> leaves;
    for (auto const size : swept_sizes()) {
        log.grow_to(size);
        while (leaves.size() < size) leaves.push_back(leaf_hash(test_entry(leaves.size())));
        ASSERT_EQ(log.checkpoint().root, root_of(leaves)) << size;
        auto const recomputed = recompute_root(log.source(), size);
        ASSERT_TRUE(recomputed);
        ASSERT_EQ(*recomputed, log.checkpoint().root) << size;
        for (auto const& id : pieces_of(size)) ASSERT_TRUE(log.files.contains(id.path())) << id.path();
    }
}

TEST(TileStoreTest, GrowthGivesExactlyTheFilesThatTheSmallerLogLacks) {
    for (std::uint64_t const from : {0, 1, 100, 255, 256, 257, 700}) {
        for (std::uint64_t const by : {0, 1, 155, 156, 300, 600}) {
            MemoryLog log{from};
            std::vector<Bytes> entries;
            entries.reserve(by);
            for (std::uint64_t i = 0; i < by; ++i) entries.push_back(test_entry(from + i));
            auto const growth = grow_log(log.edge(), entries);
            ASSERT_TRUE(growth);

            std::vector<std::string> written;
            for (auto const& file : growth->files) written.push_back(file.path);
            std::vector<std::string> expected;
            for (auto const& id : bundles_of(from + by, from)) expected.push_back(id.path());
            for (auto const& id : tiles_of(from + by, from)) expected.push_back(id.path());
            EXPECT_EQ(written, expected) << from << " + " << by;
            MemoryLog const whole{from + by};
            for (auto const& file : growth->files) EXPECT_EQ(file.bytes, whole.files.at(file.path)) << file.path;
        }
    }
}

TEST(TileStoreTest, ReaderAnswersEveryQuestionAboutAnHonestLog) {
    MemoryLog log{1'000};
    WatchedReader watched{log, log.checkpoint()};
    auto& reader = watched.reader;
    auto const root = log.checkpoint().root;
    for (std::uint64_t index = 0; index < 1'000; ++index) {
        auto const proof = reader.prove_inclusion(index);
        ASSERT_TRUE(proof);
        ASSERT_TRUE(check_inclusion(leaf_hash(test_entry(index)), index, 1'000, *proof, root));
    }
    for (std::uint64_t old_size = 0; old_size <= 1'000; ++old_size) {
        auto const proof = reader.prove_consistency(old_size);
        auto const old_root = reader.root_at(old_size);
        ASSERT_TRUE(proof && old_root);
        ASSERT_TRUE(check_consistency(old_size, *old_root, 1'000, root, *proof)) << old_size;
    }
    for (std::uint64_t index : {0, 255, 256, 999}) EXPECT_EQ(reader.entry(index).value(), test_entry(index));
    EXPECT_EQ(reader.entries(3)->size(), 1'000U - 768U);
    EXPECT_EQ(reader.subtree(0, 1'000).value(), root);
    EXPECT_GT(watched.verified_count, 0);
}

TEST(TileStoreTest, ReaderResumesAWriter) {
    MemoryLog log;
    for (std::uint64_t const size : {0, 1, 255, 256, 300, 512, 700}) {
        log.grow_to(size);
        TileReader reader{log.checkpoint(), log.source()};
        auto const edge = reader.edge();
        ASSERT_TRUE(edge) << size;
        EXPECT_EQ(edge_root(*edge).value(), log.checkpoint().root);
        auto const growth = grow_log(*edge, {test_entry(size)});
        ASSERT_TRUE(growth) << size;
        EXPECT_EQ(growth->root, MemoryLog{size + 1}.checkpoint().root);
    }
}

TEST(TileStoreTest, ReplayGoesOnFromAnEarlierSize) {
    MemoryLog log{700};
    for (std::uint64_t const from : {0, 1, 256, 300, 699, 700}) {
        TreeBuilder builder;
        for (std::uint64_t i = 0; i < from; ++i) builder.append(leaf_hash(test_entry(i)));
        auto const replayed = replay_entries(log.source(), 700, builder);
        ASSERT_TRUE(replayed) << from;
        EXPECT_EQ(replayed->root(), log.checkpoint().root);
    }
    EXPECT_FALSE(replay_entries(log.source(), 699, replay_entries(log.source(), 700).value()));
    EXPECT_FALSE(recompute_root(log.source(), 701)) << "a bundle of another width is not stored";
}

TEST(TileStoreTest, QuestionsOutsideTheLogAreRefused) {
    MemoryLog log{300};
    TileReader reader{log.checkpoint(), log.source()};
    EXPECT_FALSE(reader.subtree(0, 301));
    EXPECT_FALSE(reader.subtree(5, 5));
    EXPECT_FALSE(reader.leaf(300));
    EXPECT_FALSE(reader.entry(300));
    EXPECT_FALSE(reader.entries(2));
    EXPECT_FALSE(reader.entries(std::uint64_t{1} << 60U));
    EXPECT_FALSE(reader.prove_inclusion(300));
    EXPECT_FALSE(reader.prove_consistency(301));
    TileReader full{MemoryLog{256}.checkpoint(), log.source()};
    EXPECT_FALSE(full.entries(1));
}

TEST(TileStoreTest, EmptyLogHasOnlyTheEmptyRoot) {
    MemoryLog log;
    TileReader reader{log.checkpoint(), log.source()};
    EXPECT_TRUE(reader.edge());
    EXPECT_TRUE(reader.prove_consistency(0));
    EXPECT_FALSE(reader.entries(0));
    auto lie = log.checkpoint();
    lie.root = Digest{};
    TileReader lied{lie, log.source()};
    EXPECT_FALSE(lied.edge());
}

TEST(TileStoreTest, FullPiecesStandInForMissingPartialOnes) {
    MemoryLog log{300};
    auto const old = log.checkpoint();
    MemoryLog grown{70'000};
    for (auto const& id : pieces_of(300)) {
        if (id.is_partial()) grown.files.erase(id.path());
    }
    MemoryLog const honest{300};
    std::map<std::string, Bytes> offered;
    TileReader reader{old, grown.source(),
                      [&](std::string const& path, BytesView bytes) { offered[path] = {bytes.begin(), bytes.end()}; }};
    EXPECT_EQ(reader.entry(299).value(), test_entry(299));
    EXPECT_TRUE(reader.prove_inclusion(10));
    for (auto const& [path, bytes] : offered) EXPECT_EQ(bytes, honest.files.at(path)) << path;
    EXPECT_TRUE(offered.contains("tile/entries/001.p/44"));
}

struct Forgery {
    char const* name;
    void (*change)(Bytes& bytes);

    [[nodiscard]] Bytes of(Bytes honest) const {
        change(honest);
        return honest;
    }
};
constexpr Forgery k_forgeries[] = {
    {"first byte changed", [](Bytes& b) { b.front() = static_cast<std::uint8_t>(b.front() ^ 1U); }},
    {"last byte changed", [](Bytes& b) { b.back() = static_cast<std::uint8_t>(b.back() ^ 0x80U); }},
    {"all zero", [](Bytes& b) { b.assign(b.size(), 0); }},
    {"one byte short", [](Bytes& b) { b.pop_back(); }},
    {"one hash short", [](Bytes& b) { b.resize(b.size() - std::min<std::size_t>(b.size(), 32)); }},
    {"one byte long", [](Bytes& b) { b.push_back(0); }},
    {"one hash long", [](Bytes& b) { b.resize(b.size() + 32); }},
    {"empty", [](Bytes& b) { b.clear(); }},
};

TEST(TileStoreTest, EveryForgedPieceOfEverySweptSizeIsRefused) {
    MemoryLog log;
    std::size_t round = 0;
    for (auto const size : swept_sizes()) {
        log.grow_to(size);
        for (auto const& id : pieces_of(size)) {
            auto const path = id.path();
            for (std::size_t i = 0; i < std::size(k_forgeries); ++i) {
                // Above 300 two forgeries a piece, in turn, keep the sweep quick.
                if (size > 300 && i % 4 != round % 4) continue;
                log.overlay = {{path, k_forgeries[i].of(log.files.at(path))}};
                WatchedReader watched{log, log.checkpoint()};
                auto const answer = ask_for(watched.reader, id);
                ASSERT_FALSE(answer) << path << " of " << size << ": " << k_forgeries[i].name;
                ASSERT_EQ(answer.error().code, Errc::corrupt) << answer.error().context;
                ASSERT_EQ(answer.error().id, ErrorId::tile_invalid);
            }
            ++round;
        }
        log.overlay.clear();
    }
}

/// A leaf tile and the bundle that fits it, both forged: what CVE-2026-56865 let pass.
void forge_leaves(MemoryLog& log, std::uint64_t index) {
    std::vector<Bytes> entries;
    std::vector<Digest> hashes;
    entries.reserve(k_tile_width);
    hashes.reserve(k_tile_width);
    for (unsigned i = 0; i < k_tile_width; ++i) {
        entries.push_back(to_bytes("forged " + std::to_string(i)));
        hashes.push_back(leaf_hash(entries.back()));
    }
    log.overlay[TileId{0, index, k_tile_width}.path()] = encode_tile(hashes);
    log.overlay[TileId{TileId::k_entries_level, index, k_tile_width}.path()] = encode_bundle(entries).value();
}

TEST(TileStoreTest, ForgedLeavesWithFittingBundlesAreRefusedAtEveryFullTile) {
    MemoryLog log;
    for (std::uint64_t const size : {256, 257, 512, 513, 768, 1'024, 1'100}) {
        log.grow_to(size);
        for (std::uint64_t index = 0; index < size / k_tile_width; ++index) {
            log.overlay.clear();
            forge_leaves(log, index);
            WatchedReader watched{log, log.checkpoint()};
            EXPECT_FALSE(watched.reader.entries(index)) << size;
            EXPECT_FALSE(watched.reader.leaf(index * k_tile_width));
            EXPECT_FALSE(watched.reader.prove_inclusion(index * k_tile_width));
        }
    }
}

TEST(TileStoreTest, NoneOfThe273FullLeafTilesOfALogOf70000CanBeForged) {
    MemoryLog log{70'000};
    for (std::uint64_t index = 0; index < 273; ++index) {
        log.overlay.clear();
        forge_leaves(log, index);
        WatchedReader watched{log, log.checkpoint()};
        ASSERT_FALSE(watched.reader.entries(index)) << index;
        ASSERT_FALSE(watched.reader.leaf(index * k_tile_width + 255)) << index;
    }
    log.overlay.clear();
    for (auto const& id : tiles_of(70'000)) {
        if (id.level == 0 && id.index > 1 && id.index < 272) continue;
        for (auto const& forgery : k_forgeries) {
            log.overlay = {{id.path(), forgery.of(log.files.at(id.path()))}};
            WatchedReader watched{log, log.checkpoint()};
            ASSERT_FALSE(ask_for(watched.reader, id)) << id.path() << ": " << forgery.name;
        }
    }
}

TEST(TileStoreTest, SwappedTilesAreRefused) {
    MemoryLog log{768};
    for (auto const& id : pieces_of(768)) {
        for (auto const& other : pieces_of(768)) {
            if (id == other || (id.level < 0) != (other.level < 0)) continue;
            log.overlay = {{id.path(), log.files.at(other.path())}};
            WatchedReader watched{log, log.checkpoint()};
            EXPECT_FALSE(ask_for(watched.reader, id)) << other.path() << " served as " << id.path();
        }
    }
}

TEST(TileStoreTest, WriterRefusesEdgesThatDoNotFitAndEntriesOverTheLimit) {
    MemoryLog const log{300};
    auto missing = log.edge();
    missing.tiles.pop_back();
    EXPECT_FALSE(grow_log(missing, {}));
    auto longer = log.edge();
    longer.tiles[0].emplace_back();
    EXPECT_FALSE(grow_log(longer, {}));
    auto other_size = log.edge();
    other_size.size = 301;
    EXPECT_FALSE(grow_log(other_size, {}));
    EXPECT_FALSE(edge_root(other_size));

    EXPECT_TRUE(grow_log({}, {Bytes(k_entry_bytes_max)}));
    auto const too_large = grow_log({}, {Bytes(k_entry_bytes_max + 1)});
    ASSERT_FALSE(too_large);
    EXPECT_EQ(too_large.error().code, Errc::too_large);
    EXPECT_TRUE(grow_log({}, std::vector<Bytes>(k_tile_width, Bytes(4096))));
    EXPECT_FALSE(grow_log({}, std::vector<Bytes>(k_tile_width, Bytes(4097))));
}

TEST(TileStoreTest, ErrorsOfTheSourceArePassedOn) {
    MemoryLog log{300};
    auto const checkpoint = log.checkpoint();
    log.files.erase("tile/0/000");
    TileReader reader{checkpoint, log.source()};
    auto const missing = reader.leaf(0);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, Errc::not_found);
    EXPECT_TRUE(reader.leaf(299)) << "other tiles still answer";
    TileReader down{checkpoint, [](std::string const&, std::uint64_t) -> Result<Bytes> {
                        return Error{Errc::unavailable, "down"};
                    }};
    EXPECT_EQ(down.leaf(0).error().code, Errc::unavailable);
}

}  // namespace
}  // namespace ggen::merkle
