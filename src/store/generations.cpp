#include <unistd.h>

#include <algorithm>
#include <set>

#include "store/disk_store.hpp"

namespace ggen {
namespace {

constexpr std::size_t k_small_file_bytes_max = 65'536;

/// From tree/<path> to the packages: one step up for each part, then out of tree/ and env/<id>/.
std::string relative_link(std::string const& path, Digest const& tree) {
    std::string up = "../../../";
    for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) up += "../";
    return up + "pkg/" + tree.hex();
}

}  // namespace

bool DiskStore::has_generation(Digest const& id) { return files_.info(generation_tree(id)).has_value(); }

Result<Bytes> DiskStore::generation_file(Digest const& id, std::string_view name, std::uint64_t bytes_max) {
    return files_.read_file(join_path(generation_path(id), name), bytes_max);
}

/// A package whose writer was killed before it synced may be torn if the power went too. What is marked while this
/// store is open was fetched since the power came, so the marks are read once.
Result<void> DiskStore::check_if_unsure(Digest const& tree, std::string_view label) {
    {
        std::lock_guard const guard{mutex_};
        if (!unsure_) {
            unsure_.emplace();
            if (auto const entries = files_.list(directory_ + "/unsynced")) {
                for (auto const& entry : *entries) {
                    if (auto const marked = Digest::from_hex(entry.name)) unsure_->insert(*marked);
                }
            }
            for (auto const& fetched : fetched_) unsure_->erase(fetched);
        }
        if (!unsure_->contains(tree)) return ok();
    }
    auto const differences = compare(tree, package_path(tree));
    if (!differences || !differences->empty()) {
        return damaged(tree, label, differences ? differences->front().path + " differs" : differences.error().context);
    }
    std::lock_guard const guard{mutex_};
    unsure_->erase(tree);
    fetched_.push_back(tree);  // Sound now, and durable with the next settle().
    return ok();
}

/// The texts tell: they are written last and nothing but a power loss can tear them.
bool DiskStore::is_this_generation(Digest const& id, GenerationContent const& content) {
    for (auto const& [name, text] : content.files) {
        auto const standing = generation_file(id, name, text.size());
        if (!standing || as_text(*standing) != text) return false;
    }
    auto const tree = generation_tree(id);
    return std::all_of(content.packages.begin(), content.packages.end(), [&](auto const& package) {
        auto const link = files_.read_symlink(join_path(tree, package.first));
        return link && *link == relative_link(package.first, package.second);
    });
}

Result<void> DiskStore::build_generation(std::string const& staging, GenerationContent const& content) {
    auto const tree = join_path(staging, "tree");
    RETURN_IF_ERROR(files_.remove_tree(staging));
    RETURN_IF_ERROR(files_.make_directories(tree));
    std::set<std::string> folders;
    for (auto const& [path, package] : content.packages) {
        if (path.find('/') != std::string::npos && folders.insert(parent_path(path)).second)
            RETURN_IF_ERROR(files_.make_directories(join_path(tree, parent_path(path))));
        RETURN_IF_ERROR(files_.make_symlink(relative_link(path, package), join_path(tree, path)));
    }
    for (auto const* texts : {&content.notes, &content.files}) {
        for (auto const& [name, text] : *texts) {
            RETURN_IF_ERROR(
                files_.write_file_atomic(join_path(staging, name), as_bytes(text), Sync::none, 0444));
        }
    }
    // Read-only, so that honest tools do not write into what other projects share.
    for (auto const& folder : folders) RETURN_IF_ERROR(files_.set_mode(join_path(tree, folder), 0555));
    return files_.set_mode(tree, 0555);
}

Result<PackageStore::Ensured> DiskStore::ensure_generation(Digest const& id,
                                                           GenerationContent const& content) {
    for (auto const& [path, tree] : content.packages) {
        if (!was_used(tree) && !contains(tree)) return Error{Errc::not_found, path + " is not in the store"};
    }
    for (auto const& [path, tree] : content.packages) RETURN_IF_ERROR(check_if_unsure(tree, path));
    if (has_generation(id)) {
        if (is_this_generation(id, content)) {
            static_cast<void>(files_.touch(generation_path(id)));
            return Ensured::present;
        }
    }
    auto const staging = unique_path("tmp", id);
    auto built = build_generation(staging, content);
    if (built && has_generation(id)) {
        // Torn by a power loss. Projects that link to it see the one or the other, never nothing.
        built = files_.rename_exchange(staging, generation_path(id));
        if (built) static_cast<void>(park(staging, id));
    } else if (built) {
        built = files_.rename_no_replace(staging, generation_path(id));
    }
    if (built) return Ensured::fetched;
    static_cast<void>(files_.remove_tree(staging));
    // Another process was faster: it built the same.
    if (built.error().code == Errc::conflict && is_this_generation(id, content)) return Ensured::present;
    return std::move(built).error();
}

void DiskStore::note_checked(Digest const& id, GenerationCheck const& check) {
    auto checks = std::vector<GenerationCheck>{check};
    if (auto const text = generation_file(id, "checked", k_small_file_bytes_max)) {
        for (auto const& other : parse_checks(as_text(*text))) {
            if (other.key != check.key) checks.push_back(other);
        }
    }
    static_cast<void>(files_.write_file_atomic(generation_path(id) + "/checked",
                                               as_bytes(print_checks(checks)), Sync::none));
}

