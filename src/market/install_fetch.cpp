#include "market/install_fetch.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "archive/archive.hpp"
#include "base/parallel.hpp"
#include "market/checked_proofs.hpp"
#include "market/install_plan.hpp"
#include "market/install_stream.hpp"

namespace ggen {
namespace {

/// Larger archives go through a partial file and are never in memory as a whole.
constexpr std::uint64_t k_whole_archive_bytes_max = 1 * k_mib;
constexpr int k_tries_max = 3;

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

/// A line of the lockfile with the block that was there before, and whether that proves it.
struct Claim {
    LockedPackage const* package;
    OfflineVerifier const* verifier;
    std::string_view block;
    Digest key;
    bool is_proven = false;
};

/// Checks claims side by side: signatures are a tenth of a millisecond of processor time each.
void check_claims(Market& market, std::vector<Claim>& claims) {
    constexpr std::size_t k_claims_a_thread = 16;  // Fewer are not worth a thread.
    auto const threads = std::min<std::size_t>(std::max(1U, std::thread::hardware_concurrency()),
                                               claims.size() / k_claims_a_thread + 1);
    run_parallel(threads, static_cast<unsigned>(threads), [&](std::size_t number) {
        std::map<OfflineVerifier const*, OfflineVerifier> verifiers;  // They remember checkpoints, each for one thread.
        for (auto i = number; i < claims.size() && !market.cancel.is_cancelled(); i += threads) {
            auto& claim = claims[i];
            auto& verifier = verifiers.try_emplace(claim.verifier, *claim.verifier).first->second;
            auto const proof = parse_proof_block(claim.package->name, claim.block);
            claim.is_proven = proof && check_package_proof(verifier, *proof, *claim.package);
        }
    });
}

/// What blocks that were there before prove of `lockfile`; nothing is checked twice on one machine.
Result<std::set<PackageName>> still_proven(Market& market, PinnedRoots& roots, Lockfile const& lockfile,
                                           ProofTexts const& old, CheckedProofs& checked, InstallFigures& figures) {
    std::set<PackageName> proven;
    std::vector<Claim> claims;
    for (auto const& [name, package] : lockfile.packages) {
        ASSIGN_OR_RETURN(auto const* const verifier, roots.of(package.origin));
        auto const before = old.blocks.find(name);
        if (before == old.blocks.end()) continue;
        auto const key = CheckedProofs::key_of(verifier->fingerprint(), package, before->second);
        if (!checked.contains(key)) {
            claims.push_back({&package, verifier, before->second, key});
            continue;
        }
        ++figures.proofs_known;
        proven.insert(proven.end(), name);
    }
    check_claims(market, claims);
    RETURN_IF_ERROR(market.cancel.check());
    for (auto const& claim : claims) {
        if (!claim.is_proven) continue;
        checked.add(claim.key);
        ++figures.proofs_checked;
        proven.insert(claim.package->name);
    }
    return proven;
}

/// The manifest that the record names must be the one that is installed: no second truth.
Result<void> check_manifest(Digest const& manifest, ReleaseRecord const& record) {
    if (manifest == record.manifest.digest) return ok();
    return Error{Errc::refused, ErrorId::blob_mismatch,
                 "the gpack.toml inside the archive is not the manifest that its publisher signed"};
}

/// A14: the one top directory is this package's own, whatever its publisher signed.
Result<void> check_tree(Digest const& tree, std::string const& top_directory, LockedPackage const& package) {
    if (tree == package.tree &&
        top_directory == archive_top_directory(package.name.text(), package.version.text())) {
        return ok();
    }
    return Error{Errc::refused, ErrorId::blob_mismatch, "the archive does not hold the files that were signed"};
}

/// One package to be brought into the store; the registry was opened before any thread started.
struct Job {
    LockedPackage const* package = nullptr;
    OpenRegistry* registry = nullptr;
    ReleaseRecord record;
};

/// Unpacking is work for processors, and a tree that is unpacked is memory: at most one a processor at a time, each in
/// the memory of the one before.
class Unpackers {
public:
    explicit Unpackers(std::size_t count) : idle_(count) {}

    /// A package of more than k_heavy_bytes waits until no other such one is being unpacked.
    template <class Work>
    Result<void> run(BytesView packed, Work const& work) {
        constexpr std::size_t k_heavy_bytes = 256 * k_kib;
        std::unique_lock heavy{heavy_, std::defer_lock};
        if (packed.size() > k_heavy_bytes) heavy.lock();
        auto codec = take();
        auto result = work(codec);
        {
            std::lock_guard const guard{mutex_};
            idle_.push_back(std::move(codec));
        }
        is_idle_.notify_one();
        return result;
    }

private:
    ArchiveCodec take() {
        std::unique_lock guard{mutex_};
        is_idle_.wait(guard, [&] { return !idle_.empty(); });
        auto codec = std::move(idle_.back());
        idle_.pop_back();
        return codec;
    }

    std::mutex heavy_;
    std::mutex mutex_;
    std::condition_variable is_idle_;
    std::vector<ArchiveCodec> idle_;  // Guarded by mutex_.
};

class Fetcher {
public:
    static constexpr unsigned k_threads_max = 64;

