#include "market/install.hpp"

#include <memory>
#include <set>

#include "market/install_fast.hpp"
#include "market/install_fetch.hpp"
#include "market/install_plan.hpp"
#include "market/install_transaction.hpp"
#include "market/install_tree.hpp"
#include "market/project.hpp"

namespace ggen {
namespace {

std::uint64_t micros(TimePoint from, TimePoint to) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(to - from).count());
}

/// One command on one project, from its wish to the tree on disk.
class Installer {
public:
    struct Options {
        std::string target;
        bool frozen = false;
        bool dry_run = false;
        bool force = false;
        bool lockfile_only = false;
        std::optional<LinkMode> link_mode;
    };

    Installer(Market& market, Options options)
        : market_(market),
          options_(std::move(options)),
          registries_(market),
          provider_(market, registries_) {}

    Result<void> open() {
        started_ = market_.clock.steady_now();
        ASSIGN_OR_RETURN(transaction_, ProjectTransaction::open(market_));
        auto const& paths = transaction_->paths();
        if (auto text = market_.files.read_file(paths.lockfile, Lockfile::k_bytes_max)) {
            ASSIGN_OR_RETURN(old_, Lockfile::parse(as_text(*text)));
            old_text_ = *std::move(text);
            old_digest_ = sha256(old_text_);
            has_lockfile_ = true;
        } else if (text.error().code != Errc::not_found) {
            return text.error();
        }
        if (auto const text = market_.files.read_file(paths.proofs, LockProofs::k_bytes_max)) {
            // Damaged or merged proofs are fetched anew; they prove nothing by themselves.
            if (auto parsed = ProofTexts::parse(as_text(*text))) old_proofs_ = std::move(*parsed);
        }
        return ok();
    }

    [[nodiscard]] Lockfile const& old() const { return old_; }
    [[nodiscard]] bool has_lockfile() const { return has_lockfile_; }

    /// The wish to be resolved, or the lockfile as it stands when that is enough.
    Result<InstallOutcome> run(Wish const& wish, bool may_use_lockfile) {
        Plan plan;
        if (may_use_lockfile && lockfile_satisfies(old_, wish.requirements)) {
            plan.lockfile = old_;
            plan.changes = compare_lockfiles(old_, old_);
        } else if (options_.frozen) {
            return Error{Errc::refused, ErrorId::lockfile_out_of_date,
                         has_lockfile_ ? "ggen.lock does not satisfy what the project asks for, and --frozen "
                                         "forbids to change it"
                                       : "there is no ggen.lock here, and --frozen forbids to make one",
                         "run: ggen install without --frozen, and commit ggen.lock"};
        } else {
            market_.observer.on_event({ProgressEvent::Kind::phase, "resolve", 0, 0, 0});
            ASSIGN_OR_RETURN(auto made, make_plan(market_, provider_, wish, old_));
            if (auto* const conflict = std::get_if<Conflict>(&made))
                return InstallOutcome{std::move(*conflict)};
            plan = std::move(std::get<Plan>(made));
        }
        named_ = wish.named;
        return run_plan(std::move(plan));
    }

    Result<InstallOutcome> run_plan(Plan plan) {
        report_.figures.resolve_us = micros(started_, market_.clock.steady_now());
        report_.changes = std::move(plan.changes);
        was_resolved_ = plan.was_resolved;
        report_.warnings = std::move(plan.warnings);
        report_.lockfile = std::move(plan.lockfile);
        report_.dry_run = options_.dry_run;
        if (!options_.dry_run) RETURN_IF_ERROR(carry_out());
        report_.figures.total_us = micros(started_, market_.clock.steady_now());
        return InstallOutcome{std::move(report_)};
    }

