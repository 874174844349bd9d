// Vectors published by others, read where a checkout of them lies beside this one. Our own golden
// bytes in testdata/ keep these tests' teeth where it does not.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/file_system.hpp"
#include "codec/base64.hpp"
#include "codec/json.hpp"
#include "merkle/checkpoint.hpp"
#include "merkle/testing/memory_log.hpp"
#include "merkle/tile_store.hpp"

namespace ggen::merkle {
namespace {

constexpr char const* k_vectors = GGEN_SOURCE_DIR "/../shared/data/vectors";
constexpr char const* k_golden = GGEN_SOURCE_DIR "/src/merkle/testdata";

std::string read_text(std::string const& path) {
    auto const bytes = make_posix_file_system()->read_file(path, 16 * k_mib);
    EXPECT_TRUE(bytes) << path;
    return bytes ? std::string{as_text(*bytes)} : std::string{};
}

Json read_json(std::string const& path) {
    auto value = Json::parse(read_text(path));
    EXPECT_TRUE(value) << path;
    return value ? std::move(value).value() : Json{};
}

std::vector<std::string> lines_of(std::string const& text) {
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < text.size();) {
        auto const end = std::min(text.find('\n', begin), text.size());
        if (end > begin) lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

/// Serves the files below `folder`.
ReadFile folder_source(std::string const& folder) {
    return [folder](std::string const& path, std::uint64_t bytes_max) {
        return make_posix_file_system()->read_file(join_path(folder, path), bytes_max);
    };
}

bool has_vectors(std::string const& name) {
    return make_posix_file_system()->info(join_path(k_vectors, name)).has_value();
}

#define GGEN_NEED_VECTORS(name) \
    if (!has_vectors(name)) GTEST_SKIP() << "no published vectors at " << k_vectors << "/" << name

std::vector<VerifierKey> keys_of(Json const& texts) {
    std::vector<VerifierKey> keys;
    for (auto const& text : *texts.if_array()) {
        auto key = VerifierKey::parse(*text.if_string());
        EXPECT_TRUE(key) << *text.if_string();
        if (key) keys.push_back(std::move(key).value());
    }
    return keys;
}

TEST(PublishedNotesTest, EveryNoteIsAcceptedOrRejectedAsPublished) {
    GGEN_NEED_VECTORS("notes/notes.json");
    auto const cases = read_json(std::string{k_vectors} + "/notes/notes.json");
    std::size_t count = 0;
    for (auto const& example : *cases.if_array()) {
        auto const& id = *example.find("id")->if_string();
        bool const is_good = *example.find("expect")->if_string() == "accept";
        auto const note = Note::parse(*example.find("note")->if_string());
        auto const verified = note ? verify_note(*note, keys_of(*example.find("keys")))
                                   : Result<std::vector<VerifiedSignature>>{note.error()};
        EXPECT_EQ(verified.has_value(), is_good) << id;
        ++count;
        if (!verified || !is_good) continue;
        EXPECT_EQ(note->print(), *example.find("note")->if_string()) << id;
        Json names = Json::array();
        for (auto const& signature : *verified) names.push(signature.key.name);
        EXPECT_EQ(names, *example.find("verified")) << id;
    }
    EXPECT_EQ(count, 22U);
}

/// The hash, or nothing when a vector deliberately has another length.
std::optional<Digest> hash_of(Json const& text) {
    auto const bytes = base64_decode(*text.if_string());
    if (!bytes || bytes->size() != Digest::k_bytes) return std::nullopt;
    Digest digest;
    std::copy(bytes->begin(), bytes->end(), digest.bytes.begin());
    return digest;
}

std::optional<std::vector<Digest>> hashes_of(Json const* texts) {
    std::vector<Digest> hashes;
    if (texts == nullptr || texts->is_null()) return hashes;
    for (auto const& text : *texts->if_array()) {
        auto const hash = hash_of(text);
        if (!hash) return std::nullopt;
        hashes.push_back(*hash);
    }
    return hashes;
}

std::vector<std::string> json_files_below(std::string const& folder) {
    std::vector<std::string> found;
    auto const entries = make_posix_file_system()->list(folder);
    EXPECT_TRUE(entries) << folder;
    if (!entries) return found;
    for (auto const& entry : *entries) {
        auto const path = join_path(folder, entry.name);
        if (entry.kind == FileKind::directory) {
            auto const below = json_files_below(path);
            found.insert(found.end(), below.begin(), below.end());
        } else if (entry.name.ends_with(".json")) {
            found.push_back(path);
        }
    }
    return found;
}

/// Numbers beyond 63 bits, which Json keeps as doubles, stand for "too large".
std::uint64_t number_of(Json const& value, char const* key) {
    auto const* const number = value.find(key)->if_integer();
    return number != nullptr ? static_cast<std::uint64_t>(*number) : k_tree_size_max + 1;
}

bool is_inclusion_proven(Json const& example) {
    auto const leaf = hash_of(*example.find("leafHash"));
    auto const root = hash_of(*example.find("root"));
    auto const proof = hashes_of(example.find("proof"));
    if (!leaf || !root || !proof) return false;
    return check_inclusion(*leaf, number_of(example, "leafIdx"), number_of(example, "treeSize"), *proof, *root)
        .has_value();
}

bool is_consistency_proven(Json const& example) {
    auto const old_root = hash_of(*example.find("root1"));
    auto const root = hash_of(*example.find("root2"));
    auto const proof = hashes_of(example.find("proof"));
    if (!old_root || !root || !proof) return false;
    return check_consistency(number_of(example, "size1"), *old_root, number_of(example, "size2"), *root, *proof)
        .has_value();
}

std::size_t check_proof_files(std::string const& folder, bool (*is_proven)(Json const&)) {
    // Accepts two equal roots of 12 bytes. A Digest has 32, so the question cannot be put to us.
    constexpr std::string_view k_short_roots = "/sizes-are-equal-one-and-proof-is-empty.json";
    auto const paths = json_files_below(folder);
    for (auto const& path : paths) {
        auto const example = read_json(path);
        bool const is_bad = *example.find("wantErr")->if_bool() || path.ends_with(k_short_roots);
        EXPECT_EQ(is_proven(example), !is_bad) << path;
    }
    return paths.size();
}

TEST(PublishedProofsTest, EveryProofIsAcceptedOrRefusedAsPublished) {
    GGEN_NEED_VECTORS("merkle-proofs/testdata");
    std::string const folder = std::string{k_vectors} + "/merkle-proofs/testdata";
    auto const inclusion = check_proof_files(folder + "/inclusion", is_inclusion_proven);
    auto const consistency = check_proof_files(folder + "/consistency", is_consistency_proven);
    EXPECT_EQ(inclusion + consistency, 196U);
}

TEST(PublishedProofsTest, RootsOfTheClassicLeavesAgree) {
    GGEN_NEED_VECTORS("merkle-proofs/rfc6962-roots.json");
    auto const example = read_json(std::string{k_vectors} + "/merkle-proofs/rfc6962-roots.json");
    auto const& leaves = *example.find("leaves_hex")->if_array();
    auto const& leaf_hashes = *example.find("leaf_hash_b64")->if_array();
    auto const& roots = *example.find("root_by_size_b64")->if_array();
    TreeBuilder builder;
    for (std::size_t size = 0; size < roots.size(); ++size) {
        EXPECT_EQ(builder.root(), hash_of(roots[size])) << size;
        if (size == leaves.size()) break;
        auto const leaf = leaf_hash(hex_decode(*leaves[size].if_string()).value());
        EXPECT_EQ(leaf, hash_of(leaf_hashes[size])) << size;
        builder.append(leaf);
    }
    EXPECT_EQ(builder.size(), 8U);
}

TEST(PublishedLogTest, EveryCheckpointOpensAndAllEntriesHashToItsRoot) {
    GGEN_NEED_VECTORS("tessera-log");
    std::string const folder = std::string{k_vectors} + "/tessera-log";
    auto const key = VerifierKey::parse(lines_of(read_text(folder + "/vkey.txt")).at(0));
    ASSERT_TRUE(key);
    auto const source = folder_source(folder + "/log");
    Digest last_root = empty_root();
    for (std::uint64_t size = 0; size <= 15; ++size) {
        auto const note = read_text(folder + "/log/checkpoint." + std::to_string(size));
        auto const opened = open_checkpoint(note, *key);
        ASSERT_TRUE(opened) << opened.error().context;
        EXPECT_EQ(opened->checkpoint.size, size);
        EXPECT_EQ(recompute_root(source, size).value(), opened->checkpoint.root);
        TileReader reader{opened->checkpoint, source};
        ASSERT_TRUE(reader.edge());
        for (std::uint64_t index = 0; index < size; ++index) {
            auto const entry = reader.entry(index);
            ASSERT_TRUE(entry);
            EXPECT_TRUE(check_inclusion(leaf_hash(*entry), index, size, reader.prove_inclusion(index).value(),
                                        opened->checkpoint.root));
        }
        if (size > 0) {
            EXPECT_TRUE(check_consistency(size - 1, last_root, size, opened->checkpoint.root,
                                          reader.prove_consistency(size - 1).value()));
        }
        last_root = opened->checkpoint.root;
    }
}

TEST(PublishedCosignaturesTest, BothVerifyAndCarryTheirTime) {
    GGEN_NEED_VECTORS("cosignature");
    std::string const folder = std::string{k_vectors} + "/cosignature/";
    std::vector<VerifierKey> keys;
    for (auto const& line : lines_of(read_text(folder + "vkeys.txt"))) {
        auto const key = VerifierKey::parse(line);
        ASSERT_TRUE(key) << line;
        keys.push_back(*key);
    }
    for (auto const* const name : {"witness.checkpoint", "mirror.checkpoint"}) {
        auto const note = Note::parse(read_text(folder + name));
        ASSERT_TRUE(note) << name;
        EXPECT_TRUE(Checkpoint::parse_text(note->text)) << name;
        auto const verified = verify_note(*note, keys);
        ASSERT_TRUE(verified) << name;
        ASSERT_EQ(verified->size(), 1U) << name;
        EXPECT_EQ(verified->front().time.seconds, 0x69546780) << name;
    }
}

TEST(PublishedWitnessExchangeTest, LogSignaturesAndProofsAgreeWithTheAnswers) {
    GGEN_NEED_VECTORS("witness-exchange/exchange.json");
    auto const example = read_json(std::string{k_vectors} + "/witness-exchange/exchange.json");
    VerifierKey log{*example.find("log_origin")->if_string(), KeyType::note_ed25519, {}};
    auto const key = hex_decode(*example.find("log_ed25519_public_key_hex")->if_string()).value();
    std::copy(key.begin(), key.end(), log.key.bytes.begin());
    std::size_t accepted = 0;
    std::size_t refused = 0;
    for (auto const& step : *example.find("exchange")->if_array()) {
        auto const& request = *step.find("request")->if_string();
        auto const status = *step.find("status")->if_integer();
        auto const blank = request.find("\n\n");
        ASSERT_NE(blank, std::string::npos);
        auto const opened = open_checkpoint(request.substr(blank + 2), log);
        bool const is_refused_for_its_signature = status == 403 || status == 404;
        EXPECT_TRUE(opened.has_value() || status != 200) << request;
        EXPECT_FALSE(opened.has_value() && is_refused_for_its_signature) << request;
        (opened ? accepted : refused) += 1;
    }
    EXPECT_GT(accepted, 0U);
    EXPECT_GT(refused, 0U);
}

TEST(GoldenLogTest, BytesStayTheSame) {
    constexpr std::uint64_t k_golden_size = 300;
    auto const signer = testing::test_signer("log.example/test", 1);
    auto const cosigner = testing::test_signer("witness.example/test", 2, KeyType::cosignature_ed25519);
    EXPECT_EQ(signer.verifier().text() + "\n", read_text(std::string{k_golden} + "/vkey"));
    testing::MemoryLog log{k_golden_size};
    Note note{log.checkpoint().text(), {}};
    note.sign(signer);
    note.sign(cosigner, UnixTime{1'800'000'000});
    EXPECT_EQ(note.print(), read_text(std::string{k_golden} + "/registry/checkpoint"));
    for (auto const& id : tiles_of(k_golden_size)) {
        EXPECT_EQ(as_text(log.files.at(id.path())), read_text(std::string{k_golden} + "/registry/" + id.path()));
    }

    TileReader reader{log.checkpoint(), folder_source(std::string{k_golden} + "/registry")};
    for (std::uint64_t const index : {0, 255, 256, 299}) {
        LogProof const proof{testing::test_entry(index), index, reader.prove_inclusion(index).value(), note.print()};
        EXPECT_EQ(proof.print(),
                  read_text(std::string{k_golden} + "/proofs/" + std::to_string(index) + ".tlog-proof"));
    }
}

TEST(GoldenLogTest, IsReadFromItsFiles) {
    std::string const folder = k_golden;
    auto const key = VerifierKey::parse(lines_of(read_text(folder + "/vkey")).at(0));
    ASSERT_TRUE(key);
    auto const opened = open_checkpoint(read_text(folder + "/registry/checkpoint"), *key);
    ASSERT_TRUE(opened);
    EXPECT_EQ(base64_encode(opened->checkpoint.root.view()), "yjk9Apa+xeC43KuYO9H7fRRh9RLnJny4ljGtJv1m2Eg=");
    auto const source = folder_source(folder + "/registry");
    EXPECT_EQ(recompute_root(source, opened->checkpoint.size).value(), opened->checkpoint.root);
    auto const proof = LogProof::parse(read_text(folder + "/proofs/255.tlog-proof"));
    ASSERT_TRUE(proof);
    EXPECT_TRUE(check_inclusion(leaf_hash(proof->extra), proof->index, opened->checkpoint.size, proof->hashes,
                                opened->checkpoint.root));
}

}  // namespace
}  // namespace ggen::merkle
