#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "registry/reader.hpp"
#include "registry/reader_cache.hpp"
#include "registry/state_head.hpp"
#include "registry/verified_tiles.hpp"

namespace ggen::detail {

/// The one implementation of RegistryReader.
///
/// `head_` is the last verified checkpoint: it is on disk before it is here. Everything else is read
/// against it, from the cache first and from the source otherwise, and verified either way.
class LogReader final : public RegistryReader {
public:
    LogReader(FileSystem& files, Clock& clock, RegistrySource& source, RootFile root, ReaderOptions options);

    /// Root versions and checkpoint of the memory directory. Errors: refused (root_file_invalid).
    Result<void> load_memory();

    Result<RefreshReport> refresh() override;
    Result<void> remember() override { return remember(head_); }
    [[nodiscard]] RootFile const& root() const override { return root_; }
    [[nodiscard]] merkle::SignedCheckpoint const& checkpoint() const override { return head_.checkpoint; }
    Result<std::optional<NameState>> lookup(PackageName const& name) override;
    void prefetch(std::vector<PackageName> const& names, unsigned parallel) override;
    Result<ReleaseRecord> release(VersionState const& version) override;
    Result<Bytes> blob(BlobRef const& blob) override;
    Result<Bytes> archive(BlobRef const& blob) override;
    Result<void> stream_archive(BlobRef const& blob, std::uint64_t from, TakeBytes const& take) override;
    void distrust() override { source_.distrust(); }
    Result<merkle::LogProof> prove(std::uint64_t index) override;
    Result<void> each_entry(
        std::uint64_t begin, std::uint64_t end,
        std::function<Result<void>(std::uint64_t index, BytesView entry)> const& visit) override;

private:
    // reader_refresh.cpp
    /// Where the memory stands: the cache directory while an earlier ggen's could not be moved from there.
    [[nodiscard]] ReaderCache const& moved_memory();
    Result<void> remember(StateHead const& next);
    Result<void> refresh_root();
    Result<StateHead> fetch_head();
    Result<StateHead> fetch_head_once(bool& is_behind);
    Result<void> check_progress(StateHead const& next);
    /// The root that the log of `now` had at the size of `then` must be that of `then`.
    Result<void> check_extends(merkle::SignedCheckpoint const& then, merkle::SignedCheckpoint const& now);
    Result<void> check_freshness(StateHead const& next);
    [[nodiscard]] Error fork_found(merkle::SignedCheckpoint const& first,
                                   merkle::SignedCheckpoint const& second, Digest const& other_root,
                                   std::vector<Digest> const& proof);
    void warn(std::string text);
    void adopt(StateHead head);
    [[nodiscard]] RefreshReport report(std::uint64_t old_size);

    // reader_objects.cpp
    [[nodiscard]] std::unique_ptr<VerifiedTiles> make_tiles(merkle::Checkpoint const& checkpoint);
    Result<Bytes> state_object(Digest const& address, bool is_node);
    Result<Bytes> fetch_state_object(Digest const& address, bool is_node) const;
    void keep_state_object(Digest const& address, Bytes bytes);
    void prefetch_state_objects(std::vector<Digest> const& addresses, bool is_node, unsigned parallel);
    Result<Digest> bucket_address(std::uint32_t bucket);
    Result<std::vector<Bytes> const*> bundle_at(std::uint64_t index);
    Result<Bytes> entry_at(std::uint64_t index);
    Result<bool> is_signed_by_owner(SignedRecord const& record, VersionState const& version);
    Result<void> check_by_replay(ReleaseRecord const& release, VersionState const& version);
    [[nodiscard]] Error offline_missing(std::string const& what) const;
    [[nodiscard]] Result<void> check_blob(BlobRef const& blob) const;
    [[nodiscard]] bool has_head() const { return !head_.checkpoint.note.empty(); }

    FileSystem& files_;
    Clock& clock_;
    RegistrySource& source_;
    RootFile root_;
    ReaderOptions options_;
    ReaderCache cache_;
    ReaderCache memory_;
    StateHead head_;
    std::map<Digest, Bytes> state_objects_;  // Verified buckets and nodes, bounded.
    std::uint64_t state_object_bytes_ = 0;
    std::map<std::uint64_t, std::vector<Bytes>> bundles_;  // Of head_, by index, bounded.
    std::optional<RegistryState> replayed_;  // state() at head_, once it was needed.
    std::optional<std::string> warning_;
    std::unique_ptr<VerifiedTiles> tiles_;  // Of head_.
};

}  // namespace ggen::detail
