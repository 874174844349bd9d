#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "market/lock_proofs.hpp"
#include "market/market.hpp"
#include "spec/lockfile.hpp"

namespace ggen {

/// Where things stand in a project (docs/formats/project-files.md).
struct ProjectPaths {
    std::string lockfile;     ///< ggen.lock
    std::string proofs;       ///< ggen.lock.proofs
    std::string private_dir;  ///< .ggen
    std::string lock;         ///< .ggen/lock, a kernel lock
    std::string transaction;  ///< .ggen/transaction, the journal
    [[nodiscard]] static ProjectPaths of(std::string const& project_directory);
};

/// A lockfile and its proofs as they are written; printed once an install.
struct LockTexts {
    std::string lockfile;
    std::string proofs;
    Digest lockfile_digest;
};

/// The stamp inside an installed tree: which lockfile it was built from and how.
struct TreeStamp {
    Digest lockfile;
    LinkMode mode = LinkMode::generation;
    [[nodiscard]] std::string print() const;
    [[nodiscard]] static std::optional<TreeStamp> parse(std::string_view text);
    /// Of the tree at `target`; nothing when there is none that can be read.
    [[nodiscard]] static std::optional<TreeStamp> of(FileSystem& files, std::string const& target);
    static constexpr std::string_view k_file_name = ".ggen-installed";
};

/// Exclusive hold of a project. Opening finishes or undoes what a killed command left.
class ProjectTransaction {
public:
    /// Waits for other commands on the same project. Errors: cancelled, io.
    static Result<std::unique_ptr<ProjectTransaction>> open(Market& market);
    ~ProjectTransaction();

    [[nodiscard]] ProjectPaths const& paths() const { return paths_; }
    /// Where the tree stands now; absolute.
    [[nodiscard]] std::string const& target() const { return target_; }
    void set_target(std::string target) { target_ = std::move(target); }

    /// A fresh directory on the file system of the target; removed at the end, or by the next command.
    Result<std::string> make_staging(bool with_tree = true);
    /// Makes `staging`/tree a link to `directory` instead of a directory.
    Result<void> stage_link(std::string const& directory);
    /// Points the target, absent or a link already, at `directory` in one rename; lockfile and proofs stay as
    /// they are, so that no journal is needed. Errors: io.
    Result<void> switch_link(std::string const& directory);
    /// Puts `staging`/tree in the place of the target and writes lockfile and proofs: all or nothing, also
    /// across kill -9 (journal, one rename, then the files; the next command finishes).
    Result<void> commit_tree(LockTexts const& texts, LinkMode mode);
    /// Lockfile and proofs alone.
    Result<void> commit_lockfile(LockTexts const& texts);

private:
    ProjectTransaction(Market& market, ProjectPaths paths) : market_(market), paths_(std::move(paths)) {}
    Result<void> recover();
    Result<void> finish_or_undo(std::string const& target, Digest const& lockfile);
    Result<void> finish_or_leave();
    Result<void> finish(std::string const& staging);
    Result<void> stage_files(LockTexts const& texts);
    [[nodiscard]] std::string staging_of(std::string const& target) const;
    Result<void> move_into_place(std::string const& from, std::string const& to);
    Result<void> swap(std::string const& staging);
    void discard(std::string const& staging);

    Market& market_;
    ProjectPaths paths_;
    std::unique_ptr<FileLock> lock_;
    std::string target_;
    std::string staging_;
};

/// True when a killed command left a journal: the next reader must open a transaction first.
[[nodiscard]] bool has_unfinished_transaction(Market& market);
/// The lockfiles that an install of `project` which was cut short had staged: its tree may stand already while
/// ggen.lock is still the old one. At most one for each place where its tree may stand.
[[nodiscard]] std::vector<std::string> unfinished_lockfiles(Market& market, std::string const& project);
/// Where the tree of this project stands for this user: gpacks, or what --target said last.
[[nodiscard]] std::string current_target(Market& market);

}  // namespace ggen
