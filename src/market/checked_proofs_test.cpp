#include "market/checked_proofs.hpp"

#include <gtest/gtest.h>

#include "base/testing/temp_dir.hpp"
#include "market/testing/market_fixture.hpp"

namespace ggen {
namespace {

Digest digest_of(std::string const& text) { return sha256(as_bytes(text)); }

class CheckedProofsTest : public testing::MarketFixture {
protected:
    CheckedProofs open() { return CheckedProofs{dir_.files(), dir_ / "state/checked-proofs"}; }
    void remember(std::string const& text) {
        auto proofs = open();
        proofs.add(digest_of(text));
        proofs.save();
    }
    std::uint64_t size() { return dir_.files().info(dir_ / "state/checked-proofs")->size_bytes; }
};

TEST_F(CheckedProofsTest, RemembersBetweenRunsWhatWasSaved) {
    remember("one");
    remember("two");
    remember("two");
    open().add(digest_of("three"));

    auto const again = open();
    EXPECT_TRUE(again.contains(digest_of("one")) && again.contains(digest_of("two")));
    EXPECT_FALSE(again.contains(digest_of("three"))) << "it was never saved";
    EXPECT_EQ(size(), 2 * Digest::k_bytes);
}

TEST_F(CheckedProofsTest, ATornRowBeginsAnew) {
    remember("one");
    ASSERT_TRUE(dir_.files().truncate(dir_ / "state/checked-proofs", Digest::k_bytes - 1));
    EXPECT_FALSE(open().contains(digest_of("one")));
    remember("two");
    EXPECT_TRUE(open().contains(digest_of("two")));
    EXPECT_EQ(size(), Digest::k_bytes);
}

TEST_F(CheckedProofsTest, IsNeverLargerThanItsLimit) {
    write("state/checked-proofs", std::string(CheckedProofs::k_bytes_max, 'x'));
    remember("past the limit");
    EXPECT_EQ(size(), Digest::k_bytes);
    EXPECT_TRUE(open().contains(digest_of("past the limit")));

    write("state/checked-proofs", std::string(CheckedProofs::k_bytes_max - Digest::k_bytes, 'x'));
    remember("at the limit");
    EXPECT_EQ(size(), CheckedProofs::k_bytes_max);
    EXPECT_TRUE(open().contains(digest_of("at the limit")));
}

TEST_F(CheckedProofsTest, AnotherRootFileLineOrBlockIsAnotherKey) {
    publish("acme/a", "1.0.0");
    ASSERT_EQ(install_all({"acme/a"}), "acme/a@1.0.0");
    auto package = Lockfile::parse(read("project/ggen.lock"))->packages.begin()->second;
    auto const root = digest_of("one");
    auto const key = CheckedProofs::key_of(root, package, "block");
    EXPECT_NE(key, CheckedProofs::key_of(root, package, "clock"));
    EXPECT_NE(key, CheckedProofs::key_of(digest_of("two"), package, "block"));
    auto other = package;
    other.origin += "x";
    EXPECT_NE(key, CheckedProofs::key_of(root, other, "block"));
    other = package;
    ++other.index;
    EXPECT_NE(key, CheckedProofs::key_of(root, other, "block"));
    other = package;
    other.tree = other.archive;
    EXPECT_NE(key, CheckedProofs::key_of(root, other, "block"));
}

TEST_F(CheckedProofsTest, AProofThatWasCheckedIsNotCheckedAgainAndAnEditedOneIs) {
    publish("acme/a", "1.0.0");
    publish("acme/b", "1.0.0");
    ASSERT_EQ(install_all({"acme/a", "acme/b"}), "acme/a@1.0.0 acme/b@1.0.0");
    auto const figures = [&] {
        EXPECT_TRUE(dir_.files().remove_tree(dir_ / "cache/store"));
        EXPECT_TRUE(dir_.files().remove_tree(dir_ / "project/gpacks"));
        auto const outcome = install(market_, request());
        EXPECT_TRUE(outcome) << outcome.error().context;
        return std::get<InstallReport>(*outcome).figures;
    };
    EXPECT_EQ(figures().proofs_known, 2U);

    auto text = read("project/ggen.lock.proofs");
    text[text.size() - 10] = text[text.size() - 10] == 'A' ? 'B' : 'A';  // In the signature of b's checkpoint.
    write("project/ggen.lock.proofs", text);
    auto const edited = figures();
    EXPECT_EQ(edited.proofs_known, 1U);
    EXPECT_EQ(edited.proofs_checked, 1U) << "fetched anew";
    EXPECT_NE(read("project/ggen.lock.proofs"), text);
}

}  // namespace
}  // namespace ggen
