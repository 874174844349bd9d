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

constexpr std::int64_t k_quiet_ns = 1'000'000'000;

/// The files of a project that an install depends on, by their inodes.
struct Inodes {
    std::string text;  ///< Empty when one of them is missing or no plain file.
    std::int64_t newest_ns = 0;

    static Inodes of(Market& market) {
        auto const paths = ProjectPaths::of(market.project_directory);
        auto const manifest = join_path(market.project_directory, "gpack.toml");
        Inodes inodes;
        for (auto const& path : {paths.lockfile, paths.proofs, manifest}) {
            auto const info = market.files.info(path);
            bool const is_absent = !info && info.error().code == Errc::not_found && path == manifest;
            if (!is_absent && (!info || info->kind != FileKind::regular)) return {};
            inodes.text += inodes.text.empty() ? "" : " ";
            if (is_absent) {
                inodes.text += "-";
                continue;
            }
            for (auto const number : {info->device, info->inode, info->size_bytes})
                inodes.text += std::to_string(number) + ":";
            inodes.text += std::to_string(info->modified_ns);
            inodes.newest_ns = std::max(inodes.newest_ns, info->modified_ns);
        }
        return inodes;
    }
};

/// Read in pieces that stay in the processor's caches: fresh memory for a megabyte costs as much as its digest.
Result<Digest> digest_of_file(FileSystem& files, std::string const& path, std::uint64_t bytes_max) {
    constexpr std::size_t k_piece_bytes = 65'536;
    ASSIGN_OR_RETURN(auto const mapped, files.map(path, bytes_max));
    auto const size = mapped->bytes().size();
    Bytes piece(std::min(size, k_piece_bytes));
    Sha256 digest;
    for (std::size_t at = 0; at < size; at += piece.size()) {
        piece.resize(std::min(size - at, k_piece_bytes));
        RETURN_IF_ERROR(mapped->read_at(at, piece));
        digest.update(piece);
    }
    return digest.finish();
}

/// Of what the lockfile's digest does not cover: the proofs, and gpack.toml if there is one.
Digest key_of(Digest const& proofs, std::optional<Bytes> const& manifest) {
    auto const text = "proofs " + proofs.hex() + "\ngpack.toml " +
                      (manifest ? sha256(*manifest).hex() : std::string{"none"}) + "\n";
    return sha256(as_bytes(text));
}

/// gpack.toml of the project. Errors: too_large, io; that there is none is an answer.
Result<std::optional<Bytes>> read_manifest(Market& market) {
    auto bytes =
        market.files.read_file(join_path(market.project_directory, "gpack.toml"), Manifest::k_bytes_max);
    if (bytes) return std::optional{*std::move(bytes)};
    if (bytes.error().code != Errc::not_found) return std::move(bytes).error();
    return std::optional<Bytes>{};
}

/// The same files by digest.
struct KnownFiles {
    Digest generation;
    Digest key;

    /// Nothing when one cannot be read, or when `store` has no such generation.
    static std::optional<KnownFiles> read(Market& market, PackageStore& store) {
        auto const paths = ProjectPaths::of(market.project_directory);
        auto const lockfile = digest_of_file(market.files, paths.lockfile, Lockfile::k_bytes_max);
        if (!lockfile) return std::nullopt;
        auto const generation = generation_id(*lockfile);
        if (!store.has_generation(generation)) return std::nullopt;
        auto const proofs = digest_of_file(market.files, paths.proofs, LockProofs::k_bytes_max);
        if (!proofs) return std::nullopt;
        auto const manifest = read_manifest(market);
        if (!manifest) return std::nullopt;
        return KnownFiles{generation, key_of(*proofs, *manifest)};
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

/// A hint for the next run, once no change of the files can share a tick of the clock with the last one.
std::optional<SeenFiles> seen_files(Market& market, KnownFiles const& files, Inodes const& inodes) {
    auto const now_ns = market.clock.wall_now().seconds * 1'000'000'000;
    if (inodes.text.empty() || now_ns - inodes.newest_ns < k_quiet_ns) return std::nullopt;
    return SeenFiles{files.generation, files.key, inodes.text};
}

/// Under the project's lock; false when somebody changed the project meanwhile.
Result<bool> switch_to(Market& market, PackageStore& store, KnownFiles const& files, Inodes const& inodes) {
    ASSIGN_OR_RETURN(auto const transaction, ProjectTransaction::open(market));
    if (inodes.text.empty() || Inodes::of(market).text != inodes.text) return false;
    auto const standing = standing_of(market, store, transaction->target(), files.generation);
    if (standing == Standing::something_else) return false;
    auto root = store.find_root(market.project_directory).value_or(ProjectRoot{});
    root.project = market.project_directory;
    root.target = transaction->target();
    root.push(files.generation);
    root.seen = seen_files(market, files, inodes);
    RETURN_IF_ERROR(store.keep_root(root));
    if (standing != Standing::current)
        RETURN_IF_ERROR(transaction->switch_link(store.generation_tree(files.generation)));
    return true;
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
    auto const inodes = Inodes::of(market);
    if (!market.files.info(store_directory(market) + "/format")) return Answer{};
    ASSIGN_OR_RETURN(auto const store, PackageStore::open(market.files, market.clock, store_directory(market)));
    auto const root = store->find_root(market.project_directory);
    bool const is_seen = root && root->seen && !inodes.text.empty() && root->seen->identity == inodes.text;
    auto const files =
        is_seen ? std::optional{KnownFiles{root->seen->generation, root->seen->key}} : KnownFiles::read(market, *store);
    if (!files) return Answer{};
    auto const check = store->find_checked(files->generation, files->key);
    if (!check || !store->has_generation(files->generation)) return Answer{};
    auto const standing = standing_of(market, *store, current_target(market), files->generation);
    if (standing == Standing::something_else) return Answer{};
    if (standing != Standing::current || !root || !root->keeps(files->generation)) {
        ASSIGN_OR_RETURN(bool const done, switch_to(market, *store, *files, inodes));
        if (!done) return Answer{};
    } else if (!is_seen) {
        auto updated = *root;
        updated.seen = seen_files(market, *files, inodes);
        if (updated.seen) static_cast<void>(store->keep_root(updated));
    }
    InstallReport report;
    if (request.wants_lockfile) {
        ASSIGN_OR_RETURN(auto const text,
                         store->generation_file(files->generation, "ggen.lock", Lockfile::k_bytes_max));
        ASSIGN_OR_RETURN(report.lockfile, Lockfile::parse(as_text(text)));
    }
    report.figures.packages = check->packages;
    report.figures.packages_reused = check->packages;
    report.figures.was_known = true;
    report.figures.install_us = report.figures.total_us = micros_since(market, started);
    return Answer{std::move(report)};
}

void note_generation(Market& market, PackageStore& store, Lockfile const& lockfile, LockTexts const& texts) {
    auto const id = generation_id(texts.lockfile_digest);
    if (!store.has_generation(id)) return;
    // gpack.toml may have been edited while the install ran: what is parsed here is what is hashed.
    auto const manifest = read_manifest(market);
    if (!manifest) return;
    auto const dependencies = manifest_dependencies(*manifest);
    if (!dependencies) return;
    auto requirements = lockfile.requirements;
    for (auto const& dependency : *dependencies) {
        if (!dependency.optional) requirements[dependency.name] = dependency.range.text();
    }
    if (!lockfile_satisfies(lockfile, requirements)) return;
    store.note_checked(id, {key_of(sha256(as_bytes(texts.proofs)), *manifest), lockfile.packages.size()});
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
