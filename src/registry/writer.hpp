#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "merkle/checkpoint.hpp"
#include "merkle/note.hpp"
#include "registry/cosigning.hpp"
#include "registry/records.hpp"
#include "registry/root_file.hpp"
#include "registry/state.hpp"

namespace ggen {

struct WriterOptions {
    std::string directory;  ///< The public folder.
    /// Private to this machine: the compare-and-swap copy of the signed checkpoint. Never inside
    /// `directory`, so that a restored backup of the folder cannot fork the log.
    std::string state_directory;
    merkle::SignerKey log_key;
    /// Adds a dated cosignature so that a log without witnesses is dated too. A key of its own, of type
    /// cosignature.
    std::optional<merkle::SignerKey> cosigner = {};
    /// Called when an fsync fails, and expected not to return. Absent: prints the message and aborts.
    std::function<void(std::string const& message)> on_sync_failure = {};
    /// For `create`: the log's key signs the first root file beside the root key, so that whoever knows the log's key
    /// knows the right root file (a peer's registry).
    bool log_key_vouches_for_root = false;
    /// Refuses to sign when the state directory was brought here from a copy, as by restoring a backup, until
    /// `restore_log` or `accept_log` has looked (a peer's registry: nobody else would notice).
    bool guards_place = false;
    /// Asked for cosignatures before a checkpoint becomes public. What the root file demands has to come; without it
    /// the log is signed and stays as it was in public, until an open() gets it.
    Cosigning cosigning = {};
    /// Opens even so, for change_root().
    bool may_lack_quorum = false;
};

/// An acknowledged entry: durable, and proven to be in a durable checkpoint.
struct Receipt {
    std::uint64_t index = 0;
    Digest leaf;
    merkle::LogProof proof;
};

/// The one writer of one log; order of steps as trust.md 2.5. Holds a kernel lock on the registry for
/// its lifetime. One thread. An fsync error ends the process.
class RegistryWriter {
public:
    /// Makes an empty registry: root file version 1 (threshold 1, `root_key`), first checkpoint.
    /// Errors: conflict (registry_exists), io.
    static Result<void> create(FileSystem& files, Clock& clock, WriterOptions const& options,
                               merkle::SignerKey const& root_key);
    /// Locks, heals what a killed writer left, replays, and checks the stored log against the last
    /// signed checkpoint. Errors: conflict (registry_busy), not_found (registry_not_found), refused
    /// (log_writer_stopped), corrupt (tile_invalid), io.
    static Result<std::unique_ptr<RegistryWriter>> open(FileSystem& files, Clock& clock,
                                                        WriterOptions options);

    virtual ~RegistryWriter() = default;
    [[nodiscard]] virtual RegistryState const& state() const = 0;
    [[nodiscard]] virtual merkle::SignedCheckpoint const& checkpoint() const = 0;
    [[nodiscard]] virtual std::string const& origin() const = 0;
    /// Stores a blob under its digest. Storing it twice is fine. Durable before any record of a later
    /// append() is: a batch of blobs costs one sync, not one each.
    virtual Result<BlobRef> put_blob(BytesView bytes) = 0;
    /// The same for the file `path`, which holds `blob` (the caller digested it) and is moved: by rename on the
    /// registry's file system, else by copying.
    virtual Result<void> take_blob(BlobRef const& blob, std::string const& path) = 0;
    /// Appends all entries and commits one checkpoint (none when every entry is there already). Without
    /// entries: a sign of life, a checkpoint with a state leaf alone. Every entry must have an effect in
    /// state(); otherwise nothing is written. Receipts in the order of `entries`. An entry that is byte-equal
    /// to one applied already gives that one's receipt (idempotent). Errors: refused (not_owner,
    /// record_invalid), conflict (version_exists), refused (log_writer_stopped), io.
    /// refused (witness_quorum).
    virtual Result<std::vector<Receipt>> append(std::vector<Bytes> const& entries) = 0;
    [[nodiscard]] virtual RootFile const& root() const = 0;
    /// As it stands in public, with the cosignatures of witnesses.
    [[nodiscard]] virtual merkle::SignedCheckpoint const& public_checkpoint() const = 0;
    /// Witnesses that gave no cosignature to the last checkpoint that was published, a sentence each.
    [[nodiscard]] virtual std::vector<std::string> const& cosigning_failures() const = 0;
    /// Publishes the next version of the root file, and a checkpoint that has the cosignatures it demands; nothing
    /// changes when they do not come. Errors: refused (root_file_invalid, witness_quorum), and those of append().
    virtual Result<void> change_root(std::string const& note) = 0;
};

/// What `registry fsck` finds in a folder, without trusting anything derived.
struct FsckReport {
    std::uint64_t entries = 0;
    std::uint64_t releases = 0;
    std::uint64_t blobs = 0;
    std::uint64_t blob_bytes = 0;
    std::vector<std::string> problems;  ///< One sentence each; empty = sound.
    std::vector<std::string> repaired;  ///< With `repair`: what was rewritten from the log.
};
/// Recomputes tiles, root, state and blob digests from the entry bundles. With `repair`, derived files
/// (tiles, state objects) are written anew; entries and blobs never are.
[[nodiscard]] Result<FsckReport> fsck_registry(FileSystem& files, std::string const& directory,
                                               merkle::VerifierKey const& log_key, bool repair);

}  // namespace ggen
