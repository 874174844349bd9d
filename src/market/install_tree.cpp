#include "market/install_tree.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "base/parallel.hpp"

namespace ggen {
namespace {

constexpr int k_depth_max = 128;

/// Hard-links a tree of regular files; false when something in it is no plain file, or a link fails.
bool link_tree(FileSystem& files, std::string const& from, std::string const& to, std::uint64_t& linked,
               int depth = 0) {
    auto const entries = files.list(from);
    auto const info = files.info(from);
    if (depth > k_depth_max || !entries || !info || !files.make_directories(to)) return false;
    for (auto const& entry : *entries) {
        auto const source = join_path(from, entry.name);
        auto const destination = join_path(to, entry.name);
        if (entry.kind == FileKind::directory) {
            if (!link_tree(files, source, destination, linked, depth + 1)) return false;
        } else if (entry.kind != FileKind::regular || !files.make_hard_link(source, destination)) {
            return false;
        } else {
            ++linked;
        }
    }
    return files.set_mode(to, info->mode).has_value();
}

Error occupied(std::string const& path) {
    return Error{Errc::refused, ErrorId::target_occupied, path + " is in the way: ggen.lock does not name it",
                 "move it away, or replace it with --force"};
}

}  // namespace

namespace {

/// Builds the packages of a tree side by side: making links and files is the kernel's work, and two threads get
/// nearly twice as much of it done as one; more get no further (docs/install.md).
class TreeBuild {
public:
    static constexpr unsigned k_threads_max = 2;

    TreeBuild(Market& market, PackageStore& store, LinkMode mode, InstallFigures& figures)
        : market_(market), store_(store), mode_(mode), figures_(figures) {}

    struct Job {
        LockedPackage const* package;
        std::string destination;
        std::string standing;  ///< An unchanged copy that may hold edits; "" when there is none.
    };

    Result<void> run(std::vector<Job> const& jobs) {
        auto const threads =
            mode_ == LinkMode::symlink ? 1U : std::min(k_threads_max, std::thread::hardware_concurrency());
        run_parallel(jobs.size(), threads, [&](std::size_t i) { work(jobs[i], jobs.size()); });
        if (first_error_) return *std::move(first_error_);
        return ok();
    }

private:
    void work(Job const& job, std::size_t total) {
        if (has_failed_.load()) return;
        auto built = market_.cancel.check();
        if (built) built = build_one(job);
        std::lock_guard const guard{mutex_};
        if (built && !first_error_) {
            market_.observer.on_event(
                {ProgressEvent::Kind::package_done, job.package->name.text(), ++done_, total, 0});
            return;
        }
        if (!first_error_) first_error_ = std::move(built).error();
        has_failed_ = true;
    }

    Result<void> build_one(Job const& job) {
        auto& files = market_.files;
        if (!job.standing.empty()) {
            std::uint64_t linked = 0;
            if (link_tree(files, job.standing, job.destination, linked)) return ok();
            RETURN_IF_ERROR(files.remove_tree(job.destination));
        }
        auto made = store_.materialise(job.package->tree, job.destination, mode_);
        if (!made) return wrap(std::move(made).error(), job.package->name.text() + "@" + job.package->version.text());
        std::lock_guard const guard{mutex_};
        figures_.files_written += *made;
        return ok();
    }

