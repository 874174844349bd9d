#include "merkle/note.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "codec/base64.hpp"
#include "merkle/testing/memory_log.hpp"

namespace ggen::merkle {
namespace {

using testing::test_signer;

Note signed_note(std::vector<SignerKey> const& signers, std::string text = "a text\nof two lines\n") {
    Note note{std::move(text), {}};
    for (auto const& signer : signers) note.sign(signer, UnixTime{1'800'000'000});
    return note;
}

std::vector<std::string> names_of(std::vector<VerifiedSignature> const& verified) {
    std::vector<std::string> names;
    names.reserve(verified.size());
    for (auto const& signature : verified) names.push_back(signature.key.name);
    return names;
}

void expect_malformed(std::string const& bytes, char const* why) {
    auto const refused = Note::parse(bytes);
    ASSERT_FALSE(refused) << why;
    EXPECT_EQ(refused.error().code, Errc::invalid) << why;
    EXPECT_EQ(refused.error().id, ErrorId::note_malformed) << why;
}

// The well-known example of golang.org/x/mod/sumdb/note.
constexpr char const* k_neumann_key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr char const* k_neumann_note =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "\xE2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

TEST(NoteTest, ThePublishedKeyVerifiesThePublishedNote) {
    auto const key = VerifierKey::parse(k_neumann_key);
    ASSERT_TRUE(key);
    EXPECT_EQ(key->text(), k_neumann_key);
    auto const note = Note::parse(k_neumann_note);
    ASSERT_TRUE(note);
    EXPECT_EQ(note->print(), k_neumann_note);
    auto const verified = verify_note(*note, {*key});
    ASSERT_TRUE(verified);
    EXPECT_EQ(names_of(*verified), (std::vector<std::string>{"PeterNeumann"}));
}

TEST(NoteTest, KeysComeBackFromTheirTexts) {
    for (auto const type : {KeyType::note_ed25519, KeyType::cosignature_ed25519}) {
        auto const signer = test_signer("log.example/main", 1, type);
        auto const again = SignerKey::parse(signer.text());
        ASSERT_TRUE(again);
        EXPECT_EQ(again->text(), signer.text());
        EXPECT_EQ(again->verifier(), signer.verifier());
        auto const verifier = VerifierKey::parse(signer.verifier().text());
        ASSERT_TRUE(verifier);
        EXPECT_EQ(*verifier, signer.verifier());
    }
}

TEST(NoteTest, KeyTextsHaveOneSpelling) {
    std::string const good = k_neumann_key;
    auto const with = [&](std::size_t at, char c) { auto bad = good; bad[at] = c; return bad; };
    auto const key_of_type = [](std::uint8_t type) {
        Bytes data(33, 1);
        data[0] = type;
        return "name+00000000+" + base64_encode(data);
    };
    for (auto const& bad :
         {std::string{}, std::string{"+"}, std::string{"name"}, good.substr(0, 21), good + "=", good + "\n", " " + good,
          with(13, 'd'), with(13, 'C'), with(30, 'A'), "Peter Neumann" + good.substr(12), "+" + good,
          std::string{"\xC2\xA0"} + good, std::string{"\xFF"} + good, good.substr(12), good.substr(0, good.size() - 4),
          key_of_type(0), key_of_type(2), key_of_type(6)}) {
        auto const refused = VerifierKey::parse(bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().id, ErrorId::note_malformed);
    }
    auto const secret = test_signer("name", 1).text();
    EXPECT_FALSE(SignerKey::parse(secret.substr(1)));
    EXPECT_FALSE(SignerKey::parse(test_signer("name", 1).verifier().text()));
    auto other_id = secret;
    other_id[17] = other_id[17] == '0' ? '1' : '0';
    EXPECT_FALSE(SignerKey::parse(other_id));
}

TEST(NoteTest, NamesWithoutMeaningAreRefused) {
    ggen::testing::SeededRandom random{1};
    auto const key = Ed25519PrivateKey::generate(random);
    for (std::string const bad :
         {"", "a b", "a+b", "a\tb", "a\nb", "\xC2\x85", "a\xE2\x80\xA8", "a\xE3\x80\x80", "\xFF", "\x01"}) {
        EXPECT_FALSE(SignerKey::create(bad, key)) << bad;
    }
    EXPECT_TRUE(SignerKey::create("log.example/é—ü", key));
}

TEST(NoteTest, MalformedNotesAreRefused) {
    std::string const line = std::string{k_neumann_note}.substr(std::string{k_neumann_note}.find("\xE2\x80\x94"));
    std::string const blank_then_line = "\n" + line;
    expect_malformed("", "empty");
    expect_malformed("\n", "one line end");
    expect_malformed("abc", "no line end");
    expect_malformed("abc\n", "no signature");
    expect_malformed("abc\n\n", "no signature after the blank line");
    expect_malformed("\n\n" + line, "no text");
    expect_malformed("abc\n" + line, "no blank line");
    expect_malformed("abc\n" + blank_then_line.substr(0, blank_then_line.size() - 1), "no last line end");
    expect_malformed("abc\n" + blank_then_line + "\n", "blank line after the signatures");
    expect_malformed("abc\n" + blank_then_line + "x\n", "other line after the signatures");
    expect_malformed("abc\n\n-" + line.substr(3), "hyphen for dash");
    expect_malformed("abc\n\n\xE2\x80\x94" + line.substr(4), "no space after the dash");
    expect_malformed("abc\n\n\xE2\x80\x94  " + line.substr(4), "two spaces after the dash");
    expect_malformed("abc\n\n\xE2\x80\x94 name\n", "no signature in the line");
    expect_malformed("abc\n\n\xE2\x80\x94 name \n", "empty signature");
    expect_malformed("abc\n\n\xE2\x80\x94 name x08g\n", "shorter than a key id");
    expect_malformed("abc\n\n\xE2\x80\x94 name x08goA==\n", "a key id alone");
    expect_malformed("abc\n\n\xE2\x80\x94 na+me x08go/Zj\n", "plus in the name");
    expect_malformed("abc\n\n\xE2\x80\x94 na me x08go/Zj\n", "space in the name");
    expect_malformed("abc\n\n\xE2\x80\x94 name x08go/Z!\n", "bad base64");
    expect_malformed("abc\n\n\xE2\x80\x94 name x08go/Z=\n", "base64 with unused bits set");
    expect_malformed("abc\r\n\n" + line, "carriage return");
    expect_malformed("a\tc\n\n" + line, "tab");
    expect_malformed(std::string{"a\0c\n\n", 5} + line, "NUL");
    expect_malformed("a\xFF\n\n" + line, "invalid UTF-8");
    expect_malformed("a\xED\xA0\x80\n\n" + line, "surrogate");
    EXPECT_TRUE(Note::parse("abc\n\n" + line));
}

TEST(NoteTest, TheLastBlankLineSeparates) {
    auto const signer = test_signer("signer", 1);
    auto const note = signed_note({signer}, "part one\n\npart two\n\n\xE2\x80\x94 looks like a signature\n");
    auto const parsed = Note::parse(note.print());
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->text, note.text);
    EXPECT_TRUE(verify_note(*parsed, {signer.verifier()}));
}

TEST(NoteTest, SizeAndSignatureLimitsHoldAtTheLimitAndOnePast) {
    auto const signer = test_signer("signer", 1);
    auto note = signed_note({signer});
    auto const one = note.signatures.front();
    note.signatures.assign(k_note_signatures_max, one);
    EXPECT_TRUE(Note::parse(note.print()));
    note.signatures.push_back(one);
    auto const too_many = Note::parse(note.print());
    ASSERT_FALSE(too_many);
    EXPECT_EQ(too_many.error().code, Errc::too_large);

    auto const overhead = signed_note({signer}, "\n").print().size();
    auto const largest = signed_note({signer}, std::string(k_note_bytes_max - overhead, 'x') + "\n");
    ASSERT_EQ(largest.print().size(), k_note_bytes_max);
    EXPECT_TRUE(Note::parse(largest.print()));
    auto const larger = signed_note({signer}, std::string(k_note_bytes_max - overhead + 1, 'x') + "\n");
    auto const too_large = Note::parse(larger.print());
    ASSERT_FALSE(too_large);
    EXPECT_EQ(too_large.error().code, Errc::too_large);
}

TEST(NoteTest, SixteenKnownSignersAllCount) {
    std::vector<SignerKey> signers;
    std::vector<VerifierKey> known;
    for (std::uint64_t i = 0; i < 16; ++i) {
        signers.push_back(test_signer("signer" + std::to_string(i), 100 + i));
        known.push_back(signers.back().verifier());
    }
    auto const parsed = Note::parse(signed_note(signers).print());
    ASSERT_TRUE(parsed);
    auto const verified = verify_note(*parsed, known);
    ASSERT_TRUE(verified);
    EXPECT_EQ(verified->size(), 16U);
}

TEST(NoteTest, UnknownKeysAreSkippedButOneKnownMustHaveSigned) {
    auto const known = test_signer("known", 1);
    auto const stranger = test_signer("stranger", 2);
    auto note = signed_note({stranger, known});
    note.signatures.front().signature.assign(3, 0);  // Not even 64 bytes: nobody's business here.

    auto const verified = verify_note(note, {known.verifier()});
    ASSERT_TRUE(verified);
    EXPECT_EQ(names_of(*verified), (std::vector<std::string>{"known"}));

    for (auto const& keys : {std::vector<VerifierKey>{}, {test_signer("other", 3).verifier()}}) {
        auto const refused = verify_note(note, keys);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Errc::refused);
        EXPECT_EQ(refused.error().id, ErrorId::signature_invalid);
    }
}

TEST(NoteTest, KnownKeyWithABadSignatureRejectsTheWholeNote) {
    auto const good = test_signer("good", 1);
    auto const bad = test_signer("bad", 2);
    auto note = signed_note({good, bad});
    for (std::size_t bit = 0; bit < std::size_t{8} * 64; ++bit) {
        auto changed = note;
        auto& byte = changed.signatures[1].signature[bit / 8];
        byte = static_cast<std::uint8_t>(byte ^ (1U << (bit % 8)));
        EXPECT_FALSE(verify_note(changed, {good.verifier(), bad.verifier()})) << bit;
        EXPECT_TRUE(verify_note(changed, {good.verifier()})) << bit;
    }
    auto short_one = note;
    short_one.signatures[1].signature.pop_back();
    EXPECT_FALSE(verify_note(short_one, {good.verifier(), bad.verifier()}));
    // A second line of a key that signed well is checked as well.
    auto twice = note;
    twice.signatures.push_back(note.signatures[0]);
    EXPECT_TRUE(verify_note(twice, {good.verifier()}));
    twice.signatures.back().signature[0] ^= 1U;
    EXPECT_FALSE(verify_note(twice, {good.verifier()}));
}

TEST(NoteTest, AKeyCountsOnceHoweverOftenAndUnderWhateverNameItSigned) {
    auto const signer = test_signer("signer", 1);
    auto const same_key = test_signer("alias", 1);
    auto note = signed_note({signer, signer, same_key});
    auto const verified = verify_note(note, {signer.verifier(), same_key.verifier()});
    ASSERT_TRUE(verified);
    EXPECT_EQ(names_of(*verified), (std::vector<std::string>{"signer"}));
}

TEST(NoteTest, TwoKnownKeysOfOneNameAndIdAreRefused) {
    auto const signer = test_signer("signer", 1);
    EXPECT_FALSE(verify_note(signed_note({signer}), {signer.verifier(), signer.verifier()}));
}

TEST(NoteTest, SignatureIsBoundToNameIdAndText) {
    auto const signer = test_signer("signer", 1);
    auto const note = signed_note({signer});
    auto other_name = note;
    other_name.signatures[0].name = "other";
    EXPECT_FALSE(verify_note(other_name, {signer.verifier()}));
    auto other_id = note;
    other_id.signatures[0].key_id ^= 1U;
    EXPECT_FALSE(verify_note(other_id, {signer.verifier()}));
    auto other_text = note;
    other_text.text += "\n";
    EXPECT_FALSE(verify_note(other_text, {signer.verifier()}));
}

TEST(CosignatureTest, CarriesItsTime) {
    auto const witness = test_signer("witness", 1, KeyType::cosignature_ed25519);
    Note note{"origin\n1\n", {}};
    note.sign(witness, UnixTime{1'700'000'000});
    note.sign(witness, UnixTime{1'800'000'000});
    note.sign(witness, UnixTime{1'600'000'000});

    auto const verified = verify_note(note, {witness.verifier()});
    ASSERT_TRUE(verified);
    ASSERT_EQ(verified->size(), 1U) << "a witness counts once";
    EXPECT_EQ(verified->front().time.seconds, 1'800'000'000);

    auto moved = note;
    moved.signatures[0].signature[7] ^= 1U;
    EXPECT_FALSE(verify_note(moved, {witness.verifier()})) << "the time is signed";
}

TEST(CosignatureTest, TypesAreNotInterchangeable) {
    auto const plain = test_signer("key", 1);
    auto const cosigner = test_signer("key", 1, KeyType::cosignature_ed25519);
    EXPECT_NE(plain.verifier().key_id(), cosigner.verifier().key_id());
    Note note{"text\n", {}};
    note.sign(cosigner, UnixTime{5});
    note.signatures[0].key_id = plain.verifier().key_id();
    EXPECT_FALSE(verify_note(note, {plain.verifier()}));
}

TEST(CosignatureTest, TimesBeyond63BitsAreRefused) {
    auto const witness = test_signer("witness", 1, KeyType::cosignature_ed25519);
    Note note{"text\n", {}};
    note.sign(witness, UnixTime{std::numeric_limits<std::int64_t>::max()});
    EXPECT_TRUE(verify_note(note, {witness.verifier()}));
    note.signatures[0].signature[0] = 0x80;
    EXPECT_FALSE(verify_note(note, {witness.verifier()}));
}

}  // namespace
}  // namespace ggen::merkle
