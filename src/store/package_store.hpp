#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/digest.hpp"

namespace ggen {

/// How a package gets from the store into a project.
enum class LinkMode : std::uint8_t {
    copy,      ///< Private writable files (0644/0755 less umask). The default.
    hardlink,  ///< Shares read-only inodes with the store: fast, but editing one file edits all.
    symlink,   ///< One link per package into the store: fastest; read-only.
};
[[nodiscard]] std::string_view link_mode_name(LinkMode mode);
[[nodiscard]] Result<LinkMode> parse_link_mode(std::string_view text);

/// A file of an unpacked package; `content` is valid while the callback that gave it runs.
struct StoreFile {
    std::string path;  ///< Relative; parents are implied.
    bool executable = false;
    BytesView content;
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

struct CollectReport {
    std::uint64_t removed_packages = 0;
    std::uint64_t removed_bytes = 0;
    std::uint64_t kept_packages = 0;
    std::uint64_t kept_bytes = 0;
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

    /// What `fetch` must deliver: all files of the package whose tree digest was checked by the caller.
    using Fill = std::function<Result<void>(std::function<Result<void>(StoreFile const&)> const& add)>;
    enum class Ensured : std::uint8_t { present, fetched };
    /// Makes sure that `tree` is in the store. `fill` runs at most once per machine at a time: other
    /// processes that want the same wait for it. On error nothing is added.
    virtual Result<Ensured> ensure(Digest const& tree, std::string_view label, Fill const& fill,
                                   CancelToken const* cancel = nullptr) = 0;

    /// Puts package `tree` at `destination` (absent; its parent exists). Checks size and, in copy mode,
    /// the digest of every file on the way; a damaged entry is set aside: corrupt (store_damaged), and
    /// the caller may ensure() again.
    virtual Result<void> materialise(Digest const& tree, std::string const& destination, LinkMode mode) = 0;
    /// Compares `directory` with package `tree` by content. Needs the manifest of `tree` in the store:
    /// else not_found.
    virtual Result<std::vector<TreeDifference>> compare(Digest const& tree, std::string const& directory) = 0;

    virtual Result<std::vector<StoredPackage>> list() = 0;
    /// Re-hashes everything; damaged packages are moved to trash/.
    virtual Result<StoreCheckReport> verify() = 0;
    /// Removes packages that `is_live` does not want and that nobody used for `min_age_seconds`. Safe
    /// beside running installs. With `dry_run` only counts.
    virtual Result<CollectReport> collect(std::function<bool(StoredPackage const&)> const& is_live,
                                          std::int64_t min_age_seconds, bool dry_run) = 0;
};

}  // namespace ggen
