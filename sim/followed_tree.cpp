#include "sim/followed_tree.hpp"

#include <span>
#include <utility>

namespace ggen::sim {
namespace {

std::vector<Digest> leaves_of(std::vector<Bytes> const& entries) {
    std::vector<Digest> leaves;
    leaves.reserve(entries.size());
    for (auto const& entry : entries) leaves.push_back(merkle::leaf_hash(entry));
    return leaves;
}

/// That the tree of `leaves`, whose note is `large`, has another root at the size of `small`.
std::optional<std::string> accuse(merkle::VerifierKey const& key, std::string_view small, std::size_t small_size,
                                  std::string_view large, std::vector<Digest> const& leaves) {
    auto const hash = [&](std::uint64_t begin, std::uint64_t end) -> Result<Digest> {
        return merkle::root_of(std::span{leaves}.subspan(begin, end - begin));
    };
    auto proof = small_size < leaves.size() ? merkle::consistency_proof(small_size, leaves.size(), hash)
                                            : Result<std::vector<Digest>>{std::vector<Digest>{}};
    if (!proof) return std::nullopt;
    auto const other = merkle::root_of(std::span{leaves}.first(small_size));
    auto const evidence = make_fork_evidence(key, small, large, other, *std::move(proof));
    if (!evidence) return std::nullopt;
    return evidence->document();
}

}  // namespace

SignedHistory::SignedHistory(merkle::SignerKey const& key, std::vector<Bytes> entries)
    : key_(key), entries_(std::move(entries)), leaves_(leaves_of(entries_)) {}

std::string SignedHistory::note(std::size_t size) const {
    merkle::Note note{merkle::Checkpoint{key_.verifier().name, size, root(size)}.text(), {}};
    note.sign(key_);
    return note.print();
}

Result<merkle::SignedCheckpoint> const& NoteOpener::open(std::string_view note) {
    auto at = opened_.find(note);
    if (at == opened_.end()) at = opened_.emplace(note, merkle::open_checkpoint(note, key_)).first;
    return at->second;
}

bool FollowedTree::compare(std::string_view note) {
    auto const& opened = notes_->open(note);
    if (!opened) return false;
    auto const then = static_cast<std::size_t>(opened->checkpoint.size);
    if (evidence_ || then == 0 || then > leaves_.size()) return true;
    if (merkle::root_of(std::span{leaves_}.first(then)) != opened->checkpoint.root) {
        evidence_ = accuse(notes_->key(), note, then, note_, leaves_);
    }
    return true;
}

bool FollowedTree::extend(std::string_view note, std::vector<Bytes> entries) {
    auto const& opened = notes_->open(note);
    if (!opened || opened->checkpoint.size != entries.size()) return false;
    auto leaves = leaves_of(entries);
    if (merkle::root_of(leaves) != opened->checkpoint.root) return false;
    if (evidence_ || entries.size() <= entries_.size()) return true;
    auto const known = leaves_.size();
    if (known != 0 && merkle::root_of(std::span{leaves}.first(known)) != merkle::root_of(leaves_)) {
        evidence_ = accuse(notes_->key(), note_, known, note, leaves);
        return true;
    }
    note_ = note;
    entries_ = std::move(entries);
    leaves_ = std::move(leaves);
    return true;
}

bool FollowedTree::keep(std::string_view document) {
    if (!check_fork_evidence(document, notes_->key())) return false;
    if (!evidence_) evidence_ = document;
    return true;
}

}  // namespace ggen::sim
