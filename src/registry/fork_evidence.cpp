#include "registry/fork_evidence.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error_id.hpp"
#include "codec/base64.hpp"
#include "codec/json.hpp"
#include "merkle/tree.hpp"

namespace ggen {
namespace {

constexpr char const* k_format = "ggen/fork-evidence/v1";

Error proves_nothing(std::string why) {
    return Error{Errc::refused, ErrorId::proof_invalid, "evidence of a fork: " + std::move(why)};
}

/// With the log's own signature alone: cosignatures say nothing about who forked, and would give it many spellings.
Result<merkle::SignedCheckpoint> open_bare(std::string_view note_bytes, merkle::VerifierKey const& log_key) {
    ASSIGN_OR_RETURN(auto opened, merkle::open_checkpoint(note_bytes, log_key));
    ASSIGN_OR_RETURN(auto note, merkle::Note::parse(note_bytes));
    auto const is_foreign = [&](merkle::NoteSignature const& signature) {
        return signature.name != log_key.name || signature.key_id != log_key.key_id();
    };
    std::erase_if(note.signatures, is_foreign);
    if (note.signatures.size() > 1) note.signatures.resize(1);
    opened.note = note.print();
    opened.cosigned_at = {};
    return opened;
}

/// What it says, unverified.
Result<merkle::Checkpoint> read_checkpoint(std::string_view note_bytes) {
    if (note_bytes.size() > merkle::k_checkpoint_bytes_max) return proves_nothing("a checkpoint over 16 KiB");
    ASSIGN_OR_RETURN(auto const note, merkle::Note::parse(note_bytes));
    return merkle::Checkpoint::parse_text(note.text);
}

std::optional<Digest> digest_of(Json const* value) {
    auto const* const text = value == nullptr ? nullptr : value->if_string();
    auto const bytes = text == nullptr ? Result<Bytes>{Error{Errc::invalid, "no text"}} : base64_decode(*text);
    if (!bytes || bytes->size() != Digest::k_bytes) return std::nullopt;
    Digest digest;
    std::copy(bytes->begin(), bytes->end(), digest.bytes.begin());
    return digest;
}

}  // namespace

std::string ForkEvidence::document() const {
    auto hashes = Json::array();
    for (auto const& hash : proof) hashes.push(base64_encode(hash.view()));
    auto evidence = Json::object();
    evidence.set("format", k_format);
    evidence.set("origin", first.checkpoint.origin);
    evidence.set("first", first.note);
    evidence.set("second", second.note);
    evidence.set("other_root", base64_encode(other_root.view()));
    evidence.set("consistency_proof", std::move(hashes));
    return evidence.dump(2) + "\n";
}

std::string ForkEvidence::path() const {
    return "evidence/fork-" + std::to_string(first.checkpoint.size) + "-" + std::to_string(second.checkpoint.size) +
           ".json";
}

Result<ForkEvidence> make_fork_evidence(merkle::VerifierKey const& log_key, std::string_view first_note,
                                        std::string_view second_note, Digest const& other_root,
                                        std::vector<Digest> proof) {
    // Hashes before signatures: they cost a hundredth, so whoever makes evidence up does not cost us much.
    ASSIGN_OR_RETURN(auto const then, read_checkpoint(first_note));
    ASSIGN_OR_RETURN(auto const now, read_checkpoint(second_note));
    // Every tree extends the empty one.
    if (then.size == 0 || then.size > now.size) return proves_nothing("the sizes are in no order");
    if (other_root == then.root) return proves_nothing("the roots agree");
    auto const consistent = merkle::check_consistency(then.size, other_root, now.size, now.root, proof);
    if (!consistent) return proves_nothing(consistent.error().context);
    ForkEvidence evidence;
    ASSIGN_OR_RETURN(evidence.first, open_bare(first_note, log_key));
    ASSIGN_OR_RETURN(evidence.second, open_bare(second_note, log_key));
    evidence.other_root = other_root;
    evidence.proof = std::move(proof);
    return evidence;
}

Result<ForkEvidence> check_fork_evidence(std::string_view document, merkle::VerifierKey const& log_key) {
    if (document.size() > k_fork_evidence_bytes_max) {
        return Error{Errc::too_large, ErrorId::proof_invalid, "evidence of a fork: over 16 KiB"};
    }
    constexpr int k_depth_max = 4;
    ASSIGN_OR_RETURN(auto const parsed, Json::parse(document, k_depth_max));
    auto const text_of = [&](std::string_view key) -> std::string {
        auto const* const value = parsed.find(key);
        auto const* const text = value == nullptr ? nullptr : value->if_string();
        return text == nullptr ? std::string{} : *text;
    };
    auto const* const hashes = parsed.find("consistency_proof");
    auto const other_root = digest_of(parsed.find("other_root"));
    if (!other_root || hashes == nullptr || hashes->if_array() == nullptr) return proves_nothing("a part is missing");
    if (hashes->if_array()->size() > merkle::k_proof_hashes_max) return proves_nothing("its proof is too long");
    std::vector<Digest> proof;
    proof.reserve(hashes->if_array()->size());
    for (auto const& hash : *hashes->if_array()) {
        auto const digest = digest_of(&hash);
        if (!digest) return proves_nothing("a hash of its proof is none");
        proof.push_back(*digest);
    }
    ASSIGN_OR_RETURN(auto evidence, make_fork_evidence(log_key, text_of("first"), text_of("second"), *other_root,
                                                       std::move(proof)));
    if (evidence.document() != document) return proves_nothing("it is not spelled as its parts are");
    return evidence;
}

}  // namespace ggen
