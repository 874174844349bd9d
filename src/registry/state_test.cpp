#include "registry/state.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/error_id.hpp"
#include "registry/testing/registry_fixture.hpp"

namespace ggen {
namespace {

using testing::make_key;
using testing::name_of;

constexpr std::int64_t k_start = 1'800'000'000;
constexpr std::int64_t k_day = 86'400;

/// A state with the namespace "acme" owned by `owner`, and a small language to go on.
struct Replay {
    testing::RecordMaker records;
    merkle::SignerKey owner = make_key("acme/laptop", 1);
    merkle::SignerKey second = make_key("acme/desk", 2);
    merkle::SignerKey third = make_key("acme/ci", 3);
    merkle::SignerKey stranger = make_key("mallory/laptop", 66);
    RegistryState state{"example/main"};

    Replay() { must(records.claim_namespace("acme", owner)); }

    void must(Bytes const& entry) {
        auto const outcome = state.apply(entry);
        ASSERT_EQ(outcome.effect, EntryEffect::applied) << outcome.why;
    }
    void pass(std::int64_t time) {
        auto const outcome = state.apply(sign_record(Record{state.make_leaf({time})}, {}).value());
        ASSERT_EQ(outcome.effect, EntryEffect::state_leaf) << outcome.why;
    }
    [[nodiscard]] std::optional<Digest> last(std::string_view name) const {
        auto const* const known = state.find(name_of(name));
        return known != nullptr ? known->last_record : std::nullopt;
    }
    [[nodiscard]] Bytes release(std::string_view name, std::string_view version) const {
        return records.release(name, version, last(name), {owner});
    }
};

struct Lie {
    char const* what;
    ErrorId id;
    std::function<Bytes(Replay&)> entry;
};

TEST(RegistryStateTest, RecordsWithoutRightHaveNoEffect) {
    // R9 and R10: each is a well-formed record that a bad registry may log.
    std::vector<Lie> const lies{
        {"release by a stranger", ErrorId::not_owner,
         [](Replay& r) { return r.records.release("acme/a", "2.0.0", r.last("acme/a"), {r.stranger}); }},
        {"release of an unclaimed namespace", ErrorId::not_owner,
         [](Replay& r) { return r.records.release("zeta/a", "1.0.0", {}, {r.owner}); }},
        {"release of an unclaimed bare name", ErrorId::not_owner,
         [](Replay& r) { return r.records.release("bare", "1.0.0", {}, {r.owner}); }},
        {"second release of a version", ErrorId::version_exists,
         [](Replay& r) { return r.records.release("acme/a", "1.0.0", r.last("acme/a"), {r.owner}); }},
        {"second release that differs in build metadata only", ErrorId::version_exists,
         [](Replay& r) { return r.records.release("acme/a", "1.0.0+b", r.last("acme/a"), {r.owner}); }},
        {"release with a stale prev", ErrorId::record_invalid,
         [](Replay& r) { return r.records.release("acme/a", "2.0.0", {}, {r.owner}); }},
        {"release with a prev where none is", ErrorId::record_invalid,
         [](Replay& r) { return r.records.release("acme/new", "1.0.0", r.last("acme/a"), {r.owner}); }},
        {"release for another registry", ErrorId::record_invalid,
         [](Replay& r) {
             return testing::RecordMaker{"example/other"}.release("acme/a", "2.0.0", r.last("acme/a"),
                                                                  {r.owner});
         }},
        {"status by a stranger", ErrorId::not_owner,
         [](Replay& r) {
             return r.records.status("acme/a", "1.0.0", r.last("acme/a"), StatusAction::yank, r.stranger);
         }},
        {"status of an unknown version", ErrorId::version_not_found,
         [](Replay& r) {
             return r.records.status("acme/a", "9.0.0", r.last("acme/a"), StatusAction::yank, r.owner);
         }},
        {"status with a stale prev", ErrorId::record_invalid,
         [](Replay& r) { return r.records.status("acme/a", "1.0.0", {}, StatusAction::yank, r.owner); }},
        {"second claim of a namespace", ErrorId::not_owner,
         [](Replay& r) { return r.records.claim_namespace("acme", r.stranger); }},
        {"bare name claimed without a namespace", ErrorId::not_owner,
         [](Replay& r) { return r.records.claim({ClaimSubject::Kind::name, "bare"}, {r.stranger}); }},
        {"claim below its own threshold", ErrorId::not_owner,
         [](Replay& r) {
             ClaimRecord claim{r.records.origin,
                               {ClaimSubject::Kind::name_space, "zeta"},
                               {r.owner.verifier(), r.second.verifier()},
                               2,
                               {}};
             return sign_record(claim, {r.owner}).value();
         }},
        {"one key counted twice towards a claim", ErrorId::not_owner,
         [](Replay& r) {
             ClaimRecord claim{r.records.origin,
                               {ClaimSubject::Kind::name_space, "zeta"},
                               {r.owner.verifier(), r.second.verifier()},
                               2,
                               {}};
             return sign_record(claim, {r.owner, r.owner}).value();
         }},
        {"threshold 0", ErrorId::record_invalid,
         [](Replay& r) {
             ClaimRecord const claim{
                 r.records.origin, {ClaimSubject::Kind::name_space, "zeta"}, {r.owner.verifier()}, 0, {}};
             return sign_record(claim, {r.owner}).value();
         }},
        {"claim for a key that signed nothing", ErrorId::not_owner,
         [](Replay& r) {
             ClaimRecord const claim{
                 r.records.origin, {ClaimSubject::Kind::name_space, "zeta"}, {r.owner.verifier()}, 1, {}};
             return sign_record(claim, {r.stranger}).value();
         }},
        {"claim by the key of the log", ErrorId::record_invalid,
         [](Replay& r) { return r.records.claim_namespace("zeta", make_key("example/main", 50)); }},
        {"change of keys by a stranger", ErrorId::not_owner,
         [](Replay& r) {
             KeysRecord const change{
                 r.records.origin, {ClaimSubject::Kind::name_space, "acme"}, {r.stranger.verifier()}, 1};
             return sign_record(change, {r.stranger}).value();
         }},
        {"owner's name with another key", ErrorId::not_owner,
         [](Replay& r) {
             return r.records.release("acme/a", "2.0.0", r.last("acme/a"), {make_key("acme/laptop", 77)});
         }},
        {"broken signature of the owner beside a stranger's", ErrorId::not_owner,
         [](Replay& r) {
             auto const record = r.records.release_record("acme/a", "2.0.0", r.last("acme/a"));
             merkle::Note note{print_record(record), {}};
             note.sign(r.owner);
             note.signatures[0].signature[5] ^= 1U;
             note.sign(r.stranger);
             return to_bytes(note.print());
         }},
        {"unsigned bytes", ErrorId::record_invalid, [](Replay&) { return to_bytes("hello"); }},
        {"nothing at all", ErrorId::record_invalid, [](Replay&) { return Bytes{}; }},
        {"state leaf with a wrong root", ErrorId::state_mismatch,
         [](Replay& r) {
             auto leaf = r.state.make_leaf({k_start + 1});
             leaf.root.bytes[0] ^= 1U;
             return sign_record(Record{leaf}, {}).value();
         }},
        {"state leaf of another size", ErrorId::state_mismatch,
         [](Replay& r) {
             auto leaf = r.state.make_leaf({k_start + 1});
             leaf.size += 1;
             return sign_record(Record{leaf}, {}).value();
         }},
        {"state leaf that goes back in time", ErrorId::state_mismatch,
         [](Replay& r) { return sign_record(Record{r.state.make_leaf({k_start - 1})}, {}).value(); }},
    };

    for (auto const& lie : lies) {
        Replay replay;
        replay.must(replay.release("acme/a", "1.0.0"));
        replay.pass(k_start);
        auto const before = replay.state.root();
        auto const size = replay.state.size();

        auto const outcome = replay.state.apply(lie.entry(replay));

        EXPECT_EQ(outcome.effect, EntryEffect::no_effect) << lie.what;
        EXPECT_EQ(outcome.id, lie.id) << lie.what << ": " << outcome.why;
        EXPECT_FALSE(outcome.why.empty()) << lie.what;
        EXPECT_EQ(replay.state.root(), before) << lie.what;
        EXPECT_EQ(replay.state.size(), size + 1) << lie.what;
    }
}

TEST(RegistryStateTest, ThresholdCountsDistinctKeys) {
    Replay r;
    r.must(r.records.claim({ClaimSubject::Kind::name_space, "team"}, {r.owner, r.second, r.third}, 2));
    auto const release = [&](std::vector<merkle::SignerKey> const& keys) {
        return r.state.apply(r.records.release("team/a", "1.0.0", {}, keys)).effect;
    };

    EXPECT_EQ(release({r.owner}), EntryEffect::no_effect);
    EXPECT_EQ(release({r.owner, r.owner}), EntryEffect::no_effect);
    EXPECT_EQ(release({r.owner, r.stranger}), EntryEffect::no_effect);
    EXPECT_EQ(release({r.second, r.third}), EntryEffect::applied);
}

TEST(RegistryStateTest, StatusChangesFollowEachOther) {
    Replay r;
    r.must(r.release("acme/a", "1.0.0"));
    auto const change = [&](StatusAction action) {
        r.must(r.records.status("acme/a", "1.0.0", r.last("acme/a"), action, r.owner));
        return r.state.find(name_of("acme/a"))->versions[0];
    };

    EXPECT_TRUE(change(StatusAction::yank).yanked);
    EXPECT_EQ(r.state.find(name_of("acme/a"))->versions[0].reason, StatusReason::broken);
    EXPECT_FALSE(change(StatusAction::unyank).yanked);
    EXPECT_EQ(r.state.find(name_of("acme/a"))->versions[0].reason, StatusReason::unspecified);
    EXPECT_TRUE(change(StatusAction::deprecate).deprecated);
    EXPECT_FALSE(change(StatusAction::undeprecate).deprecated);
    EXPECT_TRUE(change(StatusAction::revoke).revoked);
    EXPECT_TRUE(change(StatusAction::unyank).revoked);
}

TEST(RegistryStateTest, BareNameIsClaimedByAnOwnerOfANamespace) {
    Replay r;
    r.must(r.records.claim({ClaimSubject::Kind::name, "bare"}, {r.owner}));
    r.must(r.release("bare", "1.0.0"));

    EXPECT_EQ(r.state.owner_of(name_of("bare"))->keys, std::vector{r.owner.verifier()});
}

TEST(RegistryStateTest, ClaimWithoutReleaseLapsesAfterThirtyDays) {
    Replay r;
    r.must(r.records.claim_namespace("used", r.owner));
    r.must(r.records.claim_namespace("idle", r.owner));
    r.pass(k_start);
    r.must(r.release("used/a", "1.0.0"));
    ClaimSubject const idle{ClaimSubject::Kind::name_space, "idle"};

    r.pass(k_start + 30 * k_day);
    EXPECT_NE(r.state.find_claim(idle), nullptr);
    r.pass(k_start + 30 * k_day + 1);

    EXPECT_EQ(r.state.find_claim(idle), nullptr);
    EXPECT_NE(r.state.find_claim({ClaimSubject::Kind::name_space, "used"}), nullptr);
    EXPECT_EQ(r.state.find_claim({ClaimSubject::Kind::name_space, "acme"}), nullptr);
    r.must(r.records.claim_namespace("idle", r.stranger));
    r.must(r.records.claim_namespace("acme", r.owner));
}

TEST(RegistryStateTest, NewKeysOwnAllNamesOfTheNamespaceAndOldRotationsDoNotReplay) {
    Replay r;
    r.must(r.release("acme/a", "1.0.0"));
    r.must(r.release("acme/z", "1.0.0"));
    r.must(r.records.claim_namespace("acmf", r.owner));
    r.must(r.release("acmf/a", "1.0.0"));
    auto const rotate = [&](merkle::SignerKey const& to, merkle::SignerKey const& by) {
        KeysRecord const change{
            r.records.origin, {ClaimSubject::Kind::name_space, "acme"}, {to.verifier()}, 1};
        return sign_record(change, {by}).value();
    };
    auto const away = rotate(r.second, r.owner);

    r.must(away);
    EXPECT_EQ(r.state.find(name_of("acme/a"))->owner.keys, std::vector{r.second.verifier()});
    EXPECT_EQ(r.state.find(name_of("acme/z"))->owner.keys, std::vector{r.second.verifier()});
    EXPECT_EQ(r.state.find(name_of("acmf/a"))->owner.keys, std::vector{r.owner.verifier()});
    EXPECT_EQ(r.state.apply(r.release("acme/a", "1.1.0")).effect, EntryEffect::no_effect);
    r.must(rotate(r.owner, r.second));
    EXPECT_EQ(r.state.apply(away).effect, EntryEffect::no_effect);
    r.must(r.release("acme/a", "1.1.0"));
}

TEST(RegistryStateTest, RecoveryKeyMayChangeTheKeys) {
    Replay r;
    auto const paper = make_key("team/paper", 40);
    r.must(r.records.claim({ClaimSubject::Kind::name_space, "team"}, {r.owner}, 1, paper));
    KeysRecord const change{
        r.records.origin, {ClaimSubject::Kind::name_space, "team"}, {r.second.verifier()}, 1};

    r.must(sign_record(change, {paper}).value());

    EXPECT_EQ(r.state.find_claim(change.subject)->keys, std::vector{r.second.verifier()});
    EXPECT_EQ(r.state.find_claim(change.subject)->recovery, paper.verifier());
}

TEST(RegistryStateTest, FirstSeenIsTheTimeOfTheNextStateLeaf) {
    Replay r;
    r.must(r.release("acme/a", "1.0.0"));
    EXPECT_EQ(r.state.find(name_of("acme/a"))->versions[0].first_seen.seconds, 0);
    auto const promised = r.state.make_leaf({k_start}).root;

    r.pass(k_start);

    EXPECT_EQ(r.state.find(name_of("acme/a"))->versions[0].first_seen.seconds, k_start);
    EXPECT_EQ(r.state.root(), promised);
}

TEST(RegistryStateTest, RollBackRestoresEverything) {
    Replay r;
    r.must(r.release("acme/a", "1.0.0"));
    r.pass(k_start);
    auto const before = r.state.root();
    auto const again = r.release("acme/a", "1.1.0");

    r.state.begin();
    r.must(again);
    r.must(r.release("acme/b", "1.0.0"));
    r.must(r.records.claim_namespace("zeta", r.stranger));
    EXPECT_NE(r.state.root(), before);
    r.state.roll_back();

    EXPECT_EQ(r.state.root(), before);
    EXPECT_EQ(r.state.find_claim({ClaimSubject::Kind::name_space, "zeta"}), nullptr);
    EXPECT_EQ(r.state.index_of(merkle::leaf_hash(again)), std::nullopt);
    r.must(again);
    r.pass(k_start + 1);
}

TEST(RegistryStateTest, TreeKeptUpToDateEqualsOneBuiltAtOnceAlsoPastTheSmallSize) {
    Replay r;
    std::vector<Bytes> entries{r.records.claim_namespace("acme", r.owner)};
    auto const count = static_cast<int>(RegistryState::k_small_names_max) + 3;
    for (int i = 0; i < count; ++i) {
        entries.push_back(r.records.release("acme/p-" + std::to_string(i), "1.0.0", {}, {r.owner}));
    }
    RegistryState step{"example/main", ReplayChecks::trusted_log};
    RegistryState whole{"example/main", ReplayChecks::trusted_log};
    for (std::size_t i = 0; i < entries.size(); ++i) {
        static_cast<void>(step.apply(entries[i]));
        static_cast<void>(whole.apply(entries[i]));
        if (i % 500 == 0 || i + 4 > entries.size()) static_cast<void>(step.root());
    }

    EXPECT_EQ(step.bucket_bits(), 16U);
    EXPECT_EQ(step.make_leaf({k_start}), whole.make_leaf({k_start}));
    auto const top = step.make_leaf({k_start}).root;
    auto const objects = step.objects({k_start});
    EXPECT_TRUE(
        std::any_of(objects.begin(), objects.end(), [&](auto const& object) { return object.first == top; }));
}

TEST(RegistryStateTest, OnePublishChangesOneBucketAndOneNode) {
    Replay r;
    for (char c = 'a'; c < 'k'; ++c) r.must(r.release(std::string{"acme/"} + c, "1.0.0"));
    r.pass(k_start);

    r.must(r.release("acme/a", "1.1.0"));

    EXPECT_EQ(r.state.changed_objects({k_start + 1}).size(), 2U);
    r.pass(k_start + 1);
    EXPECT_TRUE(r.state.changed_objects({k_start + 2}).empty());
}

TEST(BucketTest, RoundTripsAndRefusesEveryOtherSpelling) {
    Replay r;
    r.must(r.records.claim({ClaimSubject::Kind::name_space, "team"}, {r.owner, r.second}, 1, r.third));
    r.must(r.release("team/a", "1.0.0-rc.1+b"));
    r.must(r.release("team/a", "1.0.0"));
    r.must(r.records.status("team/a", "1.0.0", r.last("team/a"), StatusAction::yank, r.owner));
    r.must(r.release("acme/b", "2.0.0"));
    r.pass(k_start);
    auto const* const a = r.state.find(name_of("acme/b"));
    auto const* const b = r.state.find(name_of("team/a"));
    auto const bytes = encode_bucket({a, b});

    auto const names = decode_bucket(bytes);

    ASSERT_TRUE(names) << names.error().context;
    EXPECT_EQ((*names)[0], *a);
    EXPECT_EQ((*names)[1], *b);
    EXPECT_FALSE(decode_bucket(encode_bucket({b, a})));
    EXPECT_FALSE(decode_bucket(encode_bucket({a, a})));
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        EXPECT_FALSE(decode_bucket(BytesView{bytes}.first(length))) << length;
    }
    auto longer = bytes;
    longer.push_back(0);
    EXPECT_FALSE(decode_bucket(longer));
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        auto flipped = bytes;
        flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << (bit % 8)));
        auto const decoded = decode_bucket(flipped);
        if (!decoded) continue;
        std::vector<NameState const*> pointers;
        for (auto const& name : *decoded) pointers.push_back(&name);
        EXPECT_EQ(encode_bucket(pointers), flipped) << bit;
    }
    EXPECT_EQ(decode_bucket(Bytes(k_bucket_bytes_max + 1)).error().code, Errc::too_large);
}

}  // namespace
}  // namespace ggen
