#include "registry/witness.hpp"

#include <gtest/gtest.h>

#include "base/testing/fakes.hpp"
#include "base/testing/fault_file_system.hpp"
#include "base/testing/temp_dir.hpp"
#include "codec/base64.hpp"
#include "merkle/tree.hpp"
#include "registry/testing/registry_fixture.hpp"

namespace ggen {
namespace {

constexpr char const* k_origin = "log.example/main";

struct Witnessed {
    Witnessed() {
        for (std::size_t i = 0; i < 70; ++i) {
            leaves.push_back(merkle::leaf_hash(as_bytes(std::to_string(i))));
        }
        witness.add_log(key.verifier());
    }
    [[nodiscard]] Digest root(std::size_t size) const { return merkle::root_of(std::span{leaves}.first(size)); }
    [[nodiscard]] std::string note(std::size_t size, Digest const& root, merkle::SignerKey const& signer) const {
        merkle::Note made{merkle::Checkpoint{k_origin, size, root}.text(), {}};
        made.sign(signer);
        return made.print();
    }
    [[nodiscard]] std::string proof(std::size_t old_size, std::size_t size) const {
        auto const hash = [&](std::uint64_t begin, std::uint64_t end) -> Result<Digest> {
            return merkle::root_of(std::span{leaves}.subspan(begin, end - begin));
        };
        std::string lines;
        if (old_size == 0 || old_size == size) return lines;
        auto const hashes = merkle::consistency_proof(old_size, size, hash).value();
        for (auto const& one : hashes) {
            lines += base64_encode(one.view()) + "\n";
        }
        return lines;
    }
    [[nodiscard]] std::string body(std::size_t old_size, std::size_t size) const {
        return "old " + std::to_string(old_size) + "\n" + proof(old_size, size) + "\n" + note(size, root(size), key);
    }

    testing::TempDir dir;
    testing::FaultFileSystem disk{dir.files()};
    testing::FakeClock clock;
    merkle::SignerKey key = testing::make_key(k_origin, 1);
    merkle::SignerKey cosigner = testing::make_key("witness.example/w", 2, merkle::KeyType::cosignature_ed25519);
    std::vector<Digest> leaves;
    Witness witness{disk, clock, dir / "", cosigner};
};

TEST(WitnessTest, CosignsWhatExtendsWhatItCosignedLast) {
    Witnessed it;
    std::size_t old_size = 0;
    for (std::size_t const size : {1U, 2U, 7U, 7U, 8U, 64U, 70U}) {
        auto const request = it.body(old_size, size);
        auto const answer = it.witness.add_checkpoint(request);
        ASSERT_EQ(answer.status, 200) << old_size << " " << size << ": " << answer.body;
        // The note with the answer behind it is one that both signed.
        auto const signed_note = it.note(size, it.root(size), it.key) + answer.body;
        auto const opened = merkle::open_checkpoint(signed_note, it.key.verifier(), {it.cosigner.verifier()});
        ASSERT_TRUE(opened.has_value()) << opened.error().context;
        EXPECT_EQ(opened->cosigned_at, it.clock.wall_now());
        EXPECT_EQ(it.witness.checkpoint(k_origin), signed_note);
        old_size = size;
    }
    // Another process goes on from there.
    Witness again{it.disk, it.clock, it.dir / "", it.cosigner};
    again.add_log(it.key.verifier());
    EXPECT_EQ(again.add_checkpoint(it.body(0, 5)).body, "70\n");
}

TEST(WitnessTest, AnswersAsTheSpecificationSays) {
    Witnessed it;
    ASSERT_EQ(it.witness.add_checkpoint(it.body(0, 10)).status, 200);
    auto const status = [&](std::string const& body) { return it.witness.add_checkpoint(body).status; };
    auto const good = it.body(10, 20);

    EXPECT_EQ(status("old 10\n\n" + it.note(20, it.root(20), testing::make_key(k_origin, 9))), 403);
    EXPECT_EQ(status("old 30\n\n" + it.note(20, it.root(20), it.key)), 400);
    auto const stale = it.witness.add_checkpoint(it.body(9, 20));
    EXPECT_EQ(stale.status, 409);
    EXPECT_TRUE(stale.is_size);
    EXPECT_EQ(stale.body, "10\n");
    EXPECT_EQ(status("old 10\n\n" + it.note(10, sha256(as_bytes("other")), it.key)), 409);
    EXPECT_EQ(status("old 10\n\n" + it.note(20, it.root(20), it.key)), 422);
    EXPECT_EQ(status("old 10\n" + it.proof(10, 20) + "\n" + it.note(20, sha256(as_bytes("other")), it.key)), 422);
    EXPECT_EQ(status("old 10\n" + it.proof(10, 20) + it.proof(10, 20) + "\n" + it.note(20, it.root(20), it.key)), 422);
    for (auto const& bad : {std::string{}, std::string{"old"}, std::string{"old 010\n\n"}, "old -1\n\n" + good,
                            "new 10" + good.substr(6), good.substr(0, good.size() / 2), "old 10\nnonsense\n\n" + good,
                            std::string(k_witness_request_bytes_max + 1, 'x')}) {
        EXPECT_NE(status(bad), 200) << bad.substr(0, 40);
    }
    Witnessed other;
    other.witness.remove_log(k_origin);
    EXPECT_EQ(other.witness.add_checkpoint(other.body(0, 5)).status, 404);
    EXPECT_EQ(other.witness.checkpoint(k_origin), std::nullopt);
    EXPECT_EQ(status(good), 200);
}

TEST(WitnessTest, WithTheFirstCheckpointNoProofIsTaken) {
    Witnessed it;
    EXPECT_EQ(it.witness.add_checkpoint("old 0\n" + it.proof(5, 10) + "\n" + it.note(10, it.root(10), it.key)).status,
              422);
    EXPECT_EQ(it.witness.add_checkpoint(it.body(0, 10)).status, 200);
}

TEST(WitnessTest, WhatIsNotDurableIsNotCosigned) {
    Witnessed it;
    ASSERT_EQ(it.witness.add_checkpoint(it.body(0, 10)).status, 200);
    it.disk.fail_at(1, testing::FaultMode::not_done, true);
    EXPECT_EQ(it.witness.add_checkpoint(it.body(10, 20)).status, 500);
    it.disk.fail_at(0, testing::FaultMode::not_done, false);
    EXPECT_EQ(it.witness.add_checkpoint(it.body(10, 20)).status, 200);
    // A file that was damaged is no reason to begin anew.
    auto const path = it.dir / sha256(as_bytes(k_origin)).hex();
    ASSERT_TRUE(it.dir.files().write_file_atomic(path, as_bytes("torn"), Sync::none).has_value());
    EXPECT_EQ(it.witness.add_checkpoint(it.body(0, 30)).status, 500);
}

}  // namespace
}  // namespace ggen
