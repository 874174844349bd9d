#include "merkle/checkpoint.hpp"

#include <gtest/gtest.h>

#include "codec/base64.hpp"
#include "merkle/testing/memory_log.hpp"
#include "merkle/tree.hpp"

namespace ggen::merkle {
namespace {

using testing::test_signer;

constexpr char const* k_origin = "log.example/main";
constexpr char const* k_root = "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=";

std::string checkpoint_text(std::string const& size) {
    return std::string{k_origin} + "\n" + size + "\n" + k_root + "\n";
}

std::string signed_text(std::string text, std::vector<SignerKey> const& signers) {
    Note note{std::move(text), {}};
    for (auto const& signer : signers) note.sign(signer, UnixTime{1'800'000'000});
    return note.print();
}

TEST(CheckpointTest, TextComesBack) {
    for (std::string const size : {"0", "1", "300", "9223372036854775807"}) {
        auto const parsed = Checkpoint::parse_text(checkpoint_text(size));
        ASSERT_TRUE(parsed) << size;
        EXPECT_EQ(parsed->origin, k_origin);
        EXPECT_EQ(std::to_string(parsed->size), size);
        EXPECT_EQ(parsed->text(), checkpoint_text(size));
    }
}

TEST(CheckpointTest, SizesHaveOneSpelling) {
    for (std::string const size :
         {"", "00", "0300", "+300", "-1", " 300", "300 ", "3e2", "0x12c", "300.0", "3_0", "9223372036854775808",
          "18446744073709551615", "18446744073709551616", "99999999999999999999999"}) {
        auto const refused = Checkpoint::parse_text(checkpoint_text(size));
        ASSERT_FALSE(refused) << size;
        EXPECT_EQ(refused.error().code, Errc::invalid);
        EXPECT_EQ(refused.error().id, ErrorId::checkpoint_malformed);
    }
    EXPECT_FALSE(Checkpoint::parse_text(checkpoint_text(std::string{"30\0", 3})));
    EXPECT_FALSE(Checkpoint::parse_text(checkpoint_text(std::string{"\0", 1})));
}

TEST(CheckpointTest, OtherLinesAreRefused) {
    std::string const good = checkpoint_text("300");
    // NOLINTBEGIN(performance-inefficient-string-concatenation): a table of texts, built once.
    std::string const origin = std::string{k_origin} + "\n";
    std::string const root = std::string{k_root} + "\n";
    for (std::string const& bad :
         {std::string{}, std::string{"\n"}, origin, origin + "300\n", good.substr(0, good.size() - 1), good + "\n",
          good + "extension\n", "\n" + good, "\n300\n" + root, origin + "300\n\n", origin + "300\n" + root.substr(4),
          origin + "300\nAAAA\n", origin + "300\n" + root.substr(0, 43) + "\n", origin + "300\n " + root,
          origin + "300\r\n" + root, "ggen/release/v1\n300\n" + root, "ggen/\n300\n" + root, "a\tb\n300\n" + root,
          "\xFF\n300\n" + root, std::string{"a\0b\n300\n", 8} + root}) {
        // NOLINTEND(performance-inefficient-string-concatenation)
        EXPECT_FALSE(Checkpoint::parse_text(bad)) << bad;
    }
    // Of the last digit two bits are unused: one spelling only.
    auto loose = good;
    loose[good.size() - 3] = 'h';
    EXPECT_FALSE(Checkpoint::parse_text(loose));
}

TEST(OpenCheckpointTest, AcceptsTheLogsSignatureAndDatesItByCosigners) {
    auto const log = test_signer(k_origin, 1);
    auto const witness = test_signer("witness.example", 2, KeyType::cosignature_ed25519);
    auto const stranger = test_signer("stranger.example", 3, KeyType::cosignature_ed25519);
    auto const note = signed_text(checkpoint_text("8"), {log, stranger, witness});

    auto const opened = open_checkpoint(note, log.verifier(), {witness.verifier()});
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->checkpoint.size, 8U);
    EXPECT_EQ(opened->note, note);
    EXPECT_EQ(opened->cosigned_at.seconds, 1'800'000'000);
    auto const undated = open_checkpoint(note, log.verifier());
    ASSERT_TRUE(undated);
    EXPECT_EQ(undated->cosigned_at.seconds, 0);
}

TEST(OpenCheckpointTest, CosignersCannotStandInForTheLog) {
    auto const log = test_signer(k_origin, 1);
    auto const witness = test_signer("witness.example", 2, KeyType::cosignature_ed25519);
    auto const refused =
        open_checkpoint(signed_text(checkpoint_text("8"), {witness}), log.verifier(), {witness.verifier()});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_EQ(refused.error().id, ErrorId::signature_invalid);
    auto const cosigning_log = test_signer(k_origin, 1, KeyType::cosignature_ed25519);
    EXPECT_FALSE(open_checkpoint(signed_text(checkpoint_text("8"), {cosigning_log}), cosigning_log.verifier()));
}

TEST(OpenCheckpointTest, AnotherOriginIsRefusedThoughTheKeySignedIt) {
    auto const log = test_signer(k_origin, 1);
    auto const refused =
        open_checkpoint(signed_text(std::string{"log.example/other\n8\n"} + k_root + "\n", {log}), log.verifier());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id, ErrorId::checkpoint_malformed);
}

TEST(OpenCheckpointTest, EveryFlippedBitIsRefused) {
    auto const log = test_signer(k_origin, 1);
    auto const note = signed_text(checkpoint_text("8"), {log});
    for (std::size_t bit = 0; bit < 8 * note.size(); ++bit) {
        auto changed = note;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
        EXPECT_FALSE(open_checkpoint(changed, log.verifier())) << bit;
    }
    for (std::size_t length = 0; length < note.size(); ++length) {
        EXPECT_FALSE(open_checkpoint(note.substr(0, length), log.verifier())) << length;
    }
}

TEST(OpenCheckpointTest, SizeLimitHoldsAtTheLimitAndOnePast) {
    auto const log = test_signer(k_origin, 1);
    auto note = signed_text(checkpoint_text("8"), {log});
    auto const filler = [](std::size_t bytes) {
        // "— name base64 LF": the name takes up what base64 leaves over.
        std::string const tail = " AAAAAAAA\n";
        return "\xE2\x80\x94 " + std::string(bytes - 4 - tail.size(), 'n') + tail;
    };
    auto const largest = note + filler(k_checkpoint_bytes_max - note.size());
    ASSERT_EQ(largest.size(), k_checkpoint_bytes_max);
    EXPECT_TRUE(open_checkpoint(largest, log.verifier()));
    auto const too_large = open_checkpoint(note + filler(k_checkpoint_bytes_max - note.size() + 1), log.verifier());
    ASSERT_FALSE(too_large);
    EXPECT_EQ(too_large.error().code, Errc::too_large);
}

LogProof example_proof(std::size_t hashes) {
    LogProof proof;
    proof.extra = to_bytes("leaf");
    proof.index = 3;
    for (std::size_t i = 0; i < hashes; ++i) proof.hashes.push_back(leaf_hash(to_bytes(std::to_string(i))));
    proof.checkpoint_note = signed_text(checkpoint_text("8"), {test_signer(k_origin, 1)});
    return proof;
}

TEST(LogProofTest, TextComesBack) {
    for (std::size_t const hashes : {0U, 1U, 3U, 63U}) {
        for (bool const has_extra : {false, true}) {
            auto proof = example_proof(hashes);
            if (!has_extra) proof.extra.clear();
            auto const parsed = LogProof::parse(proof.print());
            ASSERT_TRUE(parsed);
            EXPECT_EQ(parsed->extra, proof.extra);
            EXPECT_EQ(parsed->index, proof.index);
            EXPECT_EQ(parsed->hashes, proof.hashes);
            EXPECT_EQ(parsed->checkpoint_note, proof.checkpoint_note);
        }
    }
    auto const text = example_proof(1).print();
    EXPECT_TRUE(text.starts_with("c2sp.org/tlog-proof@v1\nextra bGVhZg==\nindex 3\n")) << text;
    EXPECT_NE(text.find("=\n\nlog.example/main\n8\n"), std::string::npos) << text;
}

TEST(LogProofTest, EveryOtherSpellingIsRefused) {
    // NOLINTBEGIN(performance-inefficient-string-concatenation): as above.
    std::string const head = "c2sp.org/tlog-proof@v1\n";
    std::string const hash = std::string{k_root} + "\n";
    std::string const note = "\n" + example_proof(0).checkpoint_note;
    EXPECT_TRUE(LogProof::parse(head + "index 3\n" + hash + note));
    for (std::string const& bad :
         {std::string{}, head, "c2sp.org/tlog-proof@v2\nindex 3\n" + hash + note, head + hash + note,
          head + "index\n" + hash + note, head + "index \n" + hash + note, head + "index 03\n" + hash + note,
          head + "index +3\n" + hash + note, head + "index -3\n" + hash + note, head + "index  3\n" + hash + note,
          head + "index 9223372036854775808\n" + note, head + "index 18446744073709551616\n" + note,
          head + "index 3\nextra bGVhZg==\n" + hash + note, head + "extra \nindex 3\n" + note,
          head + "extra\nindex 3\n" + note, head + "extra bGVhZg=\nindex 3\n" + note,
          head + "extra bGVhZg==\nextra bGVhZg==\nindex 3\n" + note, head + "index 3\nindex 3\n" + note,
          head + "index 3\n" + hash.substr(4) + note, head + "index 3\n " + hash + note, head + "index 3\n" + hash,
          head + "index 3\n" + hash + "\n", head + "index 3", head + "\nindex 3\n" + note,
          head + "index 3\r\n" + hash + note}) {
        // NOLINTEND(performance-inefficient-string-concatenation)
        auto const refused = LogProof::parse(bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().code, Errc::invalid);
        EXPECT_EQ(refused.error().id, ErrorId::proof_invalid);
    }
    EXPECT_FALSE(LogProof::parse(head + std::string{"index 3\0\n", 9} + hash + note));
}

TEST(LogProofTest, LimitsHoldAtTheLimitAndOnePast) {
    EXPECT_TRUE(LogProof::parse(example_proof(k_proof_hashes_max).print()));
    EXPECT_FALSE(LogProof::parse(example_proof(k_proof_hashes_max + 1).print()));

    auto proof = example_proof(1);
    proof.checkpoint_note.assign(k_checkpoint_bytes_max, 'x');
    EXPECT_TRUE(LogProof::parse(proof.print()));
    proof.checkpoint_note += 'x';
    EXPECT_FALSE(LogProof::parse(proof.print()));

    auto const too_large = LogProof::parse(std::string(LogProof::k_bytes_max + 1, 'x'));
    ASSERT_FALSE(too_large);
    EXPECT_EQ(too_large.error().code, Errc::too_large);
}

}  // namespace
}  // namespace ggen::merkle
