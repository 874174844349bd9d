#include "registry/fork_evidence.hpp"

#include <gtest/gtest.h>

#include "base/testing/fakes.hpp"
#include "merkle/tree.hpp"
#include "registry/testing/registry_fixture.hpp"

namespace ggen {
namespace {

constexpr char const* k_origin = "example/main";

/// The leaves of one history: two of them agree up to `common`.
std::vector<Digest> history(std::size_t size, std::size_t common, std::string const& name) {
    std::vector<Digest> leaves;
    leaves.reserve(size);
    for (std::size_t i = 0; i < size; ++i) {
        auto const text = std::to_string(i) + (i < common ? "" : name);
        leaves.push_back(merkle::leaf_hash(as_bytes(text)));
    }
    return leaves;
}

Digest root_at(std::vector<Digest> const& leaves, std::size_t size) {
    return merkle::root_of(std::span{leaves}.first(size));
}

struct TwoHistories {
    std::string note(std::size_t size, Digest const& root, merkle::SignerKey const& signer) const {
        merkle::Note note{merkle::Checkpoint{k_origin, size, root}.text(), {}};
        note.sign(signer);
        return note.print();
    }
    std::string note(std::vector<Digest> const& leaves, std::size_t size) const {
        return note(size, root_at(leaves, size), key);
    }
    static std::vector<Digest> proof(std::vector<Digest> const& leaves, std::size_t then, std::size_t now) {
        auto const hash = [&](std::uint64_t begin, std::uint64_t end) -> Result<Digest> {
            return merkle::root_of(std::span{leaves}.subspan(begin, end - begin));
        };
        return merkle::consistency_proof(then, now, hash).value();
    }
    Result<ForkEvidence> evidence(std::size_t then, std::size_t now, std::size_t common) const {
        auto const left = history(then, common, "left");
        auto const right = history(now, common, "right");
        return make_fork_evidence(key.verifier(), note(left, then), note(right, now), root_at(right, then),
                                  then < now ? proof(right, then, now) : std::vector<Digest>{});
    }
    merkle::SignerKey key = testing::make_key(k_origin, 1);
};

TEST(ForkEvidenceTest, EveryForkOfEveryShapeIsProvenByADocumentThatVerifiesAlone) {
    TwoHistories const log;
    std::size_t count = 0;
    for (std::size_t then = 1; then <= 18; ++then) {
        for (std::size_t now = then; now <= 34; ++now) {
            auto const made = log.evidence(then, now, then - 1);
            ASSERT_TRUE(made.has_value()) << then << " " << now << ": " << made.error().context;
            auto const checked = check_fork_evidence(made->document(), log.key.verifier());
            ASSERT_TRUE(checked.has_value()) << then << " " << now << ": " << checked.error().context;
            EXPECT_EQ(checked->first.checkpoint.size, then);
            EXPECT_EQ(checked->second.checkpoint.size, now);
            EXPECT_EQ(checked->path(), made->path());
            ++count;
        }
    }
    EXPECT_EQ(count, 459U);
}

TEST(ForkEvidenceTest, AnHonestLogCannotBeAccused) {
    TwoHistories const log;
    auto const leaves = history(20, 20, "");
    auto const key = log.key.verifier();
    for (std::size_t then = 0; then <= 20; ++then) {
        for (std::size_t now = 0; now <= 20; ++now) {
            auto const small = log.note(leaves, then);
            auto const large = log.note(leaves, now);
            auto const proof = then < now && then > 0 ? TwoHistories::proof(leaves, then, now) : std::vector<Digest>{};
            auto const made_up = sha256(as_bytes("made up"));
            for (auto const& other : {root_at(leaves, then), root_at(leaves, now), Digest{}, made_up}) {
                EXPECT_FALSE(make_fork_evidence(key, small, large, other, proof).has_value()) << then << " " << now;
                EXPECT_FALSE(make_fork_evidence(key, small, large, other, {other}).has_value()) << then << " " << now;
            }
        }
    }
    // Somebody else's key under the same name.
    auto const liar = testing::make_key(k_origin, 2);
    auto const forged = log.note(5, Digest{}, liar);
    EXPECT_FALSE(make_fork_evidence(key, forged, log.note(leaves, 5), root_at(leaves, 5), {}).has_value());
    EXPECT_FALSE(make_fork_evidence(key, log.note(leaves, 5), forged, Digest{}, {}).has_value());
}

TEST(ForkEvidenceTest, AFlippedBitOfTheDocumentIsRefused) {
    TwoHistories const log;
    auto const document = log.evidence(7, 13, 3)->document();
    for (std::size_t at = 0; at < document.size(); ++at) {
        for (unsigned const bit : {0x01U, 0x20U}) {
            auto bad = document;
            bad[at] = static_cast<char>(static_cast<unsigned char>(bad[at]) ^ bit);
            EXPECT_FALSE(check_fork_evidence(bad, log.key.verifier()).has_value()) << at;
        }
    }
    EXPECT_FALSE(check_fork_evidence(document + " ", log.key.verifier()).has_value());
    EXPECT_FALSE(check_fork_evidence(document + std::string(k_fork_evidence_bytes_max, ' '), log.key.verifier())
                     .has_value());
    EXPECT_FALSE(check_fork_evidence("{}", log.key.verifier()).has_value());
    EXPECT_TRUE(check_fork_evidence(document, log.key.verifier()).has_value());
}

TEST(ForkEvidenceTest, CosignaturesAreLeftOutSoThatItHasOneSpelling) {
    TwoHistories const log;
    auto const left = history(4, 2, "left");
    auto const right = history(4, 2, "right");
    auto note = merkle::Note::parse(log.note(left, 4)).value();
    note.sign(testing::make_key("somebody", 7, merkle::KeyType::cosignature_ed25519), UnixTime{1'700'000'000});
    auto const key = log.key.verifier();

    auto const with = make_fork_evidence(key, note.print(), log.note(right, 4), root_at(right, 4), {}).value();
    auto const without = make_fork_evidence(key, log.note(left, 4), log.note(right, 4), root_at(right, 4), {}).value();

    EXPECT_EQ(with.document(), without.document());
}

}  // namespace
}  // namespace ggen