std::optional<GenerationCheck> DiskStore::find_checked(Digest const& id, Digest const& key) {
    auto const text = generation_file(id, "checked", k_small_file_bytes_max);
    if (!text) return std::nullopt;
    for (auto const& check : parse_checks(as_text(*text))) {
        if (check.key == key) return check;
    }
    return std::nullopt;
}

Result<void> DiskStore::settle(bool is_synced) {
    std::vector<Digest> settled;
    {
        std::lock_guard const guard{mutex_};
        settled.swap(fetched_);
    }
    if (!is_synced) RETURN_IF_ERROR(files_.sync_file_system(directory_));
    for (auto const& tree : settled) static_cast<void>(files_.remove_file(unsynced_path(tree)));
    return ok();
}

std::string DiskStore::root_path(std::string const& project) const {
    return directory_ + "/roots/" + sha256(as_bytes(project)).hex();
}

std::optional<ProjectRoot> DiskStore::find_root(std::string const& project) {
    auto const text = files_.read_file(root_path(project), ProjectRoot::k_bytes_max);
    auto root = text ? ProjectRoot::parse(as_text(*text)) : std::nullopt;
    return root && root->project == project ? std::move(root) : std::nullopt;
}

Result<void> DiskStore::keep_root(ProjectRoot const& root) {
    ASSIGN_OR_RETURN(auto const info, files_.info(directory_));
    if (info.owner_uid != static_cast<std::uint32_t>(::geteuid())) return ok();
    auto written = files_.write_file_atomic(root_path(root.project), as_bytes(root.print()), Sync::none);
    // A full disk still takes a new time: where not even that can be written, the store is mounted read-only.
    if (!written && !files_.touch(directory_ + "/roots")) return ok();
    return written;
}

Result<std::vector<Digest>> DiskStore::packages_of(Digest const& id) {
    std::vector<Digest> packages;
    auto const add = [&](std::string const& path) -> Result<void> {
        ASSIGN_OR_RETURN(auto const link, files_.read_symlink(path));
        auto const slash = link.rfind('/');
        if (auto const tree = Digest::from_hex(link.substr(slash + 1))) packages.push_back(*tree);
        return ok();
    };
    auto const tree = generation_tree(id);
    ASSIGN_OR_RETURN(auto const entries, files_.list(tree));
    for (auto const& entry : entries) {
        auto const path = join_path(tree, entry.name);
        if (entry.kind == FileKind::symlink) RETURN_IF_ERROR(add(path));
        if (entry.kind != FileKind::directory) continue;
        ASSIGN_OR_RETURN(auto const inner, files_.list(path));
        for (auto const& package : inner) RETURN_IF_ERROR(add(join_path(path, package.name)));
    }
    return packages;
}

Result<std::vector<StoredRoot>> DiskStore::roots() {
    std::vector<StoredRoot> roots;
    auto const folder = directory_ + "/roots";
    ASSIGN_OR_RETURN(auto const entries, files_.list(folder));
    roots.reserve(entries.size());
    for (auto const& entry : entries) {
        auto const name = Digest::from_hex(entry.name);
        if (!name) continue;  // The temporary file of a writer.
        StoredRoot stored{*name, join_path(folder, entry.name), {}};
        auto const text = files_.read_file(stored.path, ProjectRoot::k_bytes_max);
        if (text) stored.root = ProjectRoot::parse(as_text(*text));
        if (stored.root && sha256(as_bytes(stored.root->project)) != *name) stored.root.reset();
        roots.push_back(std::move(stored));
    }
    return roots;
}

Result<DiskStore::Rooted> DiskStore::rooted_generations(std::vector<std::string> const& known_projects) {
    Rooted rooted;
    std::map<Digest, std::string> names;
    for (auto const& project : known_projects) names.emplace(sha256(as_bytes(project)), project);
    ASSIGN_OR_RETURN(auto const stored_roots, roots());
    for (auto const& stored : stored_roots) {
        auto const& root = stored.root;
        auto const named = names.find(stored.name);
        auto const project = root ? root->project : named != names.end() ? named->second : std::string{};
        // Unreadable is not gone: only what does not exist is forgotten.
        auto const standing = project.empty() ? Result<FileInfo>{FileInfo{}} : files_.info(project);
        if (!standing && standing.error().code == Errc::not_found) {
            rooted.gone.push_back(stored.path);
            continue;
        }
        if (!root) {
            rooted.unreadable.push_back({stored.path, project});
            continue;
        }
        std::set<Digest> wanted(root->generations.begin(), root->generations.end());
        if (auto const link = files_.read_symlink(root->target)) {
            auto const current = generation_of_link(*link);
            if (current && *link == generation_tree(*current)) wanted.insert(*current);
        }
        for (auto const& id : wanted) ++rooted.projects[id];
    }
    return rooted;
}

Result<std::vector<StoredGeneration>> DiskStore::generations() {
    ASSIGN_OR_RETURN(auto const rooted, rooted_generations({}));
    std::vector<StoredGeneration> found;
    ASSIGN_OR_RETURN(auto const entries, files_.list(directory_ + "/env"));
    for (auto const& entry : entries) {
        auto const id = Digest::from_hex(entry.name);
        if (!id) continue;
        StoredGeneration generation{*id, 0, 0, {}};
        if (auto const packages = packages_of(*id)) generation.packages = packages->size();
        if (auto const at = rooted.projects.find(*id); at != rooted.projects.end()) generation.projects = at->second;
        if (auto const info = files_.info(generation_path(*id)))
            generation.last_used = UnixTime{info->modified_ns / 1'000'000'000};
        found.push_back(generation);
    }
    return found;
}

}  // namespace ggen
