#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/digest.hpp"
#include "merkle/checkpoint.hpp"
#include "merkle/note.hpp"
#include "merkle/tree.hpp"
#include "registry/fork_evidence.hpp"

namespace ggen::sim {

/// What a log signs: leaves, and notes over their beginnings. Two histories of one key share a beginning.
class SignedHistory {
public:
    SignedHistory(merkle::SignerKey const& key, std::vector<Bytes> entries);
    [[nodiscard]] std::string note(std::size_t size) const;
    /// That note, without a look at its signature.
    [[nodiscard]] merkle::SignedCheckpoint checkpoint(std::size_t size) const {
        return {{key_.verifier().name, size, root(size)}, note(size), {}};
    }
    [[nodiscard]] Digest root(std::size_t size) const { return merkle::root_of(std::span{leaves_}.first(size)); }
    [[nodiscard]] std::vector<Bytes> const& entries() const { return entries_; }

private:
    merkle::SignerKey key_;
    std::vector<Bytes> entries_;
    std::vector<Digest> leaves_;
};

/// Opens notes of one log, each once in a run: all followers see the same ones, and the answer about the same bytes is
/// the same.
class NoteOpener {
public:
    explicit NoteOpener(merkle::VerifierKey key) : key_(std::move(key)) {}
    [[nodiscard]] Result<merkle::SignedCheckpoint> const& open(std::string_view note);
    [[nodiscard]] merkle::VerifierKey const& key() const { return key_; }

private:
    merkle::VerifierKey key_;
    std::map<std::string, Result<merkle::SignedCheckpoint>, std::less<>> opened_;
};

/// A follower's copy of one log, in memory: what a mirror is on disk (src/registry/log_mirror.hpp), by the same rules.
class FollowedTree {
public:
    explicit FollowedTree(std::shared_ptr<NoteOpener> notes) : notes_(std::move(notes)) {}

    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] std::string const& note() const { return note_; }
    [[nodiscard]] std::vector<Bytes> const& entries() const { return entries_; }
    [[nodiscard]] std::optional<std::string> const& evidence() const { return evidence_; }

    /// A checkpoint that is not larger than the copy; evidence when it is of another history. False when it is not
    /// signed by the log.
    bool compare(std::string_view note);
    /// A larger checkpoint with all its entries. False when they do not belong together, or it is not signed.
    bool extend(std::string_view note, std::vector<Bytes> entries);
    /// Evidence that came from somebody else. False when it proves nothing.
    bool keep(std::string_view document);

private:
    std::shared_ptr<NoteOpener> notes_;
    std::string note_;
    std::vector<Bytes> entries_;
    std::vector<Digest> leaves_;
    std::optional<std::string> evidence_;
};

}  // namespace ggen::sim
