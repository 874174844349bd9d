#include "merkle/tree.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <map>

#include "codec/base64.hpp"

namespace ggen::merkle {
namespace {

constexpr std::uint64_t k_swept_size_max = 300;

std::string text(Digest const& digest) { return base64_encode(digest.view()); }

Bytes joined(std::uint8_t prefix, BytesView first, BytesView second = {}) {
    Bytes bytes{prefix};
    bytes.insert(bytes.end(), first.begin(), first.end());
    bytes.insert(bytes.end(), second.begin(), second.end());
    return bytes;
}

/// RFC 6962 section 2.1 word for word, sharing nothing with the code under test but SHA-256.
class Oracle {
public:
    static Digest leaf(std::uint64_t index) {
        auto const data = std::to_string(index);
        return sha256(joined(0, as_bytes(data)));
    }
    Digest const& mth(std::uint64_t begin, std::uint64_t end) {
        auto const known = known_.find({begin, end});
        if (known != known_.end()) return known->second;
        Digest hash;
        if (begin == end) {
            hash = sha256({});
        } else if (end - begin == 1) {
            hash = leaf(begin);
        } else {
            auto const k = split(end - begin);
            hash = sha256(joined(1, mth(begin, begin + k).view(), mth(begin + k, end).view()));
        }
        return known_.emplace(std::pair{begin, end}, hash).first->second;
    }
    std::vector<Digest> path(std::uint64_t m, std::uint64_t begin, std::uint64_t end) {
        if (end - begin == 1) return {};
        auto const k = split(end - begin);
        bool const is_left = m < k;
        auto proof = is_left ? path(m, begin, begin + k) : path(m - k, begin + k, end);
        proof.push_back(is_left ? mth(begin + k, end) : mth(begin, begin + k));
        return proof;
    }
    std::vector<Digest> subproof(std::uint64_t m, std::uint64_t begin, std::uint64_t end, bool is_known) {
        if (m == end - begin) return is_known ? std::vector<Digest>{} : std::vector<Digest>{mth(begin, end)};
        auto const k = split(end - begin);
        auto proof = m <= k ? subproof(m, begin, begin + k, is_known) : subproof(m - k, begin + k, end, false);
        proof.push_back(m <= k ? mth(begin + k, end) : mth(begin, begin + k));
        return proof;
    }

private:
    static std::uint64_t split(std::uint64_t n) {
        std::uint64_t k = 1;
        while (2 * k < n) k *= 2;
        return k;
    }
    std::map<std::pair<std::uint64_t, std::uint64_t>, Digest> known_;
};

SubtreeHash stored_in(Oracle& oracle) {
    return [&oracle](std::uint64_t begin, std::uint64_t end) -> Result<Digest> { return oracle.mth(begin, end); };
}

TEST(TreeTest, GivesThePublishedValues) {
    std::vector<Bytes> const leaves = {{},
                                       {0x00},
                                       {0x10},
                                       {0x20, 0x21},
                                       {0x30, 0x31},
                                       {0x40, 0x41, 0x42, 0x43},
                                       {0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57},
                                       {0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b,
                                        0x6c, 0x6d, 0x6e, 0x6f}};
    std::vector<Digest> hashes;
    hashes.reserve(leaves.size());
    for (auto const& leaf : leaves) hashes.push_back(leaf_hash(leaf));

    EXPECT_EQ(text(empty_root()), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    EXPECT_EQ(text(leaf_hash({})), "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=");
    EXPECT_EQ(text(root_of(hashes)), "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=");
    EXPECT_EQ(root_of({}), empty_root());
}

TEST(TreeTest, RootsOfAllSmallSizesAgreeWithTheOracle) {
    Oracle oracle;
    TreeBuilder builder;
    std::vector<Digest> leaves;
    for (std::uint64_t size = 0; size <= k_swept_size_max; ++size) {
        EXPECT_EQ(builder.size(), size);
        EXPECT_EQ(builder.root(), oracle.mth(0, size)) << size;
        EXPECT_EQ(root_of(leaves), oracle.mth(0, size)) << size;
        auto const resumed = TreeBuilder::resume(size, builder.edge());
        ASSERT_TRUE(resumed);
        EXPECT_EQ(resumed->root(), builder.root());
        builder.append(Oracle::leaf(size));
        leaves.push_back(Oracle::leaf(size));
    }
}

TEST(TreeTest, ResumeRefusesAnEdgeThatDoesNotFit) {
    EXPECT_TRUE(TreeBuilder::resume(0, {}));
    EXPECT_FALSE(TreeBuilder::resume(0, {Digest{}}));
    EXPECT_FALSE(TreeBuilder::resume(5, {Digest{}}));
    EXPECT_TRUE(TreeBuilder::resume(5, {Digest{}, Digest{}}));
    EXPECT_TRUE(TreeBuilder::resume(k_tree_size_max, std::vector<Digest>(63)));
    EXPECT_FALSE(TreeBuilder::resume(k_tree_size_max + 1, {Digest{}}));
}

TEST(TreeTest, EveryInclusionProofOfSmallSizesAgreesWithTheOracleAndVerifies) {
    Oracle oracle;
    for (std::uint64_t size = 1; size <= k_swept_size_max; ++size) {
        for (std::uint64_t index = 0; index < size; ++index) {
            auto const proof = inclusion_proof(index, size, stored_in(oracle));
            ASSERT_TRUE(proof);
            ASSERT_EQ(*proof, oracle.path(index, 0, size)) << index << " of " << size;
            ASSERT_TRUE(check_inclusion(Oracle::leaf(index), index, size, *proof, oracle.mth(0, size)));
        }
    }
}

TEST(TreeTest, EveryConsistencyProofOfSmallSizesAgreesWithTheOracleAndVerifies) {
    Oracle oracle;
    for (std::uint64_t size = 1; size <= k_swept_size_max; ++size) {
        for (std::uint64_t old_size = 0; old_size <= size; ++old_size) {
            auto const proof = consistency_proof(old_size, size, stored_in(oracle));
            ASSERT_TRUE(proof);
            if (old_size > 0) {
                ASSERT_EQ(*proof, oracle.subproof(old_size, 0, size, true)) << old_size << " of " << size;
            }
            ASSERT_TRUE(check_consistency(old_size, oracle.mth(0, old_size), size, oracle.mth(0, size), *proof));
        }
    }
}

/// Every way to change one bit, to drop, double or add a hash.
std::vector<std::vector<Digest>> corruptions_of(std::vector<Digest> const& proof) {
    std::vector<std::vector<Digest>> all;
    for (std::size_t i = 0; i < proof.size(); ++i) {
        for (std::size_t bit = 0; bit < 8 * Digest::k_bytes; ++bit) {
            auto changed = proof;
            auto& byte = changed[i].bytes[bit / 8];
            byte = static_cast<std::uint8_t>(byte ^ (1U << (bit % 8)));
            all.push_back(std::move(changed));
        }
        auto without = proof;
        without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
        all.push_back(std::move(without));
        auto doubled = proof;
        doubled.insert(doubled.begin() + static_cast<std::ptrdiff_t>(i), proof[i]);
        all.push_back(std::move(doubled));
    }
    auto longer = proof;
    longer.emplace_back();
    all.push_back(longer);
    return all;
}

TEST(TreeTest, EveryCorruptedInclusionProofIsRefused) {
    Oracle oracle;
    for (std::uint64_t const size : {1, 2, 3, 5, 7, 8, 13}) {
        auto const root = oracle.mth(0, size);
        for (std::uint64_t index = 0; index < size; ++index) {
            auto const leaf = Oracle::leaf(index);
            auto const proof = oracle.path(index, 0, size);
            for (auto const& bad : corruptions_of(proof)) {
                auto const refused = check_inclusion(leaf, index, size, bad, root);
                ASSERT_FALSE(refused) << index << " of " << size;
                ASSERT_EQ(refused.error().code, Errc::refused);
                ASSERT_EQ(refused.error().id, ErrorId::proof_invalid);
            }
            EXPECT_FALSE(check_inclusion(Oracle::leaf(index + 1), index, size, proof, root));
            EXPECT_FALSE(check_inclusion(leaf, index, size, proof, oracle.mth(0, size + 1)));
            for (std::uint64_t other = 0; other <= 2 * size; ++other) {
                if (other == index) continue;
                EXPECT_FALSE(check_inclusion(leaf, other, size, proof, root)) << index << " as " << other;
            }
        }
    }
}

TEST(TreeTest, EveryCorruptedConsistencyProofIsRefused) {
    Oracle oracle;
    for (std::uint64_t const size : {1, 2, 3, 5, 7, 8, 13}) {
        auto const root = oracle.mth(0, size);
        for (std::uint64_t old_size = 1; old_size <= size; ++old_size) {
            auto const old_root = oracle.mth(0, old_size);
            auto const proof = consistency_proof(old_size, size, stored_in(oracle)).value();
            for (auto const& bad : corruptions_of(proof)) {
                ASSERT_FALSE(check_consistency(old_size, old_root, size, root, bad)) << old_size << " to " << size;
            }
            EXPECT_FALSE(check_consistency(old_size, oracle.mth(0, old_size + 1), size, root, proof));
            EXPECT_FALSE(check_consistency(old_size, old_root, size, oracle.mth(0, size + 1), proof));
            EXPECT_FALSE(check_consistency(old_size, Digest{}, size, root, proof));
            if (old_size == size) continue;
            EXPECT_FALSE(check_consistency(size, root, old_size, old_root, proof));
        }
    }
}

TEST(TreeTest, ConsistencyOfEmptyAndEqualSizesHasNoHashes) {
    Oracle oracle;
    std::vector<Digest> const one_hash(1);

    EXPECT_TRUE(check_consistency(0, empty_root(), 5, oracle.mth(0, 5), {}));
    EXPECT_FALSE(check_consistency(0, empty_root(), 5, oracle.mth(0, 5), one_hash));
    EXPECT_FALSE(check_consistency(0, Digest{}, 5, oracle.mth(0, 5), {}));
    EXPECT_TRUE(check_consistency(5, oracle.mth(0, 5), 5, oracle.mth(0, 5), {}));
    EXPECT_FALSE(check_consistency(5, oracle.mth(0, 5), 5, oracle.mth(0, 4), {}));
    EXPECT_FALSE(check_consistency(5, oracle.mth(0, 5), 5, oracle.mth(0, 5), one_hash));
}

TEST(TreeTest, QuestionsOutsideTheTreeAreRefused) {
    Oracle oracle;
    EXPECT_FALSE(inclusion_proof(0, 0, stored_in(oracle)));
    EXPECT_FALSE(inclusion_proof(5, 5, stored_in(oracle)));
    EXPECT_FALSE(inclusion_proof(0, k_tree_size_max + 1, stored_in(oracle)));
    EXPECT_FALSE(consistency_proof(6, 5, stored_in(oracle)));
    EXPECT_FALSE(check_inclusion(Digest{}, 0, 0, {}, Digest{}));
    EXPECT_FALSE(check_inclusion(Digest{}, 0, k_tree_size_max + 1, std::vector<Digest>(64), Digest{}));
}

TEST(TreeTest, TheLargestTreeHasProofsOf63Hashes) {
    auto const zero = [](std::uint64_t, std::uint64_t) -> Result<Digest> { return Digest{}; };
    auto const proof = inclusion_proof(0, k_tree_size_max, zero);
    ASSERT_TRUE(proof);
    EXPECT_EQ(proof->size(), k_proof_hashes_max);
    Digest root{};
    for (auto const& sibling : *proof) root = node_hash(root, sibling);
    EXPECT_TRUE(check_inclusion(Digest{}, 0, k_tree_size_max, *proof, root));
    EXPECT_FALSE(check_inclusion(Digest{}, 0, k_tree_size_max, std::vector<Digest>(64), root));
}

}  // namespace
}  // namespace ggen::merkle
