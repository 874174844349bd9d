#include "metadata/index_file.hpp"

#include <gtest/gtest.h>

#include <map>

#include "base/testing/fault_file_system.hpp"
#include "base/testing/temp_dir.hpp"
#include "metadata/index_chain.hpp"
#include "metadata/testing/memory_file.hpp"
#include "metadata/testing/sample_packages.hpp"

namespace ggen::metadata {
namespace {

using testing::sample_name;
using testing::sample_package;

using Records = std::map<PackageName, Bytes>;

Records sample_records(std::uint64_t count, std::uint64_t seed) {
    Records out;
    for (std::uint64_t i = 0; i < count; ++i) {
        auto const package = sample_package(sample_name(i), seed + i);
        out.emplace(package.name, package.encode());
    }
    return out;
}

Digest digest_of(std::string_view text) { return sha256(as_bytes(text)); }

struct IndexFileTest : ::testing::Test {
    void write(Records const& records, IndexOrigin const& origin = {}) {
        auto writer = IndexWriter::create(dir_.files(), path_, origin).value();
        for (auto const& [name, bytes] : records) ASSERT_TRUE(writer->add(PackageRecord::open(bytes).value()));
        ASSERT_TRUE(writer->finish(Sync::none));
    }
    std::unique_ptr<IndexFile> open() { return IndexFile::open(dir_.files(), path_).value(); }
    Bytes read(std::string const& path) { return dir_.files().read_file(path, k_gib).value(); }
    void expect_all(auto& index, Records const& records) {
        for (auto const& [name, bytes] : records) {
            auto const found = index.find(name.text());
            ASSERT_TRUE(found) << found.error().context;
            ASSERT_TRUE(found->has_value()) << name.text();
            ASSERT_TRUE(std::equal(bytes.begin(), bytes.end(), (*found)->bytes().begin(), (*found)->bytes().end()));
        }
    }

