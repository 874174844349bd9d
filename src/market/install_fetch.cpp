#include "market/install_fetch.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "archive/archive.hpp"
#include "market/install_plan.hpp"

namespace ggen {
namespace {

std::string label_of(LockedPackage const& package) {
    return package.name.text() + "@" + package.version.text();
}

/// Offline errors of any depth become one that names the package.
Error explain_offline(Error error, LockedPackage const& package) {
    if (error.code != Errc::offline) return wrap(std::move(error), label_of(package));
    return Error{Errc::offline, ErrorId::offline_missing,
                 label_of(package) + " is not in the cache, and the network is off",
                 "run the command once without --offline"};
}

Result<PackageProof> fetch_proof(OpenRegistry& registry, LockedPackage const& package) {
    PackageProof proof;
    proof.version = package.version;
    ASSIGN_OR_RETURN(auto const state, registry.reader->lookup(package.name));
    if (!state) {
        return Error{Errc::not_found, ErrorId::package_not_found,
                     package.origin + " does not know " + package.name.text() + " any more"};
    }
    proof.publishers = state->owner.keys;
    proof.threshold = state->owner.threshold;
    ASSIGN_OR_RETURN(proof.proof, registry.reader->prove(package.index));
    RETURN_IF_ERROR(registry.reader->each_entry(package.index, package.index + 1,
                                                [&](std::uint64_t, BytesView entry) -> Result<void> {
                                                    proof.proof.extra.assign(entry.begin(), entry.end());
                                                    return ok();
                                                }));
    return proof;
}

/// The manifest that the record names must be the one that is installed: no second truth.
Result<void> check_manifest(DecodedArchive const& archive, ReleaseRecord const& record) {
    auto const at = std::find_if(archive.files.begin(), archive.files.end(),
                                 [](auto const& file) { return file.path == "gpack.toml"; });
    if (at != archive.files.end() && sha256(at->content) == record.manifest.digest) return ok();
    return Error{Errc::refused, ErrorId::blob_mismatch,
                 "the gpack.toml inside the archive is not the manifest that its publisher signed"};
}

/// One package to be brought into the store; the registry was opened before any thread started.
struct Job {
    LockedPackage const* package = nullptr;
    OpenRegistry* registry = nullptr;
    ReleaseRecord record;
};

class Fetcher {
public:
    Fetcher(Market& market, PackageStore& store, InstallFigures& figures)
        : market_(market), store_(store), figures_(figures) {}

    Result<void> run(std::vector<Job> const& jobs) {
        auto const workers = std::clamp<std::size_t>(market_.config.download_parallel, 1, 64);
        std::vector<std::thread> threads;
        for (std::size_t i = 1; i < std::min(workers, jobs.size()); ++i) {
            threads.emplace_back([&] { work(jobs); });
        }
        work(jobs);
        for (auto& thread : threads) thread.join();
        if (first_error_) return std::move(*first_error_);
        return ok();
    }

private:
    void work(std::vector<Job> const& jobs) {
        while (true) {
            auto const number = next_.fetch_add(1);
            if (number >= jobs.size() || has_failed_.load() || market_.cancel.is_cancelled()) break;
            if (auto done = fetch_one(jobs[number]); !done) fail(std::move(done).error());
        }
        if (auto cancelled = market_.cancel.check(); !cancelled) fail(std::move(cancelled).error());
    }

    void fail(Error error) {
        std::lock_guard const lock{mutex_};
        has_failed_ = true;
        if (!first_error_) first_error_ = std::move(error);
    }

    void tell(ProgressEvent const& event) {
        std::lock_guard const lock{mutex_};
        market_.observer.on_event(event);
    }

    Result<void> fetch_one(Job const& job) {
        auto const& package = *job.package;
        auto const label = label_of(package);
        auto const fill = [&](auto const& add) -> Result<void> {
            tell({ProgressEvent::Kind::fetch_started, label, 0, 0, package.archive_bytes});
            ASSIGN_OR_RETURN(auto const packed,
                             job.registry->reader->blob({package.archive, package.archive_bytes}));
            ASSIGN_OR_RETURN(auto const archive, decode_archive(packed));
            // A14: the one top directory is this package's own, whatever its publisher signed.
            if (archive.tree != package.tree ||
                archive.top_directory != archive_top_directory(package.name.text(), package.version.text())) {
                return Error{Errc::refused, ErrorId::blob_mismatch,
                             "the archive does not hold the files that were signed"};
            }
            RETURN_IF_ERROR(check_manifest(archive, job.record));
            for (auto const& file : archive.files) {
                RETURN_IF_ERROR(market_.cancel.check());
                RETURN_IF_ERROR(add(StoreFile{file.path, file.executable, file.content}));
            }
            return ok();
        };
        auto ensured = store_.ensure(package.tree, label, fill, &market_.cancel);
        if (!ensured) return explain_offline(std::move(ensured).error(), package);
        std::lock_guard const lock{mutex_};
        if (*ensured == PackageStore::Ensured::fetched) {
            ++figures_.packages_fetched;
            figures_.bytes_fetched += package.archive_bytes;
        } else {
            ++figures_.packages_reused;
        }
        market_.observer.on_event(
            {ProgressEvent::Kind::fetch_done, label, figures_.packages_fetched, 0, package.archive_bytes});
        return ok();
    }

