#include "store/tree_manifest.hpp"

#include <gtest/gtest.h>

namespace ggen {
namespace {

TreeManifest sample() {
    return {"acme/foo@1.0.0",
            {{"a", false, 3, sha256(as_bytes("abc"))},
             {"bin/run", true, 0, sha256({})},
             {"z y", false, 1, sha256(as_bytes("z"))}}};
}

TEST(TreeManifestTest, PrintsAndParsesBack) {
    auto const parsed = TreeManifest::parse(sample().print());

    ASSERT_TRUE(parsed) << parsed.error().context;
    EXPECT_EQ(parsed->label, "acme/foo@1.0.0");
    EXPECT_EQ(parsed->files, sample().files);
    EXPECT_EQ(parsed->total_bytes(), 4U);
}

TEST(TreeManifestTest, RefusesEveryFlippedBitAndEveryCut) {
    auto const good = sample().print();
    for (std::size_t i = 0; i < good.size(); ++i) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            auto bad = good;
            bad[i] = static_cast<char>(static_cast<unsigned char>(bad[i]) ^ (1U << bit));
            EXPECT_FALSE(TreeManifest::parse(bad)) << i;
        }
        EXPECT_FALSE(TreeManifest::parse(good.substr(0, i)));
    }
}

TEST(TreeManifestTest, RefusesAnotherVersionEvenWhenItsChecksumHolds) {
    std::string body = "ggen-tree 2\nlabel x\n";
    EXPECT_FALSE(TreeManifest::parse(body + "end " + sha256(as_bytes(body)).hex() + "\n"));
}

}  // namespace
}  // namespace ggen