    ggen::testing::TempDir dir_;
    std::string path_ = dir_ / "index";
    std::string chain_path_ = dir_ / "chain";
};

TEST_F(IndexFileTest, FindsEveryPackageAndNoOther) {
    for (std::uint64_t const count : {0U, 1U, 255U, 256U, 700U}) {
        auto const records = sample_records(count, 5);
        write(records, {digest_of("log"), 77, 0});
        auto const index = open();
        EXPECT_EQ(index->trailer().packages, count);
        EXPECT_EQ(index->trailer().log_size, 77U);
        EXPECT_EQ(index->trailer().source, digest_of("log"));
        EXPECT_EQ(index->trailer().levels, count <= 255 ? 1U : 2U);
        expect_all(*index, records);
        for (std::uint64_t i = count; i < count + 500; ++i) ASSERT_FALSE(index->find(sample_name(i)).value());
        auto const verified = index->verify();
        EXPECT_TRUE(verified) << verified.error().context;
    }
}

TEST_F(IndexFileTest, ThreeLevelsOfPagesFindAsWell) {
    Records records;
    auto package = sample_package("a", 3);
    package.releases.resize(1);
    package.releases[0].needs.clear();
    auto writer = IndexWriter::create(dir_.files(), path_, {}).value();
    constexpr std::uint64_t k_count = 66'000;
    for (std::uint64_t i = 0; i < k_count; ++i) {
        package.name = PackageName::parse(sample_name(i)).value();
        auto const bytes = package.encode();
        ASSERT_TRUE(writer->add(PackageRecord::open(bytes).value()));
    }
    ASSERT_TRUE(writer->finish(Sync::durable));
    auto const index = open();
    EXPECT_EQ(index->trailer().levels, 3U);
    for (std::uint64_t i = 0; i < k_count; i += 7) ASSERT_TRUE(index->find(sample_name(i)).value());
    for (std::uint64_t i = k_count; i < k_count + 1'000; ++i) ASSERT_FALSE(index->find(sample_name(i)).value());
}

TEST_F(IndexFileTest, EveryFlippedBitIsAnErrorAndNoneACrash) {
    auto const records = sample_records(3, 11);
    write(records);
    auto const bytes = read(path_);
    for (std::size_t bit = 0; bit < bytes.size() * 8; bit += 9) {  // One bit of every byte.
        auto damaged = bytes;
        damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ (1U << (bit % 8)));
        auto const index = IndexFile::from(std::make_shared<testing::MemoryFile const>(damaged));
        if (!index) continue;
        for (auto const& [name, record] : records) {
            auto const found = (*index)->find(name.text());
            if (!found) continue;
            // What is found is what was written; the flip lies elsewhere.
            ASSERT_TRUE(found->has_value());
            ASSERT_TRUE(std::equal(record.begin(), record.end(), (*found)->bytes().begin(), (*found)->bytes().end()));
        }
        ASSERT_FALSE((*index)->verify()) << "bit " << bit;
    }
}

TEST_F(IndexFileTest, EveryCutIsAnError) {
    write(sample_records(4, 2));
    auto const bytes = read(path_);
    for (std::size_t length = 0; length < bytes.size(); length += 61) {
        auto const cut = std::make_shared<testing::MemoryFile const>(BytesView{bytes}.first(length));
        ASSERT_FALSE(IndexFile::from(cut)) << length;
    }
}

TEST_F(IndexFileTest, RefusesNamesOutOfOrder) {
    auto writer = IndexWriter::create(dir_.files(), path_, {}).value();
    auto const b = sample_package("b", 1).encode();
    auto const a = sample_package("a", 1).encode();
    ASSERT_TRUE(writer->add(PackageRecord::open(b).value()));
    EXPECT_FALSE(writer->add(PackageRecord::open(a).value()));
    EXPECT_FALSE(writer->add(PackageRecord::open(b).value()));
    writer.reset();
    EXPECT_FALSE(dir_.files().info(path_));
    EXPECT_TRUE(dir_.files().list(dir_.path())->empty());
}

TEST_F(IndexFileTest, AChainAnswersWithTheNewestRecord) {
    auto expected = sample_records(60, 1);
    ASSERT_TRUE(IndexChain::append(dir_.files(), chain_path_, {digest_of("1"), 10, 0}, expected, Sync::none));
    for (std::uint64_t round = 2; round < 40; ++round) {
        IndexChain::Changes changes;
        for (std::uint64_t i = 0; i < 3; ++i) {
            auto const package = sample_package(sample_name((round * 17 + i * 29) % 90), round * 1'000 + i);
            changes[package.name] = package.encode();
            expected[package.name] = package.encode();
        }
        IndexOrigin const origin{digest_of(std::to_string(round)), round * 10, 0};
        ASSERT_TRUE(IndexChain::append(dir_.files(), chain_path_, origin, changes, Sync::none));
        auto const chain = IndexChain::open(dir_.files(), chain_path_).value();
        ASSERT_LE(chain->file_count(), IndexChain::k_changes_max);
        ASSERT_EQ(chain->newest().log_size, round * 10);
        expect_all(*chain, expected);
        ASSERT_TRUE(chain->verify());
    }
    // Merged, the bytes are those of an index that is written at once.
    ASSERT_TRUE(IndexChain::merge(dir_.files(), chain_path_, Sync::none));
    auto const entries = dir_.files().list(chain_path_).value();
    ASSERT_EQ(entries.size(), 1U);
    write(expected, {digest_of("39"), 390, 0});
    EXPECT_EQ(read(join_path(chain_path_, entries[0].name)), read(path_));
}

TEST_F(IndexFileTest, AChainThatLacksAFileIsDamaged) {
    EXPECT_EQ(IndexChain::open(dir_.files(), chain_path_).error().code, Errc::not_found);
    ASSERT_TRUE(IndexChain::append(dir_.files(), chain_path_, {}, sample_records(400, 1), Sync::none));
    ASSERT_TRUE(IndexChain::append(dir_.files(), chain_path_, {}, sample_records(1, 2), Sync::none));
    ASSERT_EQ(IndexChain::open(dir_.files(), chain_path_).value()->file_count(), 2U);
    ASSERT_TRUE(dir_.files().remove_file(chain_file_path(chain_path_, 1)));
    EXPECT_EQ(IndexChain::open(dir_.files(), chain_path_).error().code, Errc::corrupt);
}

TEST_F(IndexFileTest, AWriterThatFailsLeavesTheChainAsItWas) {
    auto const before = sample_records(40, 1);
    ASSERT_TRUE(IndexChain::append(dir_.files(), chain_path_, {digest_of("1"), 1, 0}, before, Sync::durable));
    auto const changes = sample_records(40, 77);
    using ggen::testing::FaultMode;
    ggen::testing::FaultFileSystem faulty{dir_.files()};
    for (std::uint64_t fault = 1, variant = 0; variant < 4; ++fault) {
        ASSERT_LT(fault, 200U);
        faulty.fail_at(fault, variant % 2 == 0 ? FaultMode::not_done : FaultMode::persisted, variant < 2);
        auto const done = IndexChain::append(faulty, chain_path_, {digest_of("2"), 2, 0}, changes, Sync::durable);
        EXPECT_TRUE(done || faulty.has_failed());
        if (!faulty.has_failed()) {  // Past its last call: the next way to fail, on a chain as it was at first.
            fault = 0;
            ++variant;
            ASSERT_TRUE(dir_.files().remove_tree(chain_path_));
            ASSERT_TRUE(IndexChain::append(dir_.files(), chain_path_, {digest_of("1"), 1, 0}, before, Sync::none));
        }
        auto const chain = IndexChain::open(dir_.files(), chain_path_);
        ASSERT_TRUE(chain) << chain.error().context;
        expect_all(**chain, (*chain)->newest().log_size == 1 ? before : changes);
        ASSERT_TRUE((*chain)->verify());
    }
}

}  // namespace
}  // namespace ggen::metadata