    /// The lockfile of the generation before the current one, as a plan.
    Result<InstallOutcome> run_back() {
        ASSIGN_OR_RETURN(auto const store, PackageStore::open(market_.files, market_.clock,
                                                              join_path(market_.directories.cache, "store")));
        ASSIGN_OR_RETURN(auto const id, generation_before(market_, *store, transaction_->target()));
        ASSIGN_OR_RETURN(auto const text, store->generation_file(id, "ggen.lock", Lockfile::k_bytes_max));
        Plan plan;
        ASSIGN_OR_RETURN(plan.lockfile, Lockfile::parse(as_text(text)));
        plan.changes = compare_lockfiles(old_, plan.lockfile);
        if (auto const proofs = store->generation_file(id, "ggen.lock.proofs", LockProofs::k_bytes_max)) {
            // Proofs that a power loss tore are fetched anew.
            if (auto parsed = ProofTexts::parse(as_text(*proofs))) old_proofs_ = std::move(*parsed);
        }
        return run_plan(std::move(plan));
    }

private:
    Result<void> carry_out() {
        if (!options_.target.empty()) transaction_->set_target(options_.target);
        auto const mode = link_mode_for(market_, transaction_->target(), options_.link_mode);
        auto const& wanted = report_.lockfile;
        report_.figures.packages = wanted.packages.size();
        LockTexts standing{wanted.print(), {}, old_digest_};
        if (standing.lockfile != as_text(old_text_)) standing.lockfile_digest = sha256(as_bytes(standing.lockfile));
        bool const is_same_lockfile =
            has_lockfile_ && !old_.had_conflict_markers && standing.lockfile_digest == old_digest_;
        if (is_same_lockfile && !options_.force && !options_.lockfile_only && has_all_proofs(wanted) &&
            tree_is_current(market_.files, transaction_->target(), wanted, standing.lockfile_digest, mode,
                            generation_directory(standing.lockfile_digest))) {
            report_.figures.packages_reused = wanted.packages.size();
            standing.proofs = old_proofs_.print();
            remember_generation(mode, standing);
            remember_project();
            return ok();
        }
        market_.observer.on_event({ProgressEvent::Kind::phase, "verify", 0, wanted.packages.size(), 0});
        auto const proofs_started = market_.clock.steady_now();
        ASSIGN_OR_RETURN(auto const proofs,
                         complete_proofs(market_, registries_, wanted, old_proofs_, report_.figures));
        report_.figures.verify_us = micros(proofs_started, market_.clock.steady_now());
        LockTexts const texts{std::move(standing.lockfile), proofs.print(), standing.lockfile_digest};
        if (options_.lockfile_only) return transaction_->commit_lockfile(texts);
        if (!options_.force) RETURN_IF_ERROR(check_target(market_.files, transaction_->target(), old_));
        return build_and_switch(proofs, texts, mode);
    }

    Result<void> build_and_switch(ProofTexts const& proofs, LockTexts const& texts, LinkMode mode) {
        auto const& wanted = report_.lockfile;
        ASSIGN_OR_RETURN(auto const store, PackageStore::open(market_.files, market_.clock,
                                                              join_path(market_.directories.cache, "store")));
        ASSIGN_OR_RETURN(auto const staging, transaction_->make_staging());
        auto const fetch_started = market_.clock.steady_now();
        if (options_.force && mode == LinkMode::generation) check_stored(*store);
        auto missing = missing_packages(*store, wanted, report_.figures);
        if (!was_resolved_) {
            RETURN_IF_ERROR(
                check_before_fetch(market_, registries_, missing, wanted, named_, report_.warnings));
        }
        // A damaged stored package is set aside by materialise; fetching once more heals it.
        constexpr int k_tries = 3;
        for (int tried = 1;; ++tried) {
            market_.observer.on_event({ProgressEvent::Kind::phase, "fetch", 0, missing.size(), 0});
            RETURN_IF_ERROR(fetch_packages(market_, registries_, *store, missing, proofs, report_.figures));
            report_.figures.fetch_us = micros(fetch_started, market_.clock.steady_now());
            market_.observer.on_event({ProgressEvent::Kind::phase, "install", 0, wanted.packages.size(), 0});
            auto built = build(*store, staging, texts, mode);
            if (built) break;
            if (built.error().id != ErrorId::store_damaged || tried == k_tries) return built;
            report_.warnings.push_back(built.error().context + "; it was fetched anew");
            RETURN_IF_ERROR(transaction_->make_staging());
            report_.figures.packages_reused = 0;
            missing = missing_packages(*store, wanted, report_.figures);
        }
        RETURN_IF_ERROR(market_.cancel.check());
        RETURN_IF_ERROR(commit(*store, staging, texts, mode));
        report_.figures.install_us =
            micros(fetch_started, market_.clock.steady_now()) - report_.figures.fetch_us;
        return ok();
    }

    Result<void> build(PackageStore& store, std::string const& staging, LockTexts const& texts, LinkMode& mode) {
        auto const& wanted = report_.lockfile;
        if (!options_.force)
            RETURN_IF_ERROR(check_edits(market_.files, store, transaction_->target(), old_, wanted, mode));
        if (mode == LinkMode::generation) {
            auto built = build_generation(market_, store, *transaction_, wanted, texts, report_.figures);
            if (built) return ok();
            // Here the only thing that can be refused and that copies need not: symbolic links.
            if (built.error().code != Errc::io || can_link(staging)) return std::move(built).error();
            report_.warnings.push_back("this file system has no symbolic links, so the files were copied");
            mode = LinkMode::copy;
            RETURN_IF_ERROR(transaction_->make_staging());
        }
        return build_tree(market_, store, staging, transaction_->target(), old_, wanted, mode, options_.force,
                          report_.figures);
    }

    [[nodiscard]] bool can_link(std::string const& staging) {
        auto const probe = join_path(staging, "probe");
        bool const can = market_.files.make_symlink("probe", probe).has_value();
        static_cast<void>(market_.files.remove_tree(probe));
        return can;
    }

