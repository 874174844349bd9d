#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "store/package_store.hpp"
#include "store/tree_manifest.hpp"

namespace ggen {

/// The PackageStore over a FileSystem; split over package_store.cpp (fetch, materialise), compare.cpp
/// (checking), generations.cpp (trees of links) and collect.cpp (listing, verifying, collecting).
class DiskStore final : public PackageStore {
public:
    DiskStore(FileSystem& files, Clock& clock, std::string directory)
        : files_(files), clock_(clock), directory_(std::move(directory)) {}

    /// Format, owner, directories; takes the shared lock that keeps collection away while this lives.
    Result<void> prepare();

    [[nodiscard]] std::string const& directory() const override { return directory_; }
    [[nodiscard]] bool contains(Digest const& tree) override { return find(tree).has_value(); }
    [[nodiscard]] bool use(Digest const& tree) override;
    Result<Ensured> ensure(Digest const& tree, std::string_view label, Fill const& fill,
                           CancelToken const* cancel) override;
    Result<std::uint64_t> materialise(Digest const& tree, std::string const& destination, LinkMode mode) override;
    Result<std::vector<TreeDifference>> compare(Digest const& tree, std::string const& directory) override;
    [[nodiscard]] bool check(Digest const& tree, std::string_view label) override;
    Result<std::vector<StoredPackage>> list() override;
    Result<StoreCheckReport> verify() override;
    Result<CollectReport> collect(CollectRequest const& request) override;

    [[nodiscard]] std::string partial_path(Digest const& archive) const override {
        return directory_ + "/partial/" + archive.hex();
    }
    [[nodiscard]] std::string generation_tree(Digest const& id) const override {
        return generation_path(id) + "/tree";
    }
    [[nodiscard]] bool has_generation(Digest const& id) override;
    Result<Ensured> ensure_generation(Digest const& id, GenerationContent const& content) override;
    Result<Bytes> generation_file(Digest const& id, std::string_view name, std::uint64_t bytes_max) override;
    void note_checked(Digest const& id, GenerationCheck const& check) override;
    [[nodiscard]] std::optional<GenerationCheck> find_checked(Digest const& id, Digest const& key) override;
    Result<void> settle(bool is_synced) override;
    [[nodiscard]] std::optional<ProjectRoot> find_root(std::string const& project) override;
    Result<void> keep_root(ProjectRoot const& root) override;
    Result<std::vector<StoredRoot>> roots() override;
    Result<std::vector<StoredGeneration>> generations() override;

private:
    [[nodiscard]] std::string package_path(Digest const& tree) const {
        return directory_ + "/pkg/" + tree.hex();
    }
    [[nodiscard]] std::string manifest_path(Digest const& tree) const {
        return package_path(tree) + ".manifest";
    }
    [[nodiscard]] std::string generation_path(Digest const& id) const {
        return directory_ + "/env/" + id.hex();
    }
    [[nodiscard]] std::string unsynced_path(Digest const& tree) const {
        return directory_ + "/unsynced/" + tree.hex();
    }
    [[nodiscard]] std::string root_path(std::string const& project) const;
    [[nodiscard]] std::string use_lock_path() const { return directory_ + "/locks/in-use"; }
    /// A name below tmp/ or trash/ that nobody else has.
    [[nodiscard]] std::string unique_path(std::string_view folder, Digest const& tree);

    /// What the list of files of a package that is there tells; its time is that of the last use.
    [[nodiscard]] std::optional<FileInfo> find(Digest const& tree);
    Result<TreeManifest> read_manifest(Digest const& tree);
    Result<void> unpack(Digest const& tree, std::string_view label, Fill const& fill);
    Result<void> fill_staging(std::string const& staging, TreeManifest& manifest, Fill const& fill);
    Result<void> seal_directories(std::string const& staging, TreeManifest const& manifest);
    Result<void> build_copy(TreeManifest const& manifest, std::string const& from,
                            std::string const& destination, LinkMode mode);
    Result<void> copy_file(TreeBuilder& builder, TreeManifest::File const& file, std::string const& from);
    static Result<void> clone_file(TreeBuilder& builder, TreeManifest::File const& file, std::string const& from);
    /// Whether use() or ensure() has seen it; nobody collects while this store is open.
    [[nodiscard]] bool was_used(Digest const& tree) {
        std::lock_guard const guard{mutex_};
        return used_.contains(tree);
    }
    /// Moves the package to trash/, so that the next ensure() fetches it again.
    void set_aside(Digest const& tree);
    Error damaged(Digest const& tree, std::string_view label, std::string const& what);
    Result<void> check_if_unsure(Digest const& tree, std::string_view label);
    Result<void> build_generation(std::string const& staging, GenerationContent const& content);
    [[nodiscard]] bool is_this_generation(Digest const& id, GenerationContent const& content);
    /// Moves whatever stands at `path` to trash/. False when it could not be moved.
    bool park(std::string const& path, Digest const& name);

    /// What projects that exist go back to.
    struct Rooted {
        std::map<Digest, std::uint64_t> projects;  ///< By generation, how many.
        std::vector<UnreadableNote> unreadable;    ///< While there is one, any generation may be needed.
        std::vector<std::string> gone;             ///< Files of roots/ that nobody needs any more.
    };
    Result<Rooted> rooted_generations(std::vector<std::string> const& known_projects);
    Result<CollectReport> sweep(CollectRequest const& request);
    /// Removes generations that nobody needs; adds the packages of the others to `needed`.
    Result<void> sweep_generations(CollectRequest const& request, std::vector<std::string> const& known_projects,
                                   CollectReport& report, std::set<Digest>& needed);
    Result<std::vector<Digest>> packages_of(Digest const& id);
    Result<void> sweep_remains();

    FileSystem& files_;
    Clock& clock_;
    std::string directory_;
    std::unique_ptr<FileLock> use_lock_;  // Shared; keeps collection away.
    std::atomic<std::uint64_t> counter_{0};
    std::mutex mutex_;
    std::vector<Digest> fetched_;  // Since the last settle(); their marks are ours. Guarded by mutex_.
    std::optional<std::set<Digest>> unsure_;  // Marks of others, once read. Guarded by mutex_.
    std::set<Digest> used_;        // Seen by use() or ensure(), and not set aside since. Guarded by mutex_.
};

}  // namespace ggen
