#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "store/package_store.hpp"
#include "store/tree_manifest.hpp"

namespace ggen {

/// The PackageStore over a FileSystem; split over package_store.cpp (fetch, materialise), compare.cpp
/// (checking) and collect.cpp (listing, verifying, collecting).
class DiskStore final : public PackageStore {
public:
    DiskStore(FileSystem& files, Clock& clock, std::string directory)
        : files_(files), clock_(clock), directory_(std::move(directory)) {}

    /// Format, owner, directories; takes the shared lock that keeps collection away while this lives.
    Result<void> prepare();

    [[nodiscard]] std::string const& directory() const override { return directory_; }
    [[nodiscard]] bool contains(Digest const& tree) override;
    Result<Ensured> ensure(Digest const& tree, std::string_view label, Fill const& fill,
                           CancelToken const* cancel) override;
    Result<void> materialise(Digest const& tree, std::string const& destination, LinkMode mode) override;
    Result<std::vector<TreeDifference>> compare(Digest const& tree, std::string const& directory) override;
    Result<std::vector<StoredPackage>> list() override;
    Result<StoreCheckReport> verify() override;
    Result<CollectReport> collect(std::function<bool(StoredPackage const&)> const& is_live,
                                  std::int64_t min_age_seconds, bool dry_run) override;

private:
    [[nodiscard]] std::string package_path(Digest const& tree) const {
        return directory_ + "/pkg/" + tree.hex();
    }
    [[nodiscard]] std::string manifest_path(Digest const& tree) const {
        return package_path(tree) + ".manifest";
    }
    [[nodiscard]] std::string use_lock_path() const { return directory_ + "/locks/in-use"; }
    /// A name below tmp/ or trash/ that nobody else has.
    [[nodiscard]] std::string unique_path(std::string_view folder, Digest const& tree);

    Result<TreeManifest> read_manifest(Digest const& tree);
    Result<void> unpack(Digest const& tree, std::string_view label, Fill const& fill);
    Result<void> fill_staging(std::string const& staging, TreeManifest& manifest, Fill const& fill);
    Result<void> seal_directories(std::string const& staging, TreeManifest const& manifest);
    Result<void> build_copy(TreeManifest const& manifest, std::string const& from,
                            std::string const& destination, bool link);
    Result<void> copy_file(TreeBuilder& builder, TreeManifest::File const& file, std::string const& from);
    /// Moves the package to trash/, so that the next ensure() fetches it again.
    void set_aside(Digest const& tree);
    Error damaged(Digest const& tree, std::string_view label, std::string const& what);
    Result<CollectReport> sweep(std::function<bool(StoredPackage const&)> const& is_live,
                                std::int64_t min_age_seconds, bool dry_run);

    Result<void> sweep_remains();

    FileSystem& files_;
    Clock& clock_;
    std::string directory_;
    std::unique_ptr<FileLock> use_lock_;  // Shared; keeps collection away.
    std::atomic<std::uint64_t> counter_{0};
};

}  // namespace ggen