    /// What was fetched must outlive a power loss before a lockfile on another disk relies on it; on the same
    /// disk the commit's own sync does that.
    Result<void> commit(PackageStore& store, std::string const& staging, LockTexts const& texts, LinkMode mode) {
        // A link without this note would be collected after a power loss that took the note alone.
        remember_project();
        auto const theirs = market_.files.info(store.directory());
        auto const ours = market_.files.info(staging);
        bool const is_one_disk = theirs && ours && theirs->device == ours->device;
        if (!is_one_disk) RETURN_IF_ERROR(store.settle(false));
        RETURN_IF_ERROR(transaction_->commit_tree(texts, mode));
        if (is_one_disk) RETURN_IF_ERROR(store.settle(true));
        if (mode == LinkMode::generation) note_generation(market_, store, report_.lockfile, texts);
        return ok();
    }

    [[nodiscard]] std::string generation_directory(Digest const& lockfile) const {
        return join_path(market_.directories.cache, "store/env/" + generation_id(lockfile).hex() + "/tree");
    }

    /// Nothing was built, but a later run may now skip what this one looked at, and collection must know of the
    /// project: a power loss may have torn the note that named it. What cannot be written now is written next time.
    void remember_generation(LinkMode mode, LockTexts const& texts) {
        if (mode != LinkMode::generation) return;
        auto const store = PackageStore::open(market_.files, market_.clock,
                                              join_path(market_.directories.cache, "store"));
        if (!store) return;
        auto const id = generation_id(texts.lockfile_digest);
        static_cast<void>(root_generation(market_, **store, transaction_->target(), id));
        note_generation(market_, **store, report_.lockfile, texts);
    }

    /// Trees of links are not read while they are built: with --force every stored file is.
    void check_stored(PackageStore& store) {
        for (auto const& [name, package] : report_.lockfile.packages) {
            if (store.contains(package.tree) && !store.check(package.tree, name.text()))
                report_.warnings.push_back("the stored copy of " + name.text() + " was damaged and is fetched anew");
        }
    }

    [[nodiscard]] bool has_all_proofs(Lockfile const& wanted) const {
        for (auto const& [name, package] : wanted.packages) {
            auto const found = old_proofs_.blocks.find(name);
            auto const head = "package " + name.text() + " " + package.version.text() + " ";
            if (found == old_proofs_.blocks.end() || !found->second.starts_with(head)) return false;
        }
        return true;
    }

    /// So that collection knows which projects still use the store. A read-only cache forgets it.
    void remember_project() {
        auto const folder = join_path(market_.directories.cache, "projects");
        auto const path = join_path(folder, sha256(as_bytes(market_.project_directory)).hex());
        auto const note = market_.project_directory + "\n";
        // A power loss may have left a torn one.
        auto const standing = market_.files.read_file(path, note.size());
        if ((standing && as_text(*standing) == note) || !market_.files.make_directories(folder)) return;
        static_cast<void>(market_.files.write_file_atomic(path, as_bytes(note), Sync::none));
    }

    Market& market_;
    Options options_;
    RegistrySet registries_;
    RegistryProvider provider_;
    std::unique_ptr<ProjectTransaction> transaction_;
    TimePoint started_;
    Lockfile old_;
    Bytes old_text_;  // And its digest: most installs write the same again.
    Digest old_digest_;
    ProofTexts old_proofs_;
    bool has_lockfile_ = false;
    bool was_resolved_ = false;
    std::set<PackageName> named_;
    InstallReport report_;
};

/// The lockfile's own requirements with those of gpack.toml over them.
Result<Wish> standing_wish(Market& market, Lockfile const& old) {
    Wish wish;
    wish.requirements = old.requirements;
    ASSIGN_OR_RETURN(auto const dependencies, project_dependencies(market));
    for (auto const& dependency : dependencies) {
        if (!dependency.optional) wish.requirements[dependency.name] = dependency.range.text();
    }
    return wish;
}

/// What the remaining requirements still need, at the versions that are locked: needs no registry.
Lockfile keep_reachable(Lockfile const& old, std::map<PackageName, std::string> const& requirements) {
    Lockfile kept;
    kept.requirements = requirements;
    std::vector<PackageName> queue;
    queue.reserve(requirements.size());
    for (auto const& [name, range] : requirements) queue.push_back(name);
    while (!queue.empty()) {
        auto const name = std::move(queue.back());
        queue.pop_back();
        auto const found = old.packages.find(name);
        if (found == old.packages.end() || !kept.packages.emplace(name, found->second).second) continue;
        for (auto const& [needed, range] : found->second.dependencies) queue.push_back(needed);
    }
    return kept;
}

