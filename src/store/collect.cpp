#include <algorithm>
#include <tuple>

#include "store/disk_store.hpp"

namespace ggen {

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

Result<CollectReport> DiskStore::collect(std::function<bool(StoredPackage const&)> const& is_live,
                                         std::int64_t min_age_seconds, bool dry_run) {
    if (dry_run) return sweep(is_live, min_age_seconds, dry_run);
    // Every open store holds the shared lock, so the exclusive one waits for running installs to end.
    use_lock_.reset();
    Result<CollectReport> report = Error{Errc::io, "collection did not run"};
    {
        ASSIGN_OR_RETURN(auto const alone, files_.lock(use_lock_path(), LockMode::exclusive));
        report = sweep(is_live, min_age_seconds, dry_run);
    }
    ASSIGN_OR_RETURN(use_lock_, files_.lock(use_lock_path(), LockMode::shared));
    return report;
}

Result<CollectReport> DiskStore::sweep(std::function<bool(StoredPackage const&)> const& is_live,
                                       std::int64_t min_age_seconds, bool dry_run) {
    CollectReport report;
    auto const now = clock_.wall_now();
    ASSIGN_OR_RETURN(auto const packages, list());
    for (auto const& package : packages) {
        bool const is_recent = now.seconds - package.last_used.seconds < min_age_seconds;
        if (is_recent || is_live(package)) {
            ++report.kept_packages;
            report.kept_bytes += package.bytes;
            continue;
        }
        ++report.removed_packages;
        report.removed_bytes += package.bytes;
        if (!dry_run) set_aside(package.tree);
    }
    if (dry_run) return report;
    RETURN_IF_ERROR(sweep_remains());
    return report;
}

/// Nobody else is here: staging, trash, locks of single packages, and halves of packages were left by
/// processes that are gone.
Result<void> DiskStore::sweep_remains() {
    auto const remove_in = [&](std::string const& folder, auto const& is_remains) -> Result<void> {
        ASSIGN_OR_RETURN(auto const entries, files_.list(directory_ + folder));
        for (auto const& entry : entries) {
            if (is_remains(entry.name))
                RETURN_IF_ERROR(files_.remove_tree(directory_ + folder + "/" + entry.name));
        }
        return ok();
    };
    auto const everything = [](std::string const&) { return true; };
    RETURN_IF_ERROR(remove_in("/tmp", everything));
    RETURN_IF_ERROR(remove_in("/trash", everything));
    RETURN_IF_ERROR(
        remove_in("/locks", [&](std::string const& name) { return !use_lock_path().ends_with("/" + name); }));
    return remove_in("/pkg", [&](std::string const& name) {
        auto const tree = Digest::from_hex(name.substr(0, name.find('.')));
        return !tree || !contains(*tree);
    });
}

}  // namespace ggen
