// The registry that a node signs by its own key: made once, never twice, and known by the peer id alone (trust.md 4.3).
#include "node/own_registry.hpp"

#include "market/testing/market_fixture.hpp"
#include "p2p/exchange/message.hpp"

namespace ggen::p2p {
namespace {

class OwnRegistryTest : public ggen::testing::MarketFixture {
protected:
    [[nodiscard]] Profile profile(std::string const& name = "") {
        if (name.empty()) return Profile{market_.directories};
        auto const home = dir_ / name;
        return Profile{{home + "/config", home + "/cache", home + "/data", home + "/state"}};
    }
    /// Another user of the same machine.
    Market market_of(Profile const& profile) {
        auto market = Market{market_.files, market_.clock,    market_.random, market_.log,
                             market_.opener, market_.observer, market_.cancel, profile.directories(),
                             {},             market_.project_directory};
        auto const& of = profile.directories();
        for (auto const& folder : {of.config, of.data, of.state}) EXPECT_TRUE(market.files.make_directories(folder));
        return market;
    }
    [[nodiscard]] PeerId peer_of(Profile const& profile) {
        auto const identity = profile.load_identity(market_.files, market_.random);
        return peer_of_origin(identity->verifier().name).value();
    }
    Result<RootFile> fetch(Profile const& profile, PeerId const& peer) {
        FolderSource source{market_.files, profile.registry_folder()};
        return fetch_root_of_peer(source, peer);
    }
};

TEST_F(OwnRegistryTest, IsMadeOnceAndNamedByThePeer) {
    auto const made = ensure_own_registry(market_, profile());
    ASSERT_TRUE(made) << made.error().context;
    auto const again = ensure_own_registry(market_, profile());
    ASSERT_TRUE(again) << again.error().context;
    EXPECT_EQ(again->fingerprint(), made->fingerprint());
    auto const peer = peer_of(profile());
    EXPECT_EQ(made->registry, origin_of_peer(peer));
    EXPECT_EQ(made->log_key, log_key_of_peer(peer).value());
    EXPECT_EQ(fetch(profile(), peer)->fingerprint(), made->fingerprint());
}

TEST_F(OwnRegistryTest, OneThatIsGoneIsNotMadeAnew) {
    ASSERT_TRUE(ensure_own_registry(market_, profile()));
    ASSERT_TRUE(market_.files.remove_tree(profile().registry_folder()));
    auto const made = ensure_own_registry(market_, profile());
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().id, ErrorId::log_writer_stopped);
    EXPECT_NE(made.error().help.find("ggen p2p recover"), std::string::npos);
    EXPECT_FALSE(market_.files.info(profile().registry_folder() + "/checkpoint"));
}

TEST_F(OwnRegistryTest, ThatOfAnotherPeerIsRefused) {
    ASSERT_TRUE(ensure_own_registry(market_, profile()));
    auto const other = profile("other");
    auto market = market_of(other);
    ASSERT_TRUE(ensure_own_registry(market, other));
    auto const shown = fetch(other, peer_of(profile()));
    ASSERT_FALSE(shown);
    EXPECT_EQ(shown.error().id, ErrorId::p2p_follow_refused);
    EXPECT_TRUE(fetch(other, peer_of(other)));
}

TEST_F(OwnRegistryTest, ARootFileThatWasChangedIsRefused) {
    ASSERT_TRUE(ensure_own_registry(market_, profile()));
    auto const path = profile().registry_folder() + "/root/1";
    auto const whole = market_.files.read_file(path, RootFile::k_bytes_max).value();
    auto const peer = peer_of(profile());
    for (std::size_t bit = 0; bit < whole.size() * 8; bit += 7) {
        auto changed = whole;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        ASSERT_TRUE(market_.files.write_file_atomic(path, changed, Sync::none));
        auto const shown = fetch(profile(), peer);
        EXPECT_FALSE(shown.has_value()) << bit;
    }
}

TEST_F(OwnRegistryTest, IsRememberedForTheNamespacesOfItsOwner) {
    auto const known = remember_own_registry(market_, profile(), {"acme"});
    ASSERT_TRUE(known) << known.error().context;
    EXPECT_EQ(known->alias, "own");
    EXPECT_EQ(known->namespaces, std::vector<std::string>{"acme"});
    reload();
    auto const more = remember_own_registry(market_, profile(), {"zeta"});
    ASSERT_TRUE(more) << more.error().context;
    EXPECT_EQ(more->alias, "own");
    EXPECT_EQ(more->namespaces.size(), 2U);
    reload();
    auto const same = remember_own_registry(market_, profile(), {"acme"});
    ASSERT_TRUE(same) << same.error().context;
    EXPECT_EQ(same->namespaces.size(), 2U);
}

TEST_F(OwnRegistryTest, TheWitnessKeyIsMadeOnceAndIsNotThatOfTheLog) {
    auto const key = load_witness_key(market_.files, market_.random, profile());
    ASSERT_TRUE(key) << key.error().context;
    auto const again = load_witness_key(market_.files, market_.random, profile());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->verifier(), key->verifier());
    auto const options = own_writer_options(market_.files, market_.random, profile());
    ASSERT_TRUE(options) << options.error().context;
    EXPECT_NE(options->log_key.verifier().key_id(), key->verifier().key_id());
}

}  // namespace
}  // namespace ggen::p2p
