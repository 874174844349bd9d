#include <algorithm>

#include "market/install_transaction.hpp"
#include "market/project.hpp"
#include "market/registries.hpp"
#include "market/registry_set.hpp"

namespace ggen {
namespace {

constexpr std::size_t k_path_bytes_max = 16'384;
constexpr std::int64_t k_plausible_now = 1'700'000'000;  // November 2023: no build is older.

std::string store_directory(Market& market) { return join_path(market.directories.cache, "store"); }

/// Whose the note `name` of projects/ is. The root of the project in the store tells it too, should a power loss have
/// torn the note. "" when neither can be read.
std::string project_of_note(Market& market, std::string const& path, Digest const& name,
                            std::vector<StoredRoot> const& roots) {
    auto const note = market.files.read_file(path, k_path_bytes_max);
    if (note && !note->empty()) {
        auto const project = as_text(*note).substr(0, note->size() - 1);
        if (sha256(as_bytes(project)) == name) return std::string{project};
    }
    auto const root = std::find_if(roots.begin(), roots.end(),
                                   [&](auto const& stored) { return stored.name == name && stored.root; });
    return root == roots.end() ? std::string{} : root->root->project;
}

/// The trees of an install of `project` that was cut short: its tree may stand while ggen.lock still is the old one, or
/// none. True when there is such an install.
bool add_unfinished(Market& market, std::string const& project, KnownProjects& known) {
    auto const paths = unfinished_lockfiles(market, project);
    for (auto const& path : paths) {
        auto const text = market.files.read_file(path, Lockfile::k_bytes_max);
        auto const lockfile = text ? Lockfile::parse(as_text(*text)) : Result<Lockfile>{text.error()};
        if (!lockfile) {
            known.unreadable.push_back({path, project});
            continue;
        }
        for (auto const& [name, package] : lockfile->packages) known.trees.insert(package.tree);
    }
    return !paths.empty();
}

/// The trees that the lockfiles of known projects name. Forgets projects that are gone.
Result<KnownProjects> known_projects(Market& market, PackageStore& store, bool dry_run) {
    KnownProjects known;
    auto const folder = join_path(market.directories.cache, "projects");
    auto const entries = market.files.list(folder);
    if (!entries) return known;
    ASSIGN_OR_RETURN(auto const roots, store.roots());
    for (auto const& entry : *entries) {
        auto const name = Digest::from_hex(entry.name);
        if (!name) continue;  // The temporary file of a writer.
        auto const path = join_path(folder, entry.name);
        auto const project = project_of_note(market, path, *name, roots);
        if (project.empty()) {
            known.unreadable.push_back({path, {}});
            continue;
        }
        known.paths.push_back(project);
        bool const is_unfinished = add_unfinished(market, project, known);
        auto const text = market.files.read_file(join_path(project, "ggen.lock"), Lockfile::k_bytes_max);
        if (!text) {
            // Unreadable is not gone: only what does not exist is forgotten.
            if (text.error().code != Errc::not_found) return text.error();
            if (!dry_run && !is_unfinished) static_cast<void>(market.files.remove_file(path));
            continue;
        }
        ASSIGN_OR_RETURN(auto const lockfile, Lockfile::parse(as_text(*text)));
        for (auto const& [package_name, package] : lockfile.packages) known.trees.insert(package.tree);
    }
    return known;
}

DoctorCheck good(std::string name, std::string detail) {
    return {std::move(name), true, std::move(detail), {}};
}

DoctorCheck bad(std::string name, Error const& error) {
    return {std::move(name), false, error.context, error.help};
}

DoctorCheck check_registry(Market& market, RegistryStatus const& status) {
    auto const name = "registry " + status.registry.alias;
    RegistrySet registries{market};
    auto const open = registries.by_name(status.registry.alias);
    if (!open) return bad(name, open.error());
    return good(name, status.registry.location + ", " + std::to_string((*open)->refresh.size) +
                          " entries, last sign of life " + format_utc((*open)->refresh.state_time));
}

}  // namespace

Result<CacheListReport> cache_list(Market& market) {
    CacheListReport report{store_directory(market), {}, {}};
    ASSIGN_OR_RETURN(auto const store, PackageStore::open(market.files, market.clock, report.directory));
    ASSIGN_OR_RETURN(report.packages, store->list());
    ASSIGN_OR_RETURN(report.generations, store->generations());
    return report;
}

Result<CollectReport> cache_collect(Market& market, bool dry_run, std::int64_t min_age_seconds,
                                    std::optional<std::uint64_t> bytes_max) {
    ASSIGN_OR_RETURN(auto const store,
                     PackageStore::open(market.files, market.clock, store_directory(market)));
    auto const projects = [&]() -> Result<KnownProjects> {
        auto known = known_projects(market, *store, dry_run);
        if (!known) return wrap(known.error(), "nothing was collected: a project's lockfile cannot be read");
        return known;
    };
    return store->collect({projects, min_age_seconds, bytes_max, dry_run});
}

Result<StoreCheckReport> cache_verify(Market& market) {
    ASSIGN_OR_RETURN(auto const store,
                     PackageStore::open(market.files, market.clock, store_directory(market)));
    return store->verify();
}

Result<std::vector<DoctorCheck>> doctor(Market& market) {
    std::vector<DoctorCheck> checks;
    if (auto const store = cache_list(market)) {
        checks.push_back(
            good("store", store->directory + ", " + std::to_string(store->packages.size()) + " packages"));
    } else {
        checks.push_back(bad("store", store.error()));
    }
    if (auto const key = show_key(market)) {
        checks.push_back(good("signing key", key->name + " at " + key->path));
    } else if (key.error().id == ErrorId::key_missing) {
        checks.push_back(good("signing key", "none; only publishing needs one (ggen key new)"));
    } else {
        checks.push_back(bad("signing key", key.error()));
    }
    auto const now = market.clock.wall_now();
    checks.push_back({"clock", now.seconds > k_plausible_now, format_utc(now),
                      now.seconds > k_plausible_now ? "" : "set the clock of this machine"});
    if (auto const registries = list_registries(market)) {
        if (registries->empty()) {
            checks.push_back({"registries", false, "none is known",
                              "ggen registry add LOCATION, or ggen registry create DIR"});
        }
        for (auto const& status : *registries) checks.push_back(check_registry(market, status));
    } else {
        checks.push_back(bad("registries", registries.error()));
    }
    if (auto const lockfile = read_project_lockfile(market)) {
        checks.push_back(good(
            "project", *lockfile ? std::to_string((*lockfile)->packages.size()) + " packages in ggen.lock"
                                 : market.project_directory + " has no ggen.lock"));
    } else {
        checks.push_back(bad("project", lockfile.error()));
    }
    return checks;
}

}  // namespace ggen