    Market& market_;
    PackageStore& store_;
    std::atomic<std::size_t> next_{0};
    std::atomic<bool> has_failed_{false};
    std::mutex mutex_;  // Guards figures_, first_error_ and the observer.
    InstallFigures& figures_;
    std::optional<Error> first_error_;
};

}  // namespace

Result<RootFile const*> PinnedRoots::of(std::string const& origin) {
    auto const found = roots_.find(origin);
    if (found != roots_.end()) return &found->second;
    ASSIGN_OR_RETURN(auto const known, find_registry(market_.config, origin));
    ASSIGN_OR_RETURN(auto const source, market_.opener.open(known.location));
    ASSIGN_OR_RETURN(auto root, load_pinned_root(market_, known, *source));
    return &roots_.emplace(origin, std::move(root)).first->second;
}

Result<LockProofs> complete_proofs(Market& market, RegistrySet& registries, Lockfile const& lockfile,
                                   LockProofs const& old, InstallFigures& figures) {
    LockProofs proofs;
    PinnedRoots roots{market};
    for (auto const& [name, package] : lockfile.packages) {
        RETURN_IF_ERROR(market.cancel.check());
        auto const before = old.packages.find(name);
        ASSIGN_OR_RETURN(auto const* const root, roots.of(package.origin));
        if (before != old.packages.end() && check_package_proof(*root, before->second, package)) {
            proofs.packages.emplace(name, before->second);
            ++figures.proofs_checked;
            continue;
        }
        auto registry = registries.by_name(package.origin);
        if (!registry) return explain_offline(std::move(registry).error(), package);
        auto proof = fetch_proof(**registry, package);
        if (!proof) return explain_offline(std::move(proof).error(), package);
        if (auto checked = check_package_proof((*registry)->reader->root(), *proof, package); !checked) {
            return wrap(std::move(checked).error(), label_of(package));
        }
        ++figures.proofs_checked;
        proofs.packages.emplace(name, *std::move(proof));
    }
    return proofs;
}

Result<void> check_before_fetch(Market& market, RegistrySet& registries, PackageStore& store,
                                Lockfile const& lockfile, std::set<PackageName> const& named,
                                std::vector<std::string>& warnings) {
    if (market.config.offline) return ok();
    for (auto const& [name, package] : lockfile.packages) {
        if (store.contains(package.tree)) continue;
        ASSIGN_OR_RETURN(auto* const registry, registries.by_name(package.origin));
        ASSIGN_OR_RETURN(auto const state, registry->reader->lookup(name));
        if (!state) continue;  // Its proof still holds; whether its bytes are there shows in a moment.
        for (auto const& version : state->versions) {
            if (version.leaf != package.leaf) continue;
            RETURN_IF_ERROR(check_status(name, version, named.contains(name), lockfile, warnings));
        }
    }
    return ok();
}

Result<void> fetch_packages(Market& market, RegistrySet& registries, PackageStore& store,
                            Lockfile const& lockfile, LockProofs const& proofs, InstallFigures& figures) {
    std::vector<Job> jobs;
    for (auto const& [name, package] : lockfile.packages) {
        if (store.contains(package.tree)) {
            // Marks it as used, so that collection leaves it.
            ASSIGN_OR_RETURN(auto const present,
                             store.ensure(package.tree, label_of(package), [](auto const&) -> Result<void> {
                                 return Error{Errc::not_found, "gone meanwhile"};
                             }));
            static_cast<void>(present);
            ++figures.packages_reused;
            continue;
        }
        auto registry = registries.by_name(package.origin);
        if (!registry) return explain_offline(std::move(registry).error(), package);
        ASSIGN_OR_RETURN(auto const record, parse_record(proofs.packages.at(name).proof.extra));
        auto const* const release = std::get_if<ReleaseRecord>(&record.record);
        if (release == nullptr) {
            return Error{Errc::refused, ErrorId::proof_invalid,
                         label_of(package) + ": the proof is not of a release"};
        }
        jobs.push_back({&package, *registry, *release});
    }
    // The largest first: they decide when the last one ends.
    std::stable_sort(jobs.begin(), jobs.end(), [](auto const& a, auto const& b) {
        return a.package->archive_bytes > b.package->archive_bytes;
    });
    return Fetcher{market, store, figures}.run(jobs);
}

}  // namespace ggen