std::string absolute(Market& market, std::string const& path) {
    return path.empty() || path.starts_with('/') ? path : join_path(market.project_directory, path);
}

}  // namespace

Result<PackageSpec> PackageSpec::parse(std::string_view text) {
    auto const at = text.find('@', 1);
    ASSIGN_OR_RETURN(auto name, PackageName::parse(text.substr(0, at)));
    if (at == std::string_view::npos) return PackageSpec{std::move(name), VersionRange{}};
    ASSIGN_OR_RETURN(auto range, VersionRange::parse(text.substr(at + 1)));
    return PackageSpec{std::move(name), std::move(range)};
}

Result<InstallOutcome> install(Market& market, InstallRequest const& request) {
    ASSIGN_OR_RETURN(auto known, activate_known(market, request));
    if (known) return InstallOutcome{std::move(*known)};
    Installer installer{market,
                        {absolute(market, request.target), request.frozen, request.dry_run, request.force,
                         false, request.link_mode}};
    RETURN_IF_ERROR(installer.open());
    ASSIGN_OR_RETURN(auto wish, standing_wish(market, installer.old()));
    wish.registry = request.registry;
    for (auto const& spec : request.packages) {
        auto const standing = wish.requirements.find(spec.name);
        bool const says_nothing = spec.range.text() == "*" && standing != wish.requirements.end();
        if (!says_nothing) {
            if (standing != wish.requirements.end() && standing->second != spec.range.text())
                wish.unlocked.insert(spec.name);
            wish.requirements[spec.name] = spec.range.text();
        }
        wish.named.insert(spec.name);
        if (request.no_dependencies) wish.without_dependencies.insert(spec.name);
    }
    if (wish.requirements.empty() && !installer.has_lockfile()) {
        return Error{Errc::not_found, ErrorId::manifest_missing,
                     "there is nothing to install: no package is named, and " + market.project_directory +
                         " has neither ggen.lock nor a gpack.toml with dependencies",
                     "name one: ggen install NAME; ggen search finds names"};
    }
    // What is named with a range is resolved again even when some version is there; a bare name is not.
    return installer.run(wish, !request.no_dependencies);
}

Result<InstallOutcome> update(Market& market, UpdateRequest const& request) {
    Installer installer{market, {{}, false, request.dry_run, false, false, request.link_mode}};
    RETURN_IF_ERROR(installer.open());
    ASSIGN_OR_RETURN(auto wish, standing_wish(market, installer.old()));
    wish.all_unlocked = request.all || request.packages.empty();
    wish.may_change_origin = true;
    for (auto const& name : request.packages) {
        if (!installer.old().packages.contains(name)) {
            return Error{Errc::not_found, ErrorId::not_installed, name.text() + " is not installed here",
                         "ggen list shows what is; ggen install " + name.text() + " adds it"};
        }
        wish.unlocked.insert(name);
    }
    return installer.run(wish, false);
}

Result<InstallOutcome> remove_packages(Market& market, RemoveRequest const& request) {
    Installer installer{market, {{}, false, request.dry_run, false, false, std::nullopt}};
    RETURN_IF_ERROR(installer.open());
    ASSIGN_OR_RETURN(auto wish, standing_wish(market, installer.old()));
    ASSIGN_OR_RETURN(auto const dependencies, project_dependencies(market));
    for (auto const& name : request.packages) {
        for (auto const& dependency : dependencies) {
            if (dependency.name == name) {
                return Error{Errc::refused, ErrorId::usage, "gpack.toml asks for " + name.text(),
                             "take it out of [dependencies] in gpack.toml, then run: ggen install"};
            }
        }
        if (wish.requirements.erase(name) > 0) continue;
        bool const is_indirect = installer.old().packages.contains(name);
        return Error{Errc::not_found, ErrorId::not_installed,
                     name.text() + (is_indirect ? " was not asked for; another package needs it"
                                                : " is not installed here"),
                     is_indirect ? "ggen why " + name.text() : "ggen list shows what is installed"};
    }
    Plan plan;
    plan.lockfile = keep_reachable(installer.old(), wish.requirements);
    plan.changes = compare_lockfiles(installer.old(), plan.lockfile);
    return installer.run_plan(std::move(plan));
}

Result<InstallOutcome> roll_back(Market& market, bool dry_run) {
    Installer installer{market, {{}, false, dry_run, false, false, LinkMode::generation}};
    RETURN_IF_ERROR(installer.open());
    return installer.run_back();
}

Result<InstallOutcome> lock(Market& market, bool dry_run) {
    Installer installer{market, {{}, false, dry_run, false, true, std::nullopt}};
    RETURN_IF_ERROR(installer.open());
    ASSIGN_OR_RETURN(auto const wish, standing_wish(market, installer.old()));
    return installer.run(wish, true);
}

}  // namespace ggen
