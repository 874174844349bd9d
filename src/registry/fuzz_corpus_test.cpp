// Keeps the fuzz targets' seeds readable: a committed seed that is no longer accepted tests nothing.
// GGEN_WRITE_CORPUS=1 writes them anew.
#include <gtest/gtest.h>

#include <cstdlib>

#include "registry/testing/registry_fixture.hpp"

namespace ggen {
namespace {

struct Seed {
    std::string path;
    Bytes bytes;
};

Bytes replay_input(std::vector<Bytes> const& entries) {
    Bytes input;
    for (auto entry : entries) {
        // The replay target counts lengths in steps of 16, so entries are cut into it by padding the key
        // name.
        input.push_back(static_cast<std::uint8_t>(entry.size() / 16));
        input.insert(input.end(), entry.begin(), entry.end());
    }
    return input;
}

/// The record signed by a key whose name is padded until the entry's length is a multiple of 16.
Bytes padded(Record const& record) {
    for (std::size_t padding = 1;; ++padding) {
        auto const entry =
            sign_record(record, {testing::make_key("acme/" + std::string(padding, 'k'), 1)}).value();
        if (entry.size() % 16 == 0) return entry;
    }
}

std::vector<Seed> make_seeds() {
    testing::RecordMaker const maker;
    auto const key = testing::make_key("acme/laptop", 1);
    auto const paper = testing::make_key("acme/paper", 2);
    auto const claim = maker.claim({ClaimSubject::Kind::name_space, "acme"}, {key}, 1, paper);
    auto const release = maker.release("acme/foo", "1.2.3-rc.1", {}, {key});
    auto const status = maker.status("acme/foo", "1.2.3", sha256(as_bytes("x")), StatusAction::yank, key);
    KeysRecord const change{"example/main", {ClaimSubject::Kind::name_space, "acme"}, {paper.verifier()}, 1};
    StateLeaf const leaf{3, {1'800'000'000}, 8, sha256(as_bytes("root"))};
    std::vector<Seed> seeds{{"record_fuzz/claim", claim},
                            {"record_fuzz/release", release},
                            {"record_fuzz/status", status},
                            {"record_fuzz/keys", sign_record(change, {key}).value()},
                            {"record_fuzz/state", sign_record(leaf, {}).value()}};

    testing::TestRegistry registry;
    GGEN_ASSERT(registry.create().has_value());
    seeds.push_back({"root_file_fuzz/first", to_bytes(registry.root().note)});

    NameState name{
        testing::name_of("acme/foo"), {{key.verifier()}, 1, paper.verifier()}, sha256(as_bytes("x")), {}};
    VersionState version;
    version.index = 7;
    version.version = testing::version_of("1.2.3");
    version.yanked = true;
    version.reason = StatusReason::security;
    version.first_seen = {1'800'000'000};
    name.versions.push_back(version);
    seeds.push_back({"bucket_fuzz/one", encode_bucket({&name})});
    seeds.push_back({"bucket_fuzz/empty", encode_bucket({})});

    ClaimRecord const claim_record{
        "example/main", {ClaimSubject::Kind::name_space, "acme"}, {key.verifier()}, 1, {}};
    auto const first = padded(claim_record);
    auto const second = padded(maker.release_record("acme/foo", "1.0.0"));
    auto const third = padded(maker.release_record("acme/foo", "1.1.0", merkle::leaf_hash(second)));
    StatusRecord const yank{"example/main",
                            testing::name_of("acme/foo"),
                            testing::version_of("1.0.0"),
                            merkle::leaf_hash(third),
                            StatusAction::yank,
                            StatusReason::broken,
                            {}};
    seeds.push_back(
        {"state_replay_fuzz/history", replay_input({first, second, third, padded(yank), padded(change)})});
    return seeds;
}

TEST(FuzzCorpusTest, CommittedSeedsAreCurrent) {
    auto const files = make_posix_file_system();
    for (auto const& seed : make_seeds()) {
        std::string path{GGEN_SOURCE_DIR};
        path += "/fuzz/corpus/" + seed.path;
        if (std::getenv("GGEN_WRITE_CORPUS") != nullptr) {
            ASSERT_TRUE(files->make_directories(parent_path(path)));
            ASSERT_TRUE(files->write_file_atomic(path, seed.bytes, Sync::none));
        }
        auto const stored = files->read_file(path, 1'000'000);
        ASSERT_TRUE(stored) << stored.error().context;
        EXPECT_EQ(*stored, seed.bytes) << path;
    }
}

}  // namespace
}  // namespace ggen
