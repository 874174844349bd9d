#include "market/install_tree.hpp"

#include <algorithm>
#include <set>

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

std::uint64_t count_files(FileSystem& files, std::string const& directory) {
    auto const entries = files.list(directory);
    if (!entries) return 0;
    std::uint64_t count = 0;
    for (auto const& entry : *entries) {
        count += entry.kind == FileKind::directory ? count_files(files, join_path(directory, entry.name)) : 1;
    }
    return count;
}

Error occupied(std::string const& path) {
    return Error{Errc::refused, ErrorId::target_occupied, path + " is in the way: ggen.lock does not name it",
                 "move it away, or replace it with --force"};
}

}  // namespace

Result<void> build_tree(Market& market, PackageStore& store, std::string const& staging,
                        std::string const& old_target, Lockfile const& old, Lockfile const& wanted,
                        LinkMode mode, bool force, InstallFigures& figures) {
    auto& files = market.files;
    auto const stamp = TreeStamp::of(files, old_target);
    bool const may_take_over = !force && stamp && stamp->mode == mode && mode == LinkMode::copy;
    for (auto const& [name, package] : wanted.packages) {
        RETURN_IF_ERROR(market.cancel.check());
        auto const destination = join_path(staging, "tree/" + name.text());
        RETURN_IF_ERROR(files.make_directories(parent_path(destination)));
        auto const before = old.packages.find(name);
        auto const standing = join_path(old_target, name.text());
        if (may_take_over && before != old.packages.end() && before->second.tree == package.tree) {
            std::uint64_t linked = 0;
            if (link_tree(files, standing, destination, linked)) continue;
            RETURN_IF_ERROR(files.remove_tree(destination));
        }
        auto built = store.materialise(package.tree, destination, mode);
        if (!built) return wrap(std::move(built).error(), name.text() + "@" + package.version.text());
        figures.files_written += mode == LinkMode::symlink ? 1 : count_files(files, destination);
        market.observer.on_event(
            {ProgressEvent::Kind::package_done, name.text(), 0, wanted.packages.size(), 0});
    }
    return ok();
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

Digest generation_id(std::string_view lockfile_text) {
    constexpr std::string_view k_layout = "ggen-generation 1 links\n";
    return sha256(as_bytes(std::string{k_layout} + sha256(as_bytes(lockfile_text)).text() + "\n"));
}

GenerationContent generation_content(Lockfile const& lockfile, LockProofs const& proofs) {
    auto const text = lockfile.print();
    TreeStamp const stamp{sha256(as_bytes(text)), LinkMode::generation};
    GenerationContent content;
    for (auto const& [name, package] : lockfile.packages) content.packages.emplace_back(name.text(), package.tree);
    content.files = {{"ggen.lock", text},
                     {"tree/" + std::string{TreeStamp::k_file_name}, stamp.print()}};
    content.notes = {{"ggen.lock.proofs", proofs.print()}};
    return content;
}

Result<Digest> build_generation(Market& market, PackageStore& store, ProjectTransaction& transaction,
                                Lockfile const& wanted, LockProofs const& proofs, InstallFigures& figures) {
    auto const content = generation_content(wanted, proofs);
    auto const id = generation_id(content.files.front().second);
    ASSIGN_OR_RETURN(auto const ensured, store.ensure_generation(id, content));
    if (ensured == PackageStore::Ensured::fetched) figures.files_written += content.packages.size();
    // Named before anything links to it, so that collection cannot come between.
    auto root = store.find_root(market.project_directory).value_or(ProjectRoot{});
    root.project = market.project_directory;
    root.target = transaction.target();
    root.push(id);
    RETURN_IF_ERROR(store.keep_root(root));
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

bool tree_is_current(FileSystem& files, std::string const& target, Lockfile const& wanted, LinkMode mode,
                     std::string const& generation) {
    auto const stamp = TreeStamp::of(files, target);
    if (!stamp || stamp->mode != mode || stamp->lockfile != sha256(as_bytes(wanted.print()))) return false;
    auto const link = files.read_symlink(target);
    if (mode == LinkMode::generation ? !link || *link != generation : link.has_value()) return false;
    return std::all_of(wanted.packages.begin(), wanted.packages.end(), [&](auto const& entry) {
        return files.info(join_path(target, entry.first.text())).has_value();
    });
}

}  // namespace ggen