    Market& market_;
    PackageStore& store_;
    LinkMode mode_;
    std::atomic<bool> has_failed_{false};
    std::mutex mutex_;  // Guards everything below and the observer.
    InstallFigures& figures_;
    std::uint64_t done_ = 0;
    std::optional<Error> first_error_;
};

}  // namespace

Result<void> build_tree(Market& market, PackageStore& store, std::string const& staging,
                        std::string const& old_target, Lockfile const& old, Lockfile const& wanted,
                        LinkMode mode, bool force, InstallFigures& figures) {
    auto const stamp = TreeStamp::of(market.files, old_target);
    bool const may_take_over = !force && stamp && stamp->mode == mode && mode == LinkMode::copy;
    std::set<std::string> scopes;
    std::vector<TreeBuild::Job> jobs;
    jobs.reserve(wanted.packages.size());
    for (auto const& [name, package] : wanted.packages) {
        auto destination = join_path(staging, "tree/" + name.text());
        if (auto scope = parent_path(destination); scopes.insert(scope).second)
            RETURN_IF_ERROR(market.files.make_directories(scope));
        auto const before = old.packages.find(name);
        bool const stands = may_take_over && before != old.packages.end() && before->second.tree == package.tree;
        jobs.push_back({&package, std::move(destination), stands ? join_path(old_target, name.text()) : ""});
    }
    return TreeBuild{market, store, mode, figures}.run(jobs);
}

Result<void> check_edits(FileSystem& files, PackageStore& store, std::string const& target,
                         Lockfile const& old, Lockfile const& wanted, LinkMode mode) {
    auto const stamp = TreeStamp::of(files, target);
    bool const is_private =
        stamp && (stamp->mode == LinkMode::copy || stamp->mode == LinkMode::reflink) && stamp->mode != mode;
    if (!is_private) return ok();
    for (auto const& [name, package] : wanted.packages) {
        auto const before = old.packages.find(name);
        auto const directory = join_path(target, name.text());
        if (before == old.packages.end() || before->second.tree != package.tree || !files.info(directory)) continue;
        ASSIGN_OR_RETURN(auto const differences, store.compare(package.tree, directory));
        for (auto const& difference : differences) {
            if (difference.kind == TreeDifference::Kind::missing) continue;  // Nothing there to be lost.
            return Error{Errc::refused, ErrorId::target_occupied,
                         join_path(directory, difference.path) + " was edited and would be lost with link mode " +
                             std::string{link_mode_name(mode)},
                         "keep it with --link " + std::string{link_mode_name(stamp->mode)} +
                             ", or replace it with --force"};
        }
    }
    return ok();
}

Digest generation_id(Digest const& lockfile) {
    constexpr std::string_view k_layout = "ggen-generation 1 links\n";
    return sha256(as_bytes(std::string{k_layout} + lockfile.text() + "\n"));
}

GenerationContent generation_content(Lockfile const& lockfile, LockTexts const& texts) {
    TreeStamp const stamp{texts.lockfile_digest, LinkMode::generation};
    GenerationContent content;
    content.packages.reserve(lockfile.packages.size());
    for (auto const& [name, package] : lockfile.packages) content.packages.emplace_back(name.text(), package.tree);
    content.files = {{"ggen.lock", texts.lockfile},
                     {"tree/" + std::string{TreeStamp::k_file_name}, stamp.print()}};
    content.notes = {{"ggen.lock.proofs", texts.proofs}};
    return content;
}

Result<void> root_generation(Market& market, PackageStore& store, std::string const& target, Digest const& id) {
    auto const standing = store.find_root(market.project_directory);
    auto root = standing.value_or(ProjectRoot{});
    root.project = market.project_directory;
    root.target = target;
    root.push(id);
    return standing && *standing == root ? ok() : store.keep_root(root);
}

Result<Digest> build_generation(Market& market, PackageStore& store, ProjectTransaction& transaction,
                                Lockfile const& wanted, LockTexts const& texts, InstallFigures& figures) {
    auto const content = generation_content(wanted, texts);
    auto const id = generation_id(texts.lockfile_digest);
    ASSIGN_OR_RETURN(auto const ensured, store.ensure_generation(id, content));
    if (ensured == PackageStore::Ensured::fetched) figures.files_written += content.packages.size();
    // Named before anything links to it, so that collection cannot come between.
    RETURN_IF_ERROR(root_generation(market, store, transaction.target(), id));
    RETURN_IF_ERROR(transaction.stage_link(store.generation_tree(id)));
    return id;
}

Result<void> check_target(FileSystem& files, std::string const& target, Lockfile const& old) {
    auto const standing = files.info(target);
    if (!standing) return standing.error().code == Errc::not_found ? ok() : Result<void>{standing.error()};
    if (standing->kind == FileKind::symlink) {
        auto const link = files.read_symlink(target);
        if (link && generation_of_link(*link)) return ok();  // A link of ours: nothing of the user is in it.
    }
    if (standing->kind != FileKind::directory) return occupied(target);
    ASSIGN_OR_RETURN(auto const entries, files.list(target));
    std::set<std::string> names;
    std::set<std::string> scopes;
    for (auto const& [name, package] : old.packages) {
        names.insert(name.text());
        if (!name.scope().empty()) scopes.insert(std::string{name.scope()});
    }
    for (auto const& entry : entries) {
        if (entry.name == TreeStamp::k_file_name || names.contains(entry.name)) continue;
        auto const path = join_path(target, entry.name);
        if (!scopes.contains(entry.name)) return occupied(path);
        ASSIGN_OR_RETURN(auto const inner, files.list(path));
        for (auto const& package : inner) {
            if (!names.contains(entry.name + "/" + package.name))
                return occupied(join_path(path, package.name));
        }
    }
    return ok();
}

bool tree_is_current(FileSystem& files, std::string const& target, Lockfile const& wanted, Digest const& lockfile,
                     LinkMode mode, std::string const& generation) {
    auto const stamp = TreeStamp::of(files, target);
    if (!stamp || stamp->mode != mode || stamp->lockfile != lockfile) return false;
    auto const link = files.read_symlink(target);
    if (mode == LinkMode::generation ? !link || *link != generation : link.has_value()) return false;
    return std::all_of(wanted.packages.begin(), wanted.packages.end(), [&](auto const& entry) {
        return files.info(join_path(target, entry.first.text())).has_value();
    });
}

}  // namespace ggen