    Fetcher(Market& market, PackageStore& store, InstallFigures& figures)
        : market_(market), store_(store), figures_(figures) {}

    Result<void> run(std::vector<Job> const& jobs) {
        total_ = jobs.size();
        run_parallel(jobs.size(), std::min(market_.config.download_parallel, k_threads_max), [&](std::size_t i) {
            if (has_failed_.load() || market_.cancel.is_cancelled()) return;
            if (auto done = fetch_one(jobs[i]); !done) fail(std::move(done).error());
        });
        if (auto cancelled = market_.cancel.check(); !cancelled) fail(std::move(cancelled).error());
        if (first_error_) return std::move(*first_error_);
        return ok();
    }

private:
    void fail(Error error) {
        std::lock_guard const lock{mutex_};
        has_failed_ = true;
        if (!first_error_) first_error_ = std::move(error);
    }

    void tell(ProgressEvent const& event) {
        std::lock_guard const lock{mutex_};
        market_.observer.on_event(event);
    }

    using Add = std::function<Result<void>(StoreFile const&)>;

    Result<void> fetch_one(Job const& job) {
        auto const& package = *job.package;
        auto const label = label_of(package);
        bool const is_large = package.archive_bytes > k_whole_archive_bytes_max;
        auto const fill = [&](Add const& add) -> Result<void> {
            // A named object: GCC 12 leaks the strings of a temporary here.
            ProgressEvent const started{ProgressEvent::Kind::fetch_started, label, 0, total_, package.archive_bytes,
                                        job.registry->known.location, package.archive.text()};
            tell(started);
            return is_large ? fill_streaming(job, label, add) : fill_at_once(job, add);
        };
        auto ensured = store_.ensure(package.tree, label, fill, &market_.cancel);
        auto const may_help = [&] { return is_large && !ensured && ensured.error().code == Errc::corrupt; };
        for (int tried = 1; may_help() && tried < k_tries_max; ++tried)
            ensured = store_.ensure(package.tree, label, fill, &market_.cancel);
        if (!ensured) return explain_offline(std::move(ensured).error(), package);
        std::lock_guard const guard{mutex_};
        if (*ensured == PackageStore::Ensured::fetched) {
            ++figures_.packages_fetched;
            figures_.bytes_fetched += package.archive_bytes;
        } else {
            ++figures_.packages_reused;
        }
        market_.observer.on_event(
            {ProgressEvent::Kind::fetch_done, label, ++done_, total_, package.archive_bytes});
        return ok();
    }

    Result<void> fill_at_once(Job const& job, Add const& add) {
        auto const& package = *job.package;
        ASSIGN_OR_RETURN(auto const packed, job.registry->reader->archive({package.archive, package.archive_bytes}));
        return unpackers_.run(packed, [&](ArchiveCodec& codec) -> Result<void> {
            ASSIGN_OR_RETURN(auto archive, codec.decode(packed));
            auto filled = add_files(job, archive, add);
            codec.recycle(std::move(archive));
            return filled;
        });
    }

    Result<void> add_files(Job const& job, DecodedArchive const& archive, Add const& add) {
        RETURN_IF_ERROR(check_tree(archive.tree, archive.top_directory, *job.package));
        auto const at = std::find_if(archive.files.begin(), archive.files.end(),
                                     [](auto const& file) { return file.path == "gpack.toml"; });
        RETURN_IF_ERROR(check_manifest(at == archive.files.end() ? Digest{} : sha256(at->content), job.record));
        for (auto const& file : archive.files) {
            RETURN_IF_ERROR(market_.cancel.check());
            RETURN_IF_ERROR(add(StoreFile{file.path, file.executable, file.content}));
        }
        return ok();
    }

    Result<void> fill_streaming(Job const& job, std::string const& label, Add const& add) {
        auto const& package = *job.package;
        auto const on_progress = [&](std::uint64_t so_far) {
            tell({ProgressEvent::Kind::fetch_progress, label, so_far, package.archive_bytes, 0});
            return market_.cancel.check();
        };
        LargeArchive const large{market_.files, *job.registry->reader, {package.archive, package.archive_bytes},
                                 store_.partial_path(package.archive), on_progress};
        ASSIGN_OR_RETURN(auto const streamed, stream_archive_into(large, add));
        RETURN_IF_ERROR(check_tree(streamed.summary.tree, streamed.summary.top_directory, package));
        return check_manifest(streamed.manifest, job.record);
    }

