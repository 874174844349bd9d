#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/file_system.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "merkle/checkpoint.hpp"
#include "registry/records.hpp"
#include "registry/root_file.hpp"
#include "registry/source.hpp"
#include "registry/state.hpp"

namespace ggen {

/// When a registry counts as frozen in time (trust.md 2.6).
struct FreshnessPolicy {
    std::int64_t warn_after_seconds = std::int64_t{7} * 86'400;
    std::int64_t refuse_after_seconds = std::int64_t{30} * 86'400;
    std::int64_t future_tolerance_seconds = 3'600;
    bool enforce = false;  ///< Folder registries of one machine only show the age.
};

struct ReaderOptions {
    std::string cache_directory;   ///< Per registry: verified objects; may be deleted. Empty = none is kept.
    std::string memory_directory;  ///< Per registry: last checkpoint, root updates, evidence of forks. Empty = none.
    FreshnessPolicy freshness;
    /// `refresh` leaves the memory as it is until `remember`: for who makes a copy that others read with this memory,
    /// and would take the older copy for a rollback.
    bool remembers_when_told = false;
    bool offline = false;  ///< Use the last verified checkpoint and cached objects only.
};

struct RefreshReport {
    std::uint64_t old_size = 0;
    std::uint64_t size = 0;
    UnixTime state_time;
    std::optional<std::string> warning;  ///< For example the age of the checkpoint.
};

/// Reads one registry from untrusted sources. Everything returned was verified against the root file
/// and the newest checkpoint, and was verified before it was cached.
///
/// The last verified checkpoint is durable before anything that depends on it is returned: rollback
/// and fork are refused from then on, with evidence kept in the memory directory. Blocks. `blob`, `archive`,
/// `stream_archive` and `prove` may be called from several threads after refresh(); the rest from one.
class RegistryReader {
public:
    /// `root` is the pinned root file (or the one accepted on first use). Loads the remembered checkpoint;
    /// one that an earlier ggen left in the cache directory is moved to the memory directory.
    static Result<std::unique_ptr<RegistryReader>> open(FileSystem& files, Clock& clock,
                                                        RegistrySource& source, RootFile root,
                                                        ReaderOptions options);
    virtual ~RegistryReader() = default;

    /// Fetches root updates, checkpoint, consistency proof and state head. Errors: refused
    /// (checkpoint_rollback, log_fork, signature_invalid, proof_invalid, registry_frozen_in_time,
    /// clock_implausible, root_file_invalid), offline (no remembered checkpoint), and the source's.
    virtual Result<RefreshReport> refresh() = 0;
    /// Makes the checkpoint of the last refresh durable, as `refresh` does itself unless `remembers_when_told`.
    virtual Result<void> remember() = 0;
    [[nodiscard]] virtual RootFile const& root() const = 0;
    [[nodiscard]] virtual merkle::SignedCheckpoint const& checkpoint() const = 0;

    /// What the registry says about `name`: proven by the state tree. Nothing = proven absent.
    virtual Result<std::optional<NameState>> lookup(PackageName const& name) = 0;
    /// Brings what `lookup` needs for these names into memory, with up to `parallel` requests at a time. A hint: what
    /// cannot be had is left to `lookup`, which says why.
    virtual void prefetch(std::vector<PackageName> const& names, unsigned parallel) = 0;
    /// The release record; its leaf hash is the one of `version`, and its signature satisfies the claim
    /// that held at that time, by replay.
    virtual Result<ReleaseRecord> release(VersionState const& version) = 0;
    /// The bytes, digest and size checked. Cached when at most 1 MiB (manifests).
    virtual Result<Bytes> blob(BlobRef const& blob) = 0;
    /// The same, never cached: archives go to a store that keeps their content.
    virtual Result<Bytes> archive(BlobRef const& blob) = 0;
    /// An archive from byte `from` on, as it comes and NOT checked: the caller digests what it takes, and tells
    /// `distrust()` when the digest was another. Errors: the source's, offline (offline_missing), `take`'s;
    /// corrupt (blob_mismatch) when more bytes come than `blob` has.
    virtual Result<void> stream_archive(BlobRef const& blob, std::uint64_t from, TakeBytes const& take) = 0;
    virtual void distrust() = 0;
    /// Inclusion proof against the current checkpoint, checked.
    virtual Result<merkle::LogProof> prove(std::uint64_t index) = 0;
    /// Verified entries [begin, end), in order: what projections are fed from. `state` of the log is
    /// the caller's to keep (RegistryState::apply).
    virtual Result<void> each_entry(
        std::uint64_t begin, std::uint64_t end,
        std::function<Result<void>(std::uint64_t index, BytesView entry)> const& visit) = 0;
};

/// First contact: fetches root/1 .. root/N from `source` and verifies the chain from itself. The
/// caller shows `fingerprint()` and pins it.
[[nodiscard]] Result<RootFile> fetch_root_on_first_use(RegistrySource& source);

/// Checks lockfile proofs with no source at all. The proofs of one lockfile share few checkpoints, so one whose
/// signatures were verified is remembered. One thread.
class OfflineVerifier {
public:
    static constexpr std::size_t k_checkpoints_max = 64;  ///< Remembered at once; each note has at most 16 KiB.

    explicit OfflineVerifier(RootFile root) : root_(std::move(root)), fingerprint_(root_.fingerprint()) {}
    [[nodiscard]] RootFile const& root() const { return root_; }
    [[nodiscard]] Digest const& fingerprint() const { return fingerprint_; }

    /// Root file -> log key -> checkpoint -> inclusion -> record; returns the proven one, which is a
    /// ReleaseRecord of the root file's registry. Errors: refused (signature_invalid, proof_invalid), invalid.
    [[nodiscard]] Result<SignedRecord> verify(merkle::LogProof const& proof, BytesView entry);

private:
    RootFile root_;
    Digest fingerprint_;
    std::unordered_map<std::string, merkle::Checkpoint> checkpoints_;  // By their notes, byte for byte.
};

/// OfflineVerifier for a single proof.
[[nodiscard]] Result<ReleaseRecord> verify_proof_offline(RootFile const& root, merkle::LogProof const& proof,
                                                         BytesView entry);

}  // namespace ggen
