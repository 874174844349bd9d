#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "merkle/tile_store.hpp"
#include "registry/durable_files.hpp"
#include "registry/tile_edge.hpp"
#include "registry/wal.hpp"
#include "registry/writer.hpp"

namespace ggen::detail {

inline constexpr char const* k_wal_path = ".writer/wal";
inline constexpr char const* k_checkpoint_path = "checkpoint";
inline constexpr char const* k_state_head_path = "state/head";

/// The one implementation of RegistryWriter.
///
/// Either everything in memory agrees with the last signed checkpoint, or `stopped_` is set and nothing
/// is signed any more: after any failed step the next open() heals from the disk.
class LogWriter final : public RegistryWriter {
public:
    LogWriter(FileSystem& files, Clock& clock, WriterOptions options);

    /// Takes both kernel locks. Errors: conflict (registry_busy), io.
    Result<void> lock();
    /// For a new registry: signs the checkpoint of the empty log with its first state leaf.
    Result<void> start_empty();
    /// Heals what a killed writer left and loads the log; see writer_recovery.cpp.
    Result<void> recover();

    [[nodiscard]] RegistryState const& state() const override { return state_; }
    [[nodiscard]] merkle::SignedCheckpoint const& checkpoint() const override { return checkpoint_; }
    [[nodiscard]] std::string const& origin() const override { return origin_; }
    Result<BlobRef> put_blob(BytesView bytes) override;
    Result<void> take_blob(BlobRef const& blob, std::string const& path) override;
    Result<std::vector<Receipt>> append(std::vector<Bytes> const& entries) override;
    [[nodiscard]] RootFile const& root() const override { return root_; }
    [[nodiscard]] merkle::SignedCheckpoint const& public_checkpoint() const override {
        return shown_ ? *shown_ : checkpoint_;
    }
    [[nodiscard]] std::vector<std::string> const& cosigning_failures() const override { return cosigning_failures_; }
    Result<void> change_root(std::string const& note) override;

private:
    /// Where each entry of a call stands: new ones get the next indexes.
    struct Placed {
        std::vector<std::uint64_t> indexes;
        std::vector<Bytes> fresh;
    };
    struct StoredCheckpoints {
        merkle::SignedCheckpoint trusted;                   ///< Of the state directory.
        std::optional<merkle::SignedCheckpoint> published;  ///< Of the folder, when it is sound.
    };

    Result<Placed> validate(std::vector<Bytes> const& entries);
    Result<void> check_roles(BytesView entry) const;
    Result<void> commit(std::vector<Bytes> fresh);
    Result<void> store_batch(std::vector<Bytes> const& batch, UnixTime time);
    Result<merkle::SignedCheckpoint> sign(std::uint64_t size, Digest const& root, UnixTime time) const;
    Result<void> compare_and_swap(merkle::SignedCheckpoint const& next);
    Result<void> publish(merkle::SignedCheckpoint const& checkpoint, BytesView leaf);
    /// The note with the cosignatures that can be had.
    Result<std::string> gather(merkle::SignedCheckpoint const& checkpoint);
    [[nodiscard]] Result<void> check_cosigned(RootFile const& root, std::string_view note) const;
    /// The note as it may become public.
    Result<std::string> cosigned(merkle::SignedCheckpoint const& checkpoint);
    void remove_partials(std::vector<merkle::TileId> const& filled);
    [[nodiscard]] merkle::TileReader tile_reader(merkle::Checkpoint const& checkpoint);
    Result<std::vector<Receipt>> receipts_for(std::vector<std::uint64_t> const& indexes,
                                              std::vector<Bytes> const& entries);
    [[nodiscard]] UnixTime next_time();

    [[nodiscard]] Result<void> check_place() const;
    Result<StoredCheckpoints> load_checkpoints();
    Result<void> load_log(StoredCheckpoints const& stored, std::uint64_t size, ReplayChecks checks);
    Result<void> load_bundles(StoredCheckpoints const& stored, std::uint64_t size);
    Result<std::vector<Bytes>> read_bundle(std::uint64_t index, unsigned width) const;
    Result<void> redo_from_wal(StoredCheckpoints const& stored);
    Result<void> finish_publication(StoredCheckpoints const& stored);
    void prune_state_objects();
    [[nodiscard]] std::string path(std::string_view name) const {
        return join_path(options_.directory, name);
    }
    [[nodiscard]] std::string trusted_path() const {
        return join_path(options_.state_directory, "checkpoint");
    }
    [[nodiscard]] std::vector<merkle::VerifierKey> cosigners() const;

    FileSystem& files_;
    Clock& clock_;
    WriterOptions options_;
    std::string origin_;
    std::unique_ptr<FileLock> private_lock_;
    std::unique_ptr<FileLock> folder_lock_;
    DurableFiles durable_;
    RegistryState state_;
    TileEdge edge_;
    RootFile root_;  ///< The newest; a version 1 without a quorum until recover() has read it.
    std::optional<RootFile> next_root_;  ///< While it is about to be published.
    merkle::SignedCheckpoint checkpoint_;
    std::optional<merkle::SignedCheckpoint> shown_;  ///< The same or the one before, as it stands in public.
    std::vector<std::string> cosigning_failures_;
    Bytes last_entry_;
    bool stopped_ = false;
};

/// Refusal to sign, with the command that shows what is wrong.
[[nodiscard]] Error writer_stopped(std::string const& directory, std::string problem);

}  // namespace ggen::detail
