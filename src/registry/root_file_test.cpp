#include "registry/root_file.hpp"

#include <gtest/gtest.h>

#include "base/error_id.hpp"
#include "registry/testing/registry_fixture.hpp"

namespace ggen {
namespace {

using testing::make_key;

struct RootKeys {
    merkle::SignerKey alice = make_key("alice.example/root", 1);
    merkle::SignerKey bob = make_key("bob.example/root", 2);
    merkle::SignerKey carol = make_key("carol.example/root", 3);
    merkle::SignerKey log = make_key("example/main", 4);
    merkle::SignerKey witness = make_key("witness.example/w", 5, merkle::KeyType::cosignature_ed25519);
};

RootFile make_root(RootKeys const& keys, std::uint64_t version, std::vector<merkle::SignerKey> const& owners,
                   unsigned threshold) {
    RootFile root;
    root.registry = "example/main";
    root.version = version;
    root.expires = "2027-11-23";
    root.threshold = threshold;
    for (auto const& owner : owners) root.keys.push_back(owner.verifier());
    root.log_key = keys.log.verifier();
    root.witnesses = {keys.witness.verifier()};
    root.policy_tail = "quorum none\n";
    return root;
}

std::string sign(RootFile const& root, std::vector<merkle::SignerKey> const& signers) {
    merkle::Note note{root.text(), {}};
    for (auto const& signer : signers) note.sign(signer);
    return note.print();
}

TEST(RootFileTest, ParsesWhatItPrints) {
    RootKeys const keys;
    auto root = make_root(keys, 3, {keys.alice, keys.bob}, 2);
    root.frozen.push_back({make_key("example/old", 9).verifier(), 81'234, sha256(as_bytes("old"))});
    root.policy_tail = "group q 1 w1\nquorum q\n";

    auto const parsed = RootFile::parse(sign(root, {keys.alice, keys.bob}));

    ASSERT_TRUE(parsed) << parsed.error().context;
    EXPECT_EQ(parsed->text(), root.text());
    EXPECT_EQ(parsed->frozen[0].size, 81'234U);
    EXPECT_EQ(parsed->witnesses, root.witnesses);
    EXPECT_TRUE(parsed->verify_signed_by(*parsed));
}

TEST(RootFileTest, BadGrammarAndThresholdsAreRefused) {
    RootKeys const keys;
    auto const good = make_root(keys, 1, {keys.alice}, 1);
    std::vector<RootFile> bad(9, good);
    bad[0].threshold = 0;
    bad[1].threshold = 2;
    bad[2].keys.push_back(make_key("alice.example/second-name", 1).verifier());
    bad[2].threshold = 2;
    bad[3].expires = "2027-02-30";
    bad[4].version = 0;
    bad[5].log_key = make_key("example/other", 4).verifier();
    bad[6].keys.push_back(make_key("log-as-root", 4).verifier());
    bad[7].policy_tail = "quorum \n";
    bad[8].registry = "ggen/main";

    ASSERT_TRUE(RootFile::parse(sign(good, {keys.alice})));
    for (std::size_t i = 0; i < bad.size(); ++i) {
        auto const parsed = RootFile::parse(sign(bad[i], {keys.alice}));
        ASSERT_FALSE(parsed) << i;
        EXPECT_EQ(parsed.error().id, ErrorId::root_file_invalid) << i;
    }
}

TEST(RootFileTest, NextVersionNeedsTheThresholdOfOldAndNewKeys) {
    RootKeys const keys;
    auto const current =
        RootFile::parse(sign(make_root(keys, 1, {keys.alice, keys.bob}, 2), {keys.alice, keys.bob}));
    ASSERT_TRUE(current);
    auto const next = make_root(keys, 2, {keys.bob, keys.carol}, 2);
    auto const accept = [&](RootFile const& root, std::vector<merkle::SignerKey> const& signers) {
        return RootFile::accept_next(*current, sign(root, signers));
    };

    EXPECT_TRUE(accept(next, {keys.alice, keys.bob, keys.carol}));
    EXPECT_FALSE(accept(next, {keys.alice, keys.bob}));  // Old threshold only.
    EXPECT_FALSE(accept(next, {keys.bob, keys.carol}));  // New threshold only.
    EXPECT_FALSE(accept(make_root(keys, 3, {keys.bob, keys.carol}, 2), {keys.alice, keys.bob, keys.carol}));
    EXPECT_FALSE(accept(make_root(keys, 1, {keys.bob, keys.carol}, 2), {keys.alice, keys.bob, keys.carol}));
    auto foreign = next;
    foreign.registry = "example/else";
    foreign.log_key = make_key("example/else", 4).verifier();
    EXPECT_FALSE(accept(foreign, {keys.alice, keys.bob, keys.carol}));
}

TEST(RootFileTest, OneKeyIsCountedOnceWhateverItsNames) {
    RootKeys const keys;
    auto const current =
        RootFile::parse(sign(make_root(keys, 1, {keys.alice, keys.bob}, 2), {keys.alice, keys.bob}));
    ASSERT_TRUE(current);
    auto const twice = sign(make_root(keys, 2, {keys.alice, keys.bob}, 2), {keys.alice, keys.alice});

    EXPECT_FALSE(RootFile::accept_next(*current, twice));
}

TEST(RootFileTest, ExpiresAtTheEndOfItsDay) {
    RootKeys const keys;
    auto const root = make_root(keys, 1, {keys.alice}, 1);
    std::int64_t const end = 1'827'014'400;

    EXPECT_EQ(format_utc({end}), "2027-11-24T00:00:00Z");
    EXPECT_TRUE(root.check_expiry({end - 1}));
    auto const expired = root.check_expiry({end});
    ASSERT_FALSE(expired);
    EXPECT_EQ(expired.error().id, ErrorId::root_file_invalid);
}

TEST(RootFileTest, FileOverTheLimitIsRefused) {
    EXPECT_FALSE(RootFile::parse(std::string(RootFile::k_bytes_max + 1, 'a')));
}

}  // namespace
}  // namespace ggen
