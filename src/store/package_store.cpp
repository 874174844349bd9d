#include "store/package_store.hpp"

#include <unistd.h>

#include <algorithm>
#include <unordered_set>

#include "base/file_pieces.hpp"
#include "store/disk_store.hpp"
#include "store/promises.hpp"

namespace ggen {
namespace {

constexpr std::string_view k_format = "ggen-store 1\n";
constexpr std::uint32_t k_writable_by_others = 022;
constexpr std::uint32_t k_writable = 0222;
constexpr std::int64_t k_use_is_noted_seconds = 3'600;  ///< Collection thinks in days.
constexpr std::uint64_t k_whole_file_bytes_max = 1 * k_mib;  ///< Larger ones are copied in pieces.

/// Calls `visit` for each directory of a package once, in the order in which its files need them. Parents are
/// implied: "a/b" may come without "a".
template <class Visit>
Result<void> each_directory(TreeManifest const& manifest, Visit const& visit) {
    std::unordered_set<std::string_view> seen;
    std::string_view before;
    for (auto const& file : manifest.files) {
        auto const slash = file.path.rfind('/');
        if (slash == std::string::npos) continue;
        auto const parent = std::string_view{file.path}.substr(0, slash);
        if (parent == before || !seen.insert(parent).second) continue;
        before = parent;
        RETURN_IF_ERROR(visit(parent));
    }
    return ok();
}

/// Makes the directory of each file when the first one for it comes.
class ParentMaker {
public:
    explicit ParentMaker(TreeBuilder& builder) : builder_(builder) {}

    Result<void> make_for(std::string_view path) {
        auto const slash = path.rfind('/');
        if (slash == std::string_view::npos) return ok();
        auto const parent = path.substr(0, slash);
        if (parent == last_) return ok();
        last_ = parent;
        if (made_.insert(last_).second) return builder_.make_directory(parent);
        return ok();
    }

private:
    TreeBuilder& builder_;
    std::unordered_set<std::string> made_;
    std::string last_;
};

/// Writes the files of a package that come one after the other, whole or in pieces, and their list.
class StagedFiles {
public:
    StagedFiles(TreeBuilder& builder, TreeManifest& manifest)
        : builder_(builder), manifest_(manifest), parents_(builder) {}

    Result<void> add(StoreFile const& file) {
        if (file_) return go_on(file);
        RETURN_IF_ERROR(parents_.make_for(file.path));
        auto const mode = file.executable ? 0555U : 0444U;
        manifest_.files.push_back({file.path, file.executable, file.content.size(), {}});
        if (!file.has_more) {
            manifest_.files.back().digest = sha256(file.content);
            return builder_.add_file(file.path, file.content, mode);
        }
        ASSIGN_OR_RETURN(file_, builder_.create_file(file.path, mode));
        digest_.update(file.content);
        return file_->append(file.content);
    }

    [[nodiscard]] bool is_open() const { return file_ != nullptr; }

private:
    Result<void> go_on(StoreFile const& file) {
        auto& listed = manifest_.files.back();
        if (file.path != listed.path) return Error{Errc::corrupt, listed.path + " has no end"};
        digest_.update(file.content);
        listed.size_bytes += file.content.size();
        RETURN_IF_ERROR(file_->append(file.content));
        if (file.has_more) return ok();
        listed.digest = digest_.finish();
        file_.reset();
        return ok();
    }

