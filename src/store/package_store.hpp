#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/digest.hpp"
#include "store/generation.hpp"

namespace ggen {

/// How a package gets from the store into a project.
enum class LinkMode : std::uint8_t {
    generation,  ///< One link to a tree of links that all projects with that lockfile share; read-only.
    symlink,     ///< A directory of the project with one link per package into the store; read-only packages.
    hardlink,    ///< Shares read-only inodes with the store: fast, but editing one file edits all.
    reflink,     ///< Private writable files that share blocks until they are written, where the disk can.
    copy,        ///< Private writable files (0644/0755 less umask).
};
/// Every mode, the default first.
inline constexpr std::array k_link_modes{LinkMode::generation, LinkMode::symlink, LinkMode::hardlink,
                                         LinkMode::reflink, LinkMode::copy};
[[nodiscard]] std::string_view link_mode_name(LinkMode mode);
/// Errors: invalid (usage).
[[nodiscard]] Result<LinkMode> parse_link_mode(std::string_view text);

/// A file of an unpacked package, or the next piece of one; `content` is valid while the callback that gave it runs.
struct StoreFile {
    std::string path;  ///< Relative; parents are implied.
    bool executable = false;
    BytesView content;
    bool has_more = false;  ///< The next call goes on with the same file.
};

/// What differs between a directory and the package that it should hold.
struct TreeDifference {
    enum class Kind : std::uint8_t { changed, missing, extra, mode, kind };
    Kind kind;
    std::string path;
};

struct StoredPackage {
    Digest tree;
    std::string label;  ///< "name@version" as first stored; for listings only.
    std::uint64_t bytes = 0;
    std::uint64_t files = 0;
    UnixTime last_used;
};

/// A file of roots/.
struct StoredRoot {
    Digest name;  ///< SHA-256 of the project's path.
    std::string path;
    std::optional<ProjectRoot> root;  ///< Nothing when it cannot be read.
};

struct StoredGeneration {
    Digest id;
    std::uint64_t packages = 0;
    std::uint64_t projects = 0;  ///< That go back to it, now or by rollback.
    UnixTime last_used;
};

/// The note of a project that says what collection must keep, and that cannot be read: a power loss may have torn it.
struct UnreadableNote {
    std::string path;
    std::string project;  ///< Whose it is; "" when nothing tells.
};

/// What a store cannot know by itself.
struct KnownProjects {
    std::set<Digest> trees;          ///< Packages that their lockfiles name.
    std::vector<std::string> paths;  ///< Tell whose an unreadable root is.
    std::vector<UnreadableNote> unreadable;  ///< May stand for any package: with one of them every package stays.
};

struct CollectRequest {
    /// Asked once, when no install is running any more and nothing is removed yet. An error ends the collection.
    std::function<Result<KnownProjects>()> projects;
    std::int64_t min_age_seconds = 0;  ///< What was used within it stays…
    std::optional<std::uint64_t> bytes_max{};  ///< …unless the store is larger than this: oldest first.
    bool dry_run = false;
};

struct CollectReport {
    std::uint64_t removed_packages = 0;
    std::uint64_t removed_bytes = 0;
    std::uint64_t kept_packages = 0;
    std::uint64_t kept_bytes = 0;
    std::uint64_t removed_generations = 0;
    std::uint64_t kept_generations = 0;
    std::vector<UnreadableNote> unreadable_notes;  ///< What they may stand for was kept.
};

struct StoreCheckReport {
    std::uint64_t packages = 0;
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    std::vector<std::string> damaged;  ///< One sentence each; those packages were set aside.
};

/// The content-addressed store that all projects of a user share (docs/formats/store.md):
///
///   format            "ggen-store 1\n"
///   pkg/<tree hex>/   one unpacked package, files 0444/0555; complete once it stands there
///   pkg/<tree hex>.manifest   sorted list: path, mode, size, sha256; written before the rename
///   unsynced/<tree hex>       that package may not survive a power loss yet: its content is checked on use
///   env/<id hex>/             one generation: tree/ (links to pkg/), ggen.lock, ggen.lock.proofs, checked
///   roots/<sha256 of project> which generations a project goes back to
///   partial/<archive hex>     the beginning of an archive that is being downloaded
///   locks/ tmp/ trash/
///
/// Safe between processes by kernel locks (one per digest while it is being fetched, one shared/exclusive
/// for collection). An entry appears by rename, so kill -9 leaves only garbage in tmp/, swept by the next
/// collection. Thread-safe. Blocks.
class PackageStore {
public:
    /// Creates an empty store when absent. Errors: refused (store_format: a newer format; store_unsafe:
    /// owned by somebody else or writable by others), io.
    static Result<std::unique_ptr<PackageStore>> open(FileSystem& files, Clock& clock, std::string directory);
    virtual ~PackageStore() = default;
    [[nodiscard]] virtual std::string const& directory() const = 0;

