#include "registry/records.hpp"

#include <gtest/gtest.h>

#include "base/error_id.hpp"
#include "registry/testing/registry_fixture.hpp"

namespace ggen {
namespace {

using testing::make_key;

constexpr char const* k_hex = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

std::string release_text() {
    return std::string{
               "ggen/release/v1\nregistry example/main\nname acme/foo\nversion 1.2.3\nprev -\nmanifest "
               "sha256:"} +
           k_hex + " 12\narchive sha256:" + k_hex + " 345\ntree sha256:" + k_hex + "\n";
}

Bytes signed_text(std::string text) {
    merkle::Note note{std::move(text), {}};
    note.sign(make_key("acme/laptop", 1));
    return to_bytes(note.print());
}

std::string replaced(std::string text, std::string const& from, std::string const& to) {
    auto const at = text.find(from);
    GGEN_ASSERT(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

TEST(RecordsTest, ReleasePrintsAsDrawnInTheFormat) {
    auto const record = parse_record(signed_text(release_text()));

    ASSERT_TRUE(record) << record.error().context;
    auto const& release = std::get<ReleaseRecord>(record->record);
    EXPECT_EQ(release.name.text(), "acme/foo");
    EXPECT_EQ(release.archive.bytes, 345U);
    EXPECT_EQ(release.previous, std::nullopt);
    EXPECT_EQ(print_record(record->record), release_text());
}

TEST(RecordsTest, AReleaseOfSeveralChunksCarriesTheRootOfItsChunkList) {
    auto const chunks = "chunks sha256:" + std::string{k_hex} + "\n";
    auto const with = [&](std::string const& bytes) {
        return replaced(replaced(release_text(), " 345\n", " " + bytes + "\n"), "tree sha256", chunks + "tree sha256");
    };
    auto const record = parse_record(signed_text(with("262145")));
    ASSERT_TRUE(record) << record.error().context;
    auto const& release = std::get<ReleaseRecord>(record->record);
    ASSERT_TRUE(release.chunks);
    EXPECT_EQ(release.chunks->hex(), k_hex);
    EXPECT_EQ(print_record(record->record), with("262145"));

    // One chunk says nothing that its digest does not say; older records of large archives have no root.
    EXPECT_FALSE(parse_record(signed_text(with("262144"))));
    auto const old = parse_record(signed_text(replaced(release_text(), " 345\n", " 262145\n")));
    ASSERT_TRUE(old) << old.error().context;
    EXPECT_FALSE(std::get<ReleaseRecord>(old->record).chunks);
    // It stands in one place only, once.
    EXPECT_FALSE(parse_record(signed_text(replaced(with("262145"), chunks, chunks + chunks))));
    EXPECT_FALSE(parse_record(signed_text(replaced(release_text(), " 345\n", " 262145\n") + chunks)));
}

TEST(RecordsTest, EveryKindSurvivesPrintAndParse) {
    testing::RecordMaker const maker;
    auto const key = make_key("acme/laptop", 1);
    auto const other = make_key("acme/desk", 2);
    auto const recovery = make_key("acme/paper", 3);
    KeysRecord const change{"example/main", {ClaimSubject::Kind::name, "foo"}, {key.verifier()}, 1};
    std::vector<Bytes> const entries{
        maker.claim({ClaimSubject::Kind::name_space, "acme"}, {key, other}, 2, recovery),
        maker.claim({ClaimSubject::Kind::name, "foo"}, {key}),
        maker.release("acme/foo", "1.0.0-rc.1+build.5", sha256(as_bytes("x")), {key, other}),
        maker.status("acme/foo", "1.0.0", sha256(as_bytes("x")), StatusAction::revoke, key),
        sign_record(change, {key}).value(),
        sign_record(StateLeaf{12, {1'800'000'000}, 16, sha256(as_bytes("r"))}, {}).value()};

    for (auto const& entry : entries) {
        auto const record = parse_record(entry);
        ASSERT_TRUE(record) << as_text(entry) << record.error().context;
        EXPECT_EQ(record->note.signatures.empty() ? record->note.text : record->note.print(), as_text(entry));
        EXPECT_EQ(print_record(record->record), record->note.text);
    }
}

TEST(RecordsTest, SecondSpellingsAndWrongFieldsAreRefused) {
    auto const text = release_text();
    std::vector<std::string> const bad{
        replaced(text, "release/v1", "release/v2"),
        replaced(text, "registry example/main\n", ""),
        replaced(text, "registry example/main", "registry ggen/main"),
        replaced(text, "registry example/main", "registry  example/main"),
        replaced(text, "name acme/foo", "name Acme/foo"),
        replaced(text, "version 1.2.3", "version v1.2.3"),
        replaced(text, "version 1.2.3", "version 01.2.3"),
        replaced(text, "prev -", "prev "),
        replaced(text, "prev -", "prev 00"),
        replaced(text, " 12\n", " 012\n"),
        replaced(text, " 12\n", " +12\n"),
        replaced(text, " 12\n", "  12\n"),
        replaced(text, " 12\n", " 9223372036854775808\n"),
        replaced(text, " 12\n", "\n"),
        replaced(text, "sha256:0011", "SHA256:0011"),
        replaced(text, "aabb", "AABB"),
        text + "extra 1\n",
        text + "\n",
        replaced(text, "name acme/foo\nversion 1.2.3\n", "version 1.2.3\nname acme/foo\n"),
    };

    for (auto const& each : bad) {
        auto const record = parse_record(signed_text(each));
        ASSERT_FALSE(record) << each;
        EXPECT_EQ(record.error().id, ErrorId::record_invalid) << each;
    }
    auto entry = signed_text(text);
    entry.push_back('\n');
    EXPECT_FALSE(parse_record(entry));
    EXPECT_FALSE(parse_record(to_bytes(text)));
    EXPECT_FALSE(parse_record({}));
}

TEST(RecordsTest, ClaimsWithBadKeySetsAreRefused) {
    auto const key = make_key("acme/laptop", 1);
    auto const same_key = make_key("acme/other-name", 1);
    auto const cosigner = make_key("acme/witness", 4, merkle::KeyType::cosignature_ed25519);
    auto const entry = [&](std::vector<merkle::VerifierKey> keys, unsigned threshold,
                           bool own_recovery = false) {
        ClaimRecord claim{
            "example/main", {ClaimSubject::Kind::name_space, "acme"}, std::move(keys), threshold, {}};
        if (own_recovery) claim.recovery = key.verifier();
        return sign_record(claim, {key}).value();
    };

    EXPECT_TRUE(parse_record(entry({key.verifier()}, 1)));
    EXPECT_FALSE(parse_record(entry({key.verifier()}, 0)));
    EXPECT_FALSE(parse_record(entry({key.verifier()}, 2)));
    EXPECT_FALSE(parse_record(entry({}, 1)));
    EXPECT_FALSE(parse_record(entry({key.verifier(), same_key.verifier()}, 1)));
    EXPECT_FALSE(parse_record(entry({cosigner.verifier()}, 1)));
    EXPECT_FALSE(parse_record(entry({key.verifier()}, 1, true)));
}

TEST(RecordsTest, RecordAtTheSizeLimitIsReadAndOnePastItIsNot) {
    // Padding by the key name of an unknown signer: the only part of a record that may be long.
    auto const build = [](std::size_t name_bytes) {
        merkle::Note note{release_text(), {}};
        note.sign(make_key(std::string(name_bytes, 'k'), 1));
        return to_bytes(note.print());
    };
    auto const base = build(1).size();

    EXPECT_TRUE(parse_record(build(k_record_bytes_max - base + 1)));
    auto const over = parse_record(build(k_record_bytes_max - base + 2));

    ASSERT_FALSE(over);
    EXPECT_EQ(over.error().code, Errc::too_large);
}

TEST(RecordsTest, StateLeafHasOneSpelling) {
    auto const leaf = [](std::string const& text) { return parse_record(as_bytes(text)); };
    std::string const root = k_hex;

    EXPECT_TRUE(leaf("ggen/state/v1 5 1800000000 8 " + root + "\n"));
    EXPECT_FALSE(leaf("ggen/state/v1 05 1800000000 8 " + root + "\n"));
    EXPECT_FALSE(leaf("ggen/state/v1 5 -1 8 " + root + "\n"));
    EXPECT_FALSE(leaf("ggen/state/v1 5 1800000000 9 " + root + "\n"));
    EXPECT_FALSE(leaf("ggen/state/v1 5 1800000000 8 " + root));
    EXPECT_FALSE(leaf("ggen/state/v1 5 1800000000 8 " + root + "\n\n"));
    EXPECT_FALSE(leaf("ggen/state/v1 5 1800000000 8 " + root + " 1\n"));
}

}  // namespace
}  // namespace ggen