    Market& market_;
    PackageStore& store_;
    Unpackers unpackers_{std::max(2U, std::thread::hardware_concurrency())};
    std::atomic<bool> has_failed_{false};
    std::mutex mutex_;  // Guards figures_, first_error_ and the observer.
    InstallFigures& figures_;
    std::optional<Error> first_error_;
    std::uint64_t total_ = 0;  // Of the jobs; written before any thread starts.
    std::uint64_t done_ = 0;
};

}  // namespace

Result<OfflineVerifier*> PinnedRoots::of(std::string const& origin) {
    auto const found = verifiers_.find(origin);
    if (found != verifiers_.end()) return &found->second;
    ASSIGN_OR_RETURN(auto const known, find_registry(market_.config, origin));
    ASSIGN_OR_RETURN(auto const source, market_.opener.open(known.location));
    ASSIGN_OR_RETURN(auto root, load_pinned_root(market_, known, *source));
    return &verifiers_.emplace(origin, OfflineVerifier{std::move(root)}).first->second;
}

Result<ProofTexts> complete_proofs(Market& market, RegistrySet& registries, Lockfile const& lockfile,
                                   ProofTexts const& old, InstallFigures& figures) {
    ProofTexts proofs;
    PinnedRoots roots{market};
    CheckedProofs checked{market.files, join_path(market.directories.state, "checked-proofs")};
    ASSIGN_OR_RETURN(auto const proven, still_proven(market, roots, lockfile, old, checked, figures));
    for (auto const& [name, package] : lockfile.packages) {
        RETURN_IF_ERROR(market.cancel.check());
        ASSIGN_OR_RETURN(auto* const verifier, roots.of(package.origin));
        if (proven.contains(name)) {
            proofs.blocks.emplace_hint(proofs.blocks.end(), name, old.blocks.at(name));
            continue;
        }
        auto registry = registries.by_name(package.origin);
        if (!registry) return explain_offline(std::move(registry).error(), package);
        auto proof = fetch_proof(**registry, package);
        if (!proof) return explain_offline(std::move(proof).error(), package);
        // A refresh may have followed the root file to a newer version than the pinned one.
        OfflineVerifier newest{(*registry)->reader->root()};
        bool const is_pinned = newest.fingerprint() == verifier->fingerprint();
        if (auto right = check_package_proof(is_pinned ? *verifier : newest, *proof, package); !right) {
            return wrap(std::move(right).error(), label_of(package));
        }
        ++figures.proofs_checked;
        auto block = print_proof_block(name, *proof);
        if (is_pinned) checked.add(CheckedProofs::key_of(verifier->fingerprint(), package, block));
        proofs.blocks.emplace_hint(proofs.blocks.end(), name, std::move(block));
    }
    checked.save();
    return proofs;
}

std::vector<LockedPackage const*> missing_packages(PackageStore& store, Lockfile const& lockfile,
                                                   InstallFigures& figures) {
    std::vector<LockedPackage const*> missing;
    for (auto const& [name, package] : lockfile.packages) {
        if (store.use(package.tree))
            ++figures.packages_reused;
        else
            missing.push_back(&package);
    }
    return missing;
}

Result<void> check_before_fetch(Market& market, RegistrySet& registries,
                                std::vector<LockedPackage const*> const& missing, Lockfile const& lockfile,
                                std::set<PackageName> const& named, std::vector<std::string>& warnings) {
    if (market.config.offline) return ok();
    std::map<RegistryReader*, std::vector<PackageName>> names;
    for (auto const* const package : missing) {
        ASSIGN_OR_RETURN(auto* const registry, registries.by_name(package->origin));
        names[registry->reader.get()].push_back(package->name);
    }
    for (auto const& [reader, wanted] : names) reader->prefetch(wanted, market.config.download_parallel);
    for (auto const* const package : missing) {
        ASSIGN_OR_RETURN(auto* const registry, registries.by_name(package->origin));
        ASSIGN_OR_RETURN(auto const state, registry->reader->lookup(package->name));
        if (!state) continue;  // Its proof still holds; whether its bytes are there shows in a moment.
        for (auto const& version : state->versions) {
            if (version.leaf != package->leaf) continue;
            RETURN_IF_ERROR(
                check_status(package->name, version, named.contains(package->name), lockfile, warnings));
        }
    }
    return ok();
}

Result<void> fetch_packages(Market& market, RegistrySet& registries, PackageStore& store,
                            std::vector<LockedPackage const*> const& missing, ProofTexts const& proofs,
                            InstallFigures& figures) {
    std::vector<Job> jobs;
    jobs.reserve(missing.size());
    for (auto const* const package : missing) {
        auto registry = registries.by_name(package->origin);
        if (!registry) return explain_offline(std::move(registry).error(), *package);
        ASSIGN_OR_RETURN(auto const proof, parse_proof_block(package->name, proofs.blocks.at(package->name)));
        ASSIGN_OR_RETURN(auto const record, parse_record(proof.proof.extra));
        auto const* const release = std::get_if<ReleaseRecord>(&record.record);
        if (release == nullptr) {
            return Error{Errc::refused, ErrorId::proof_invalid,
                         label_of(*package) + ": the proof is not of a release"};
        }
        jobs.push_back({package, *registry, *release});
    }
    // The largest first: they decide when the last one ends.
    std::stable_sort(jobs.begin(), jobs.end(), [](auto const& a, auto const& b) {
        return a.package->archive_bytes > b.package->archive_bytes;
    });
    return Fetcher{market, store, figures}.run(jobs);
}

}  // namespace ggen