    [[nodiscard]] virtual bool contains(Digest const& tree) = 0;
    /// contains(), and marks the package as used, to the hour, so that collection leaves it.
    [[nodiscard]] virtual bool use(Digest const& tree) = 0;

    /// What `fetch` must deliver: all files of the package whose tree digest was checked by the caller.
    using Fill = std::function<Result<void>(std::function<Result<void>(StoreFile const&)> const& add)>;
    enum class Ensured : std::uint8_t { present, fetched };
    /// Makes sure that `tree` is in the store. `fill` runs at most once per machine at a time: other
    /// processes that want the same wait for it. On error nothing is added.
    virtual Result<Ensured> ensure(Digest const& tree, std::string_view label, Fill const& fill,
                                   CancelToken const* cancel = nullptr) = 0;

    /// Where the archive of a package is kept while it comes, by whoever fills it: a file that may be cut anywhere,
    /// so that the next run goes on with it. Collection removes it.
    [[nodiscard]] virtual std::string partial_path(Digest const& archive) const = 0;

    /// Directory that a project links to for generation `id`; absolute, whether it exists or not.
    [[nodiscard]] virtual std::string generation_tree(Digest const& id) const = 0;
    [[nodiscard]] virtual bool has_generation(Digest const& id) = 0;
    /// Builds generation `id` unless a sound one is there; every package must be in the store. Packages that
    /// a killed process left unsynced are checked by content first. Nothing is synced: settle() is.
    /// Errors: corrupt (store_damaged; the package was set aside), not_found (a package), io.
    virtual Result<Ensured> ensure_generation(Digest const& id, GenerationContent const& content) = 0;
    /// A file of generation `id`, such as "ggen.lock". Errors: not_found, io.
    virtual Result<Bytes> generation_file(Digest const& id, std::string_view name, std::uint64_t bytes_max) = 0;
    /// Remembers with generation `id` that what `key` stands for was checked; hints that may be lost.
    virtual void note_checked(Digest const& id, GenerationCheck const& check) = 0;
    /// The note with that key, when the generation is there. A few system calls.
    [[nodiscard]] virtual std::optional<GenerationCheck> find_checked(Digest const& id, Digest const& key) = 0;
    /// Makes everything that this object fetched durable (syncfs, unless the caller did it after the last
    /// ensure()) and takes the marks of unsynced packages away.
    virtual Result<void> settle(bool is_synced) = 0;
    /// What `project` goes back to; nothing when it is not known or unreadable.
    [[nodiscard]] virtual std::optional<ProjectRoot> find_root(std::string const& project) = 0;
    /// Keeps the generations of `root` from collection while its project stands. In a store of another user
    /// or on a read-only disk nothing is written: whoever may write there collects it. Errors: io.
    virtual Result<void> keep_root(ProjectRoot const& root) = 0;
    /// Every root, readable or not.
    virtual Result<std::vector<StoredRoot>> roots() = 0;

    /// Puts package `tree` at `destination` (absent; its parent exists). Checks size and, in copy mode,
    /// the digest of every file on the way; a damaged entry is set aside: corrupt (store_damaged), and
    /// the caller may ensure() again. Packages that a killed process left unsynced are checked by content before
    /// they are linked. Returns how many files or links it made.
    virtual Result<std::uint64_t> materialise(Digest const& tree, std::string const& destination, LinkMode mode) = 0;
    /// Compares `directory` with package `tree` by content. Needs the manifest of `tree` in the store:
    /// else not_found.
    virtual Result<std::vector<TreeDifference>> compare(Digest const& tree, std::string const& directory) = 0;

    /// Re-hashes one package that is there; a damaged one is set aside, and the answer is false.
    [[nodiscard]] virtual bool check(Digest const& tree, std::string_view label) = 0;
    virtual Result<std::vector<StoredPackage>> list() = 0;
    /// Re-hashes everything; damaged packages are moved to trash/.
    virtual Result<StoreCheckReport> verify() = 0;
    virtual Result<std::vector<StoredGeneration>> generations() = 0;
    /// Mark and sweep. Live are: generations in the roots of projects that exist, or that such a project links
    /// to, and every generation while a root cannot be read; packages of kept generations; packages that
    /// `projects` names. Waits for running installs.
    virtual Result<CollectReport> collect(CollectRequest const& request) = 0;
};

}  // namespace ggen
