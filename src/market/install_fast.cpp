#include "market/install_fast.hpp"

#include <algorithm>

#include "market/install_plan.hpp"
#include "market/install_transaction.hpp"
#include "market/install_tree.hpp"
#include "market/lock_proofs.hpp"
#include "spec/manifest.hpp"

namespace ggen {
namespace {

std::string store_directory(Market& market) { return join_path(market.directories.cache, "store"); }

/// The files of a project that an install depends on, by digest.
struct KnownFiles {
    Bytes lockfile;
    Digest generation;
    Digest key;  ///< Of what the lockfile's digest does not cover: proofs and gpack.toml.

    /// Nothing when one cannot be read.
    static std::optional<KnownFiles> read(Market& market) {
        auto const paths = ProjectPaths::of(market.project_directory);
        auto lockfile = market.files.read_file(paths.lockfile, Lockfile::k_bytes_max);
        if (!lockfile) return std::nullopt;
        auto const proofs = market.files.read_file(paths.proofs, LockProofs::k_bytes_max);
        if (!proofs) return std::nullopt;
        auto const manifest =
            market.files.read_file(join_path(market.project_directory, "gpack.toml"), Manifest::k_bytes_max);
        if (!manifest && manifest.error().code != Errc::not_found) return std::nullopt;
        auto const text = "proofs " + sha256(*proofs).hex() + "\ngpack.toml " +
                          (manifest ? sha256(*manifest).hex() : std::string{"none"}) + "\n";
        auto const generation = generation_id(as_text(*lockfile));
        return KnownFiles{std::move(*lockfile), generation, sha256(as_bytes(text))};
    }
};

bool asks_for_nothing_new(InstallRequest const& request) {
    return request.packages.empty() && request.registry.empty() && request.target.empty() && !request.force &&
           !request.dry_run && !request.no_dependencies;
}

enum class Standing : std::uint8_t { current, other_link, absent, something_else };

Standing standing_of(Market& market, PackageStore& store, std::string const& target, Digest const& wanted) {
    auto const link = market.files.read_symlink(target);
    if (!link) return market.files.info(target) ? Standing::something_else : Standing::absent;
    if (*link == store.generation_tree(wanted)) return Standing::current;
    return generation_of_link(*link) ? Standing::other_link : Standing::something_else;
}

std::uint64_t micros_since(Market& market, TimePoint start) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(market.clock.steady_now() - start).count());
}

/// Under the project's lock; false when somebody changed the project meanwhile.
Result<bool> switch_to(Market& market, PackageStore& store, KnownFiles const& files) {
    ASSIGN_OR_RETURN(auto const transaction, ProjectTransaction::open(market));
    auto const now = KnownFiles::read(market);
    if (!now || now->generation != files.generation || now->key != files.key) return false;
    auto const standing = standing_of(market, store, transaction->target(), files.generation);
    if (standing == Standing::something_else) return false;
    auto root = store.find_root(market.project_directory).value_or(ProjectRoot{});
    root.project = market.project_directory;
    root.target = transaction->target();
    root.push(files.generation);
    RETURN_IF_ERROR(store.keep_root(root));
    if (standing != Standing::current)
        RETURN_IF_ERROR(transaction->switch_link(store.generation_tree(files.generation)));
    return true;
}

bool is_rooted(Market& market, PackageStore& store, Digest const& id) {
    auto const root = store.find_root(market.project_directory);
    return root && std::find(root->generations.begin(), root->generations.end(), id) != root->generations.end();
}

}  // namespace

LinkMode link_mode_for(Market& market, std::string const& target, std::optional<LinkMode> asked) {
    if (asked) return *asked;
    if (market.config.is_link_mode_chosen) return market.config.link_mode;
    auto const stamp = TreeStamp::of(market.files, target);
    return stamp ? stamp->mode : market.config.link_mode;
}

Result<std::optional<InstallReport>> activate_known(Market& market, InstallRequest const& request) {
    using Answer = std::optional<InstallReport>;
    auto const started = market.clock.steady_now();
    auto const mode = request.link_mode.value_or(market.config.link_mode);
    if (!asks_for_nothing_new(request) || mode != LinkMode::generation || has_unfinished_transaction(market))
        return Answer{};
    auto const files = KnownFiles::read(market);
    if (!files || !market.files.info(store_directory(market) + "/format")) return Answer{};
    ASSIGN_OR_RETURN(auto const store, PackageStore::open(market.files, market.clock, store_directory(market)));
    auto const check = store->find_checked(files->generation, files->key);
    if (!check || !store->has_generation(files->generation)) return Answer{};
    auto const standing = standing_of(market, *store, current_target(market), files->generation);
    if (standing == Standing::something_else) return Answer{};
    if (standing != Standing::current || !is_rooted(market, *store, files->generation)) {
        ASSIGN_OR_RETURN(bool const done, switch_to(market, *store, *files));
        if (!done) return Answer{};
    }
    InstallReport report;
    if (request.wants_lockfile) {
        ASSIGN_OR_RETURN(report.lockfile, Lockfile::parse(as_text(files->lockfile)));
    }
    report.figures.packages = check->packages;
    report.figures.packages_reused = check->packages;
    report.figures.was_known = true;
    report.figures.install_us = report.figures.total_us = micros_since(market, started);
    return Answer{std::move(report)};
}

void note_generation(Market& market, PackageStore& store) {
    auto const files = KnownFiles::read(market);
    if (!files || !store.has_generation(files->generation)) return;
    auto const lockfile = Lockfile::parse(as_text(files->lockfile));
    auto const dependencies = project_dependencies(market);
    if (!lockfile || !dependencies) return;
    auto requirements = lockfile->requirements;
    for (auto const& dependency : *dependencies) {
        if (!dependency.optional) requirements[dependency.name] = dependency.range.text();
    }
    // gpack.toml may have been edited while the install ran: what was parsed must be what was hashed.
    auto const again = KnownFiles::read(market);
    if (lockfile_satisfies(*lockfile, requirements) && again && again->key == files->key)
        store.note_checked(files->generation, {files->key, lockfile->packages.size()});
}

Result<Digest> generation_before(Market& market, PackageStore& store, std::string const& target) {
    auto const link = market.files.read_symlink(target);
    auto const current = link ? generation_of_link(*link) : std::nullopt;
    if (!current) {
        return Error{Errc::refused, ErrorId::target_occupied, target + " is no generation, so nothing lies before it",
                     "ggen install --link generation makes one; git brings an older ggen.lock back"};
    }
    auto const root = store.find_root(market.project_directory);
    if (root) {
        auto at = std::find(root->generations.begin(), root->generations.end(), *current);
        for (; at != root->generations.end(); ++at) {
            if (*at != *current && store.has_generation(*at)) return *at;
        }
    }
    return Error{Errc::not_found, ErrorId::none, "there is no generation before the current one",
                 "ggen keeps the last " + std::to_string(ProjectRoot::k_generations_max) + " of each project"};
}

}  // namespace ggen
