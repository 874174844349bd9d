#include <algorithm>
#include <iterator>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>

#include "base/parallel.hpp"
#include "store/disk_store.hpp"

namespace ggen {
namespace {

/// A disk that is told of every block that gets free (the mount option `discard`) takes milliseconds for a file, and
/// takes several at once. Few paths are not worth a thread.
Result<void> remove_side_by_side(FileSystem& files, std::vector<std::string> const& paths) {
    constexpr std::size_t k_threads_max = 8;
    constexpr std::size_t k_paths_a_thread = 64;
    auto const threads = std::min(k_threads_max, 1 + paths.size() / k_paths_a_thread);
    std::mutex mutex;
    std::optional<Error> first_error;
    run_parallel(paths.size(), static_cast<unsigned>(threads), [&](std::size_t i) {
        auto removed = files.remove_tree(paths[i]);
        if (removed) return;
        std::lock_guard const guard{mutex};
        if (!first_error) first_error = std::move(removed).error();
    });
    if (first_error) return *std::move(first_error);
    return ok();
}

}  // namespace

Result<std::vector<StoredPackage>> DiskStore::list() {
    constexpr std::string_view k_suffix = ".manifest";
    std::vector<StoredPackage> packages;
    ASSIGN_OR_RETURN(auto const entries, files_.list(directory_ + "/pkg"));
    for (auto const& entry : entries) {
        if (!entry.name.ends_with(k_suffix)) continue;
        auto const tree = Digest::from_hex(entry.name.substr(0, entry.name.size() - k_suffix.size()));
        if (!tree || !contains(*tree)) continue;
        StoredPackage package;
        package.tree = *tree;
        if (auto const manifest = read_manifest(*tree)) {
            package.label = manifest->label;
            package.bytes = manifest->total_bytes();
            package.files = manifest->files.size();
        } else {
            package.label = "(damaged)";
        }
        if (auto const info = files_.info(manifest_path(*tree))) {
            package.last_used = UnixTime{info->modified_ns / 1'000'000'000};
        }
        packages.push_back(std::move(package));
    }
    std::sort(packages.begin(), packages.end(), [](auto const& a, auto const& b) {
        return std::tie(a.label, a.tree) < std::tie(b.label, b.tree);
    });
    return packages;
}

Result<StoreCheckReport> DiskStore::verify() {
    StoreCheckReport report;
    ASSIGN_OR_RETURN(auto const packages, list());
    for (auto const& package : packages) {
        ++report.packages;
        report.files += package.files;
        report.bytes += package.bytes;
        auto const differences = compare(package.tree, package_path(package.tree));
        if (differences && differences->empty()) continue;
        auto const what = !differences ? differences.error().context
                                       : std::to_string(differences->size()) + " files differ, first " +
                                             differences->front().path;
        report.damaged.push_back(damaged(package.tree, package.label, what).context);
    }
    return report;
}

Result<CollectReport> DiskStore::collect(CollectRequest const& request) {
    if (request.dry_run) return sweep(request);
    // Every open store holds the shared lock, so the exclusive one waits for running installs to end.
    use_lock_.reset();
    {
        std::lock_guard const guard{mutex_};
        used_.clear();
        unsure_.reset();
    }
    Result<CollectReport> report = Error{Errc::io, "collection did not run"};
    {
        ASSIGN_OR_RETURN(auto const alone, files_.lock(use_lock_path(), LockMode::exclusive));
        report = sweep(request);
    }
    ASSIGN_OR_RETURN(use_lock_, files_.lock(use_lock_path(), LockMode::shared));
    return report;
}

Result<CollectReport> DiskStore::sweep(CollectRequest const& request) {
    CollectReport report;
    KnownProjects known;
    if (request.projects) {
        ASSIGN_OR_RETURN(known, request.projects());
    }
    auto needed = std::move(known.trees);
    bool const is_anything_needed = !known.unreadable.empty();
    RETURN_IF_ERROR(sweep_generations(request, known.paths, report, needed));
    std::move(known.unreadable.begin(), known.unreadable.end(), std::back_inserter(report.unreadable_notes));
    auto const now = clock_.wall_now();
    ASSIGN_OR_RETURN(auto packages, list());
    std::uint64_t bytes = 0;
    for (auto const& package : packages) bytes += package.bytes;
    // The oldest first: with a budget they go until the rest fits.
    std::stable_sort(packages.begin(), packages.end(),
                     [](auto const& a, auto const& b) { return a.last_used.seconds < b.last_used.seconds; });
    for (auto const& package : packages) {
        bool const is_recent = now.seconds - package.last_used.seconds < request.min_age_seconds;
        bool const is_over = request.bytes_max && bytes > *request.bytes_max;
        if ((is_recent && !is_over) || is_anything_needed || needed.contains(package.tree)) {
            ++report.kept_packages;
            report.kept_bytes += package.bytes;
            continue;
        }
        bytes -= package.bytes;
        ++report.removed_packages;
        report.removed_bytes += package.bytes;
        if (!request.dry_run) set_aside(package.tree);
    }
    if (request.dry_run) return report;
    RETURN_IF_ERROR(sweep_remains());
    return report;
}

Result<void> DiskStore::sweep_generations(CollectRequest const& request,
                                          std::vector<std::string> const& known_projects, CollectReport& report,
                                          std::set<Digest>& needed) {
    auto const now = clock_.wall_now();
    ASSIGN_OR_RETURN(auto rooted, rooted_generations(known_projects));
    bool const is_any_rooted = !rooted.unreadable.empty();
    report.unreadable_notes = std::move(rooted.unreadable);
    for (auto const& path : rooted.gone) {
        if (!request.dry_run) RETURN_IF_ERROR(files_.remove_file(path));
    }
    ASSIGN_OR_RETURN(auto const all, generations());
    for (auto const& generation : all) {
        // One that nobody goes back to costs little and its packages much: a budget lets it go at any age.
        bool const is_recent =
            !request.bytes_max && now.seconds - generation.last_used.seconds < request.min_age_seconds;
        if (!is_recent && !is_any_rooted && !rooted.projects.contains(generation.id)) {
            ++report.removed_generations;
            if (!request.dry_run && !park(generation_path(generation.id), generation.id))
                return Error{Errc::io, generation_path(generation.id) + " cannot be moved to trash/"};
            continue;
        }
        ++report.kept_generations;
        ASSIGN_OR_RETURN(auto const packages, packages_of(generation.id));
        needed.insert(packages.begin(), packages.end());
    }
    return ok();
}

/// Nobody else is here: staging, trash, locks of single packages, and halves of packages were left by
/// processes that are gone.
Result<void> DiskStore::sweep_remains() {
    auto const remove_in = [&](std::string const& folder, auto const& is_remains) -> Result<void> {
        auto const path = directory_ + folder;
        ASSIGN_OR_RETURN(auto const entries, files_.list(path));
        std::vector<std::string> remains;
        remains.reserve(entries.size());
        for (auto const& entry : entries) {
            if (is_remains(entry.name)) remains.push_back(join_path(path, entry.name));
        }
        return remove_side_by_side(files_, remains);
    };
    auto const everything = [](std::string const&) { return true; };
    RETURN_IF_ERROR(remove_in("/tmp", everything));
    RETURN_IF_ERROR(remove_in("/trash", everything));
    RETURN_IF_ERROR(remove_in("/partial", everything));
    RETURN_IF_ERROR(
        remove_in("/locks", [&](std::string const& name) { return !use_lock_path().ends_with("/" + name); }));
    auto const is_no_digest = [](std::string const& name) { return !Digest::from_hex(name); };
    RETURN_IF_ERROR(remove_in("/env", is_no_digest));
    RETURN_IF_ERROR(remove_in("/roots", is_no_digest));
    // The mark of a package that is there stays: nobody has synced it.
    RETURN_IF_ERROR(remove_in("/unsynced", [&](std::string const& name) {
        auto const tree = Digest::from_hex(name);
        return !tree || !contains(*tree);
    }));
    return remove_in("/pkg", [&](std::string const& name) {
        auto const tree = Digest::from_hex(name.substr(0, name.find('.')));
        return !tree || !contains(*tree);
    });
}

}  // namespace ggen
