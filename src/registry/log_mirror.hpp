#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/cancel.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "merkle/checkpoint.hpp"
#include "registry/durable_files.hpp"
#include "registry/fork_evidence.hpp"
#include "registry/reader.hpp"
#include "registry/root_file.hpp"
#include "registry/source.hpp"
#include "registry/state.hpp"
#include "registry/tile_edge.hpp"

namespace ggen {

/// Entries of a log that is mirrored; a larger one is refused before anything of it is fetched.
inline constexpr std::uint64_t k_mirror_entries_max = 10'000'000;

struct MirrorOptions {
    std::string directory;         ///< The copy: laid out like the registry, so that it can be served as it is.
    std::string memory_directory;  ///< Of the reader: last checkpoint, evidence of forks. Empty = none.
    std::uint64_t entries_max = k_mirror_entries_max;
    unsigned parallel = 8;  ///< Manifests that are fetched at once.
    bool may_be_stale = false;  ///< Takes a log that gave no sign of life for long, too.
};

struct MirrorReport {
    std::uint64_t old_size = 0;
    std::uint64_t size = 0;
    std::uint64_t manifests = 0;          ///< Fetched by this update.
    std::uint64_t manifests_missing = 0;  ///< Withdrawn, or not where the log came from.
};

/// A full copy of a log that somebody else writes, with its manifests but without its archives.
///
/// Everything is verified before it is stored: entries against the signed checkpoint, the checkpoint against the last
/// one, the state by replay, manifests by digest. The public `checkpoint` of the copy is written last, so whoever reads
/// or serves the folder sees a whole log, the old one or the new. One thread.
class LogMirror {
public:
    /// Loads what a former run stored; a copy that is damaged is begun anew. `root` is the pinned root file.
    /// Errors: io.
    static Result<std::unique_ptr<LogMirror>> open(FileSystem& files, Clock& clock, RootFile root,
                                                   MirrorOptions options);

    /// Brings the copy up to what `source` shows. Errors: those of RegistryReader::refresh (checkpoint_rollback: the
    /// source is behind; log_fork: its history is another one), refused (state_mismatch: the log signed a state that
    /// does not follow from it;
    /// p2p_follow_refused: more entries than are mirrored), corrupt, cancelled, the source's, io. The copy stays as
    /// it was.
    Result<MirrorReport> update(RegistrySource& source, CancelToken const& cancel);

    /// Holds another checkpoint of the log, not larger than the copy, against the copy. One that the log signed and
    /// that the copy does not extend is kept as evidence, and the log is refused from then on: its path. Nothing when
    /// all is well, or when the checkpoint is larger. Errors: refused (signature_invalid), invalid, corrupt, io.
    Result<std::optional<std::string>> compare(std::string_view note);

    /// The same without keeping anything: the evidence.
    [[nodiscard]] Result<std::optional<ForkEvidence>> find_fork(std::string_view note) const;
    /// Evidence that somebody else found. When it holds it is kept, and the log is refused from then on: its path.
    /// Errors: those of check_fork_evidence, io.
    Result<std::string> keep_evidence(std::string_view document);

    [[nodiscard]] std::string const& origin() const { return root_.registry; }
    [[nodiscard]] RootFile const& root() const { return root_; }
    [[nodiscard]] std::string const& directory() const { return options_.directory; }
    [[nodiscard]] std::uint64_t size() const { return checkpoint_ ? checkpoint_->checkpoint.size : 0; }
    /// Nothing before the first update.
    [[nodiscard]] std::optional<merkle::SignedCheckpoint> const& checkpoint() const { return checkpoint_; }
    [[nodiscard]] RegistryState const& state() const { return state_; }
    /// The archive of that digest, if a release that counts names it.
    [[nodiscard]] std::optional<BlobRef> find_archive(Digest const& digest) const;
    /// Index and record of every release, in the order of the log.
    [[nodiscard]] std::vector<std::pair<std::uint64_t, ReleaseRecord>> const& releases() const { return releases_; }
    /// Whether evidence of a fork is kept; its path.
    [[nodiscard]] std::optional<std::string> evidence() const;
    /// What stands there. Errors: io.
    [[nodiscard]] Result<std::optional<std::string>> evidence_document() const;

private:
    LogMirror(FileSystem& files, Clock& clock, RootFile root, MirrorOptions options);

    void reset();
    Result<void> load();
    Result<void> replay_stored(std::uint64_t size);
    Result<void> store_roots(RegistrySource& source);
    Result<void> take_entries(RegistryReader& reader, std::uint64_t begin, std::uint64_t end,
                              CancelToken const& cancel);
    Result<void> take_entry(BytesView entry, bool is_last, bool stores_each_state);
    Result<void> store_state(UnixTime time, bool all);
    void note_release(std::uint64_t index, BytesView entry);
    void fetch_manifests(RegistryReader& reader, std::size_t first, CancelToken const& cancel, MirrorReport* report);
    Result<void> publish(RegistryReader const& reader);
    Result<MirrorReport> update_from(RegistrySource& source, CancelToken const& cancel);
    Result<void> compare_shown(RegistrySource& source);
    void share_evidence();
    Result<std::string> keep(ForkEvidence const& evidence);
    [[nodiscard]] detail::TileEdge::Sink store();
    [[nodiscard]] std::string path(std::string_view name) const { return join_path(options_.directory, name); }

    FileSystem& files_;
    Clock& clock_;
    RootFile root_;
    MirrorOptions options_;
    RegistryState state_;
    detail::TileEdge edge_;
    detail::DurableFiles durable_;
    std::optional<merkle::SignedCheckpoint> checkpoint_;
    Bytes last_entry_;
    std::vector<std::pair<std::uint64_t, ReleaseRecord>> releases_;
    std::unordered_map<Digest, BlobRef> archives_;
    bool is_loaded_ = false;  ///< Memory agrees with the folder.
    std::optional<std::string> sync_failure_;
};

}  // namespace ggen