    TreeBuilder& builder_;
    TreeManifest& manifest_;
    ParentMaker parents_;
    std::unique_ptr<AppendFile> file_;  // The last of the list, while it comes in pieces.
    Sha256 digest_;
};

}  // namespace

std::string_view link_mode_name(LinkMode mode) {
    switch (mode) {
        case LinkMode::generation:
            return "generation";
        case LinkMode::symlink:
            return "symlink";
        case LinkMode::hardlink:
            return "hardlink";
        case LinkMode::reflink:
            return "reflink";
        case LinkMode::copy:
            break;
    }
    return "copy";
}

Result<LinkMode> parse_link_mode(std::string_view text) {
    for (auto const mode : k_link_modes) {
        if (text == link_mode_name(mode)) return mode;
    }
    return Error{Errc::invalid, ErrorId::usage, "unknown link mode \"" + std::string{text} + "\"",
                 "choose one of generation, symlink, hardlink, reflink, copy"};
}

Result<std::unique_ptr<PackageStore>> PackageStore::open(FileSystem& files, Clock& clock,
                                                         std::string directory) {
    auto store = std::make_unique<DiskStore>(files, clock, std::move(directory));
    RETURN_IF_ERROR(store->prepare());
    return std::unique_ptr<PackageStore>{std::move(store)};
}

Result<void> DiskStore::prepare() {
    auto const is_new = !files_.info(directory_ + "/format");
    if (is_new) {
        for (auto const* name : {"/pkg", "/locks", "/tmp", "/trash"}) {
            RETURN_IF_ERROR(files_.make_directories(directory_ + name, 0700));
        }
        RETURN_IF_ERROR(files_.set_mode(directory_, 0755));
        RETURN_IF_ERROR(check_promises(files_, unique_path("tmp", Digest{}), directory_));
        RETURN_IF_ERROR(files_.write_file_atomic(directory_ + "/format", as_bytes(k_format), Sync::durable));
    }
    // A store of an older ggen lacks these; a read-only one does without.
    for (auto const* name : {"/env", "/roots", "/unsynced", "/partial"}) {
        if (files_.info(directory_ + name)) continue;
        auto const made = files_.make_directories(directory_ + name, 0755);
        static_cast<void>(made);
    }
    ASSIGN_OR_RETURN(auto const info, files_.info(directory_));
    if (info.kind != FileKind::directory) {
        return Error{Errc::refused, ErrorId::store_unsafe,
                     "the store " + directory_ + " is not a directory of its own"};
    }
    auto const me = static_cast<std::uint32_t>(::geteuid());
    if ((info.owner_uid != me && info.owner_uid != 0) || (info.mode & k_writable_by_others) != 0) {
        return Error{Errc::refused, ErrorId::store_unsafe,
                     "the store " + directory_ + " belongs to somebody else or can be written by others",
                     "run: chmod go-w " + directory_ + ", or point GGEN_CACHE_DIR at a directory of yours"};
    }
    ASSIGN_OR_RETURN(auto const format, files_.read_file(directory_ + "/format", 64));
    if (as_text(format) != k_format) {
        return Error{Errc::refused, ErrorId::store_format,
                     "the store " + directory_ + " has a format that this ggen does not know",
                     "use the newer ggen, or point GGEN_CACHE_DIR at another directory"};
    }
    ASSIGN_OR_RETURN(use_lock_, files_.lock(use_lock_path(), LockMode::shared));
    return ok();
}

std::string DiskStore::unique_path(std::string_view folder, Digest const& tree) {
    constexpr std::size_t k_numbers_bytes = 32;
    auto const name = tree.hex();
    std::string path;  // Made in one piece: there are several of these for each package that comes or goes.
    path.reserve(directory_.size() + folder.size() + name.size() + k_numbers_bytes);
    path.append(directory_).append("/").append(folder).append("/").append(name);
    path.append("-").append(std::to_string(::getpid())).append("-").append(std::to_string(counter_.fetch_add(1)));
    return path;
}

std::optional<FileInfo> DiskStore::find(Digest const& tree) {
    auto const manifest = files_.info(manifest_path(tree));
    if (!manifest || manifest->kind != FileKind::regular) return std::nullopt;
    auto const package = files_.info(package_path(tree));
    if (!package) return std::nullopt;
    // Whoever put it there was killed before the last step.
    if ((package->mode & k_writable) != 0) static_cast<void>(files_.set_mode(package_path(tree), 0555));
    return *manifest;
}

bool DiskStore::use(Digest const& tree) {
    auto const manifest = find(tree);
    if (!manifest) return false;
    auto const age_seconds = clock_.wall_now().seconds - manifest->modified_ns / 1'000'000'000;
    // Only a hint for collection; a read-only store has none.
    if (age_seconds < 0 || age_seconds >= k_use_is_noted_seconds)
        static_cast<void>(files_.touch(manifest_path(tree)));
    std::lock_guard const guard{mutex_};
    used_.insert(tree);
    return true;
}

Result<PackageStore::Ensured> DiskStore::ensure(Digest const& tree, std::string_view label, Fill const& fill,
                                                CancelToken const* cancel) {
    if (use(tree)) return Ensured::present;
    ASSIGN_OR_RETURN(auto const lock,
                     files_.lock(directory_ + "/locks/" + tree.hex(), LockMode::exclusive, cancel));
    if (use(tree)) return Ensured::present;
    RETURN_IF_ERROR(unpack(tree, label, fill));
    std::lock_guard const guard{mutex_};
    used_.insert(tree);
    return Ensured::fetched;
}

Result<void> DiskStore::unpack(Digest const& tree, std::string_view label, Fill const& fill) {
    auto const staging = unique_path("tmp", tree);
    TreeManifest manifest;
    manifest.label = label;
    auto filled = fill_staging(staging, manifest, fill);
    // Whatever is in the way here is no package: contains() said so under the lock.
    if (filled) filled = files_.remove_tree(manifest_path(tree));
    if (filled)
        filled = files_.write_file_atomic(manifest_path(tree), as_bytes(manifest.print()), Sync::none, 0444);
    if (filled) filled = seal_directories(staging, manifest);
    // A directory without its list can only be the rest of a set-aside that was interrupted.
    if (filled) filled = files_.remove_tree(package_path(tree));
    // The mark comes before the package, so that none can be there after a power loss without it.
    if (filled) filled = files_.write_file_atomic(unsynced_path(tree), {}, Sync::none);
    if (filled) {
        std::lock_guard const guard{mutex_};
        fetched_.push_back(tree);
    }
    if (filled) filled = files_.rename(staging, package_path(tree));
    if (!filled) {
        auto const removed = files_.remove_tree(staging);
        static_cast<void>(removed);
        return filled;
    }
    // Only after the move: moving a directory needs the right to write it.
    return files_.set_mode(package_path(tree), 0555);
}

Result<void> DiskStore::fill_staging(std::string const& staging, TreeManifest& manifest, Fill const& fill) {
    // A dead process may have had our pid; the lock on this digest makes what it left ours to remove.
    RETURN_IF_ERROR(files_.remove_tree(staging));
    ASSIGN_OR_RETURN(auto const builder, files_.create_tree(staging));
    StagedFiles staged{*builder, manifest};
    RETURN_IF_ERROR(fill([&](StoreFile const& file) { return staged.add(file); }));
    if (staged.is_open()) return Error{Errc::corrupt, "a file of the package has no end"};
    std::sort(manifest.files.begin(), manifest.files.end(),
              [](auto const& a, auto const& b) { return a.path < b.path; });
    return ok();
}

Result<void> DiskStore::seal_directories(std::string const& staging, TreeManifest const& manifest) {
    std::unordered_set<std::string_view> sealed;
    auto const seal = [&](std::string_view path) -> Result<void> {
        while (sealed.insert(path).second) {
            RETURN_IF_ERROR(files_.set_mode(join_path(staging, path), 0555));
            auto const slash = path.rfind('/');
            if (slash == std::string_view::npos) break;
            path = path.substr(0, slash);
        }
        return ok();
    };
    RETURN_IF_ERROR(each_directory(manifest, seal));
    return files_.set_mode(staging, 0755);
}

Result<TreeManifest> DiskStore::read_manifest(Digest const& tree) {
    ASSIGN_OR_RETURN(auto const bytes, files_.read_file(manifest_path(tree), TreeManifest::k_bytes_max));
    return TreeManifest::parse(as_text(bytes));
}

void DiskStore::set_aside(Digest const& tree) {
    {
        std::lock_guard const guard{mutex_};
        used_.erase(tree);
        if (unsure_) unsure_->erase(tree);
    }
    // The list goes first: without it the package does not count as present.
    if (!park(manifest_path(tree), tree)) static_cast<void>(files_.remove_tree(manifest_path(tree)));
    auto const chmodded = files_.set_mode(package_path(tree), 0755);
    static_cast<void>(chmodded);
    static_cast<void>(park(package_path(tree), tree));
}

bool DiskStore::park(std::string const& path, Digest const& name) {
    return files_.rename(path, unique_path("trash", name)).has_value();
}

Error DiskStore::damaged(Digest const& tree, std::string_view label, std::string const& what) {
    set_aside(tree);
    return Error{
        Errc::corrupt, ErrorId::store_damaged,
        "the stored copy of " + (label.empty() ? tree.text() : std::string{label}) + " is damaged: " + what,
        "run the command again; the package is fetched anew"};
}

Result<std::uint64_t> DiskStore::materialise(Digest const& tree, std::string const& destination, LinkMode mode) {
    // What is copied is read anyway; links hand over what nobody has looked at.
    if (mode != LinkMode::copy) RETURN_IF_ERROR(check_if_unsure(tree, {}));
    if (mode == LinkMode::symlink || mode == LinkMode::generation) {
        RETURN_IF_ERROR(files_.make_symlink(package_path(tree), destination));
        return std::uint64_t{1};
    }
    auto const manifest = read_manifest(tree);
    if (!manifest) {
        if (manifest.error().code == Errc::not_found) return manifest.error();
        return damaged(tree, {}, manifest.error().context);
    }
    if (files_.info(destination)) return Error{Errc::conflict, destination + " exists already"};
    auto built = build_copy(*manifest, package_path(tree), destination, mode);
    if (built) return std::uint64_t{manifest->files.size()};
    auto const removed = files_.remove_tree(destination);
    static_cast<void>(removed);
    if (built.error().code == Errc::corrupt || built.error().code == Errc::not_found) {
        return damaged(tree, manifest->label, built.error().context);
    }
    return std::move(built).error();
}

Result<void> DiskStore::build_copy(TreeManifest const& manifest, std::string const& from,
                                   std::string const& destination, LinkMode mode) {
    bool may_clone = mode == LinkMode::reflink;
    ASSIGN_OR_RETURN(auto const builder, files_.create_tree(destination));
    ParentMaker parents{*builder};
    for (auto const& file : manifest.files) {
        RETURN_IF_ERROR(parents.make_for(file.path));
        auto const source = from + "/" + file.path;
        if (mode == LinkMode::hardlink) {
            auto const linked = builder->add_hard_link(file.path, source, file.size_bytes);
            if (linked) continue;
            auto const code = linked.error().code;
            if (code == Errc::corrupt || code == Errc::not_found) return linked;
            // Another file system or an inode with too many links: this one file is copied.
        }
        // The first refusal tells about the whole file system pair.
        may_clone = may_clone && clone_file(*builder, file, source).has_value();
        if (!may_clone) RETURN_IF_ERROR(copy_file(*builder, file, source));
    }
    return files_.set_mode(destination, 0755 & ~process_umask());
}

/// Blocks are shared, not read: only the size is checked. Leaves nothing on error.
Result<void> DiskStore::clone_file(TreeBuilder& builder, TreeManifest::File const& file,
                                   std::string const& from) {
    return builder.add_clone(file.path, from, file.size_bytes,
                             (file.executable ? 0755U : 0644U) & ~process_umask());
}

Result<void> DiskStore::copy_file(TreeBuilder& builder, TreeManifest::File const& file,
                                  std::string const& from) {
    ASSIGN_OR_RETURN(auto const info, files_.info(from));
    Error const differs{Errc::corrupt, ErrorId::store_damaged, file.path + " differs from its digest"};
    if (info.kind != FileKind::regular || info.size_bytes != file.size_bytes) return differs;
    auto const mode = (file.executable ? 0755U : 0644U) & ~process_umask();
    if (file.size_bytes <= k_whole_file_bytes_max) {
        ASSIGN_OR_RETURN(auto const content, files_.read_file(from, file.size_bytes));
        if (sha256(content) != file.digest) return differs;
        return builder.add_file(file.path, content, mode);
    }
    ASSIGN_OR_RETURN(auto const copy, builder.create_file(file.path, mode));
    Sha256 digest;
    RETURN_IF_ERROR(each_piece(files_, from, file.size_bytes, [&](BytesView piece) {
        digest.update(piece);
        return copy->append(piece);
    }));
    return digest.finish() == file.digest ? ok() : Result<void>{differs};
}

}  // namespace ggen
