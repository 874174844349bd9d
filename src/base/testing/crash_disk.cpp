#include "base/testing/crash_disk.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace ggen::testing {
namespace {

using Guard = std::lock_guard<std::recursive_mutex>;

Error missing(std::string const& path) { return Error{Errc::not_found, path + ": No such file or directory"}; }
Error exists(std::string const& path) { return Error{Errc::conflict, path + ": File exists"}; }

bool is_below(std::string const& path, std::string const& directory) {
    return path.size() > directory.size() && path.starts_with(directory) && path[directory.size()] == '/';
}

CrashDisk::Node empty_file(std::uint32_t mode) {
    return {FileKind::regular, mode, 0, 0, {}, std::make_shared<Bytes>(), 0, false};
}

class BytesInMemory final : public MappedFile {
public:
    explicit BytesInMemory(std::shared_ptr<Bytes const> content) : content_(std::move(content)) {}
    [[nodiscard]] BytesView bytes() const override { return *content_; }
    Result<void> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
        if (offset + out.size() > content_->size()) return Error{Errc::corrupt, "the file ends too early"};
        std::copy_n(content_->begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
        return ok();
    }
    void prefetch() const override {}

private:
    std::shared_ptr<Bytes const> content_;
};

}  // namespace

class CrashLock final : public FileLock {
public:
    CrashLock(CrashDisk& disk, std::string path, LockMode mode) : disk_(disk), path_(std::move(path)), mode_(mode) {
        auto& held = disk_.locks_[path_];
        if (mode_ == LockMode::shared) ++held.shared;
        else held.exclusive = true;
    }
    CrashLock(CrashLock const&) = delete;
    CrashLock& operator=(CrashLock const&) = delete;
    ~CrashLock() override {
        Guard const guard{disk_.mutex_};
        auto& held = disk_.locks_[path_];
        if (mode_ == LockMode::shared) --held.shared;
        else held.exclusive = false;
    }

private:
    CrashDisk& disk_;
    std::string path_;
    LockMode mode_;
};

/// Knows its file by its path: nothing that is open is renamed in the code under test.
class CrashAppendFile final : public AppendFile {
public:
    CrashAppendFile(CrashDisk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
    Result<void> append(BytesView bytes) override { return disk_.append_to(path_, bytes); }
    Result<void> sync() override {
        Guard const guard{disk_.mutex_};
        auto& node = disk_.tree_.at(path_);
        node.is_synced = true;
        node.synced_bytes = node.content->size();
        return ok();
    }
    [[nodiscard]] std::uint64_t size_bytes() const override { return disk_.tree_.at(path_).content->size(); }

private:
    CrashDisk& disk_;
    std::string path_;
};

class CrashTreeBuilder final : public TreeBuilder {
public:
    CrashTreeBuilder(CrashDisk& disk, std::string root) : disk_(disk), root_(std::move(root)) {}
    Result<void> make_directory(std::string_view path) override {
        return disk_.make_directories(join_path(root_, path), 0755);
    }
    Result<void> add_file(std::string_view path, BytesView content, std::uint32_t mode) override {
        ASSIGN_OR_RETURN(auto const file, create_file(path, mode));
        return content.empty() ? ok() : file->append(content);
    }
    Result<std::unique_ptr<AppendFile>> create_file(std::string_view path, std::uint32_t mode) override {
        auto const full = join_path(root_, path);
        RETURN_IF_ERROR(disk_.put(full, empty_file(mode), false));
        return std::unique_ptr<AppendFile>{std::make_unique<CrashAppendFile>(disk_, full)};
    }
    Result<void> add_hard_link(std::string_view path, std::string const&, std::uint64_t) override {
        return Error{Errc::io, std::string{path} + ": this disk has no hard links"};
    }
    Result<void> add_clone(std::string_view path, std::string const&, std::uint64_t, std::uint32_t) override {
        return Error{Errc::io, std::string{path} + ": this disk has no clones"};
    }

private:
    CrashDisk& disk_;
    std::string root_;
};

Result<std::string> CrashDisk::resolve(std::string const& path, bool follow_last) const {
    std::string done;
    std::vector<std::string> left;  // Components, the next one last.
    auto const push = [&](std::string_view text) {
        std::vector<std::string> parts;
        for (std::size_t at = 0; at < text.size();) {
            auto const end = std::min(text.find('/', at), text.size());
            if (end > at) parts.emplace_back(text.substr(at, end - at));
            at = end + 1;
        }
        left.insert(left.end(), parts.rbegin(), parts.rend());
    };
    push(path);
    for (int links = 0; !left.empty();) {
        auto const part = std::move(left.back());
        left.pop_back();
        if (part == ".") continue;
        if (part == "..") {
            done.resize(std::min(done.rfind('/'), done.size()));
            continue;
        }
        auto next = done;
        next.append("/").append(part);
        auto const at = tree_.find(next);
        if (at == tree_.end()) return left.empty() ? Result<std::string>{next} : missing(path);
        if (at->second.kind == FileKind::symlink && (!left.empty() || follow_last)) {
            if (++links > 40) return Error{Errc::io, path + ": too many links"};
            if (at->second.target.starts_with('/')) done.clear();
            push(at->second.target);
            continue;
        }
        if (at->second.kind != FileKind::directory && !left.empty()) return missing(path);
        done = next;
    }
    return done;
}

Result<CrashDisk::Node*> CrashDisk::find(std::string const& path, bool follow_last) {
    ASSIGN_OR_RETURN(auto const resolved, resolve(path, follow_last));
    auto const at = tree_.find(resolved);
    if (at == tree_.end()) return missing(path);
    return &at->second;
}

void CrashDisk::changed() {
    ++changes_;
    if (observer_) observer_();
}

Result<void> CrashDisk::put(std::string const& path, Node node, bool may_replace) {
    Guard const guard{mutex_};
    ASSIGN_OR_RETURN(auto const resolved, resolve(path, false));
    if (!may_replace && tree_.contains(resolved)) return exists(path);
    auto const parent = parent_path(resolved);
    if (parent != "/" && !tree_.contains(parent)) return missing(path);
    node.inode = ++inodes_;
    node.modified_ns = static_cast<std::int64_t>(changes_);
    tree_[resolved] = std::move(node);
    changed();
    return ok();
}

Result<void> CrashDisk::append_to(std::string const& resolved, BytesView bytes) {
    Guard const guard{mutex_};
    auto& node = tree_.at(resolved);
    auto content = *node.content;
    content.insert(content.end(), bytes.begin(), bytes.end());
    node.content = std::make_shared<Bytes>(std::move(content));
    node.is_synced = false;
    changed();
    return ok();
}

void CrashDisk::move(std::string const& from, std::string const& to) {
    Tree moved;
    for (auto at = tree_.lower_bound(from); at != tree_.end() && at->first.starts_with(from);) {
        if (at->first != from && !is_below(at->first, from)) {
            ++at;
            continue;
        }
        moved.emplace(to + at->first.substr(from.size()), std::move(at->second));
        at = tree_.erase(at);
    }
    tree_.merge(moved);
}

void CrashDisk::erase(std::string const& path) {
    std::erase_if(tree_, [&](auto const& entry) { return entry.first == path || is_below(entry.first, path); });
}

Result<Bytes> CrashDisk::read_file(std::string const& path, std::uint64_t bytes_max) {
    Guard const guard{mutex_};
    ASSIGN_OR_RETURN(auto const* const node, find(path, true));
    if (node->kind != FileKind::regular) return Error{Errc::io, path + ": not a regular file"};
    if (node->content->size() > bytes_max) return Error{Errc::too_large, path + ": too large"};
    return *node->content;
}

Result<std::unique_ptr<MappedFile>> CrashDisk::map(std::string const& path, std::uint64_t bytes_max) {
    ASSIGN_OR_RETURN(auto bytes, read_file(path, bytes_max));
    return std::unique_ptr<MappedFile>{
        std::make_unique<BytesInMemory>(std::make_shared<Bytes>(std::move(bytes)))};
}

Result<FileInfo> CrashDisk::info(std::string const& path) {
    Guard const guard{mutex_};
    ASSIGN_OR_RETURN(auto const* const node, find(path, false));
    FileInfo info;
    info.kind = node->kind;
    info.size_bytes = node->content ? node->content->size() : 0;
    info.mode = node->mode;
    info.owner_uid = static_cast<std::uint32_t>(::geteuid());
    info.inode = node->inode;
    info.device = 1;
    info.link_count = 1;
    info.modified_ns = node->modified_ns;
    return info;
}

Result<std::vector<DirectoryEntry>> CrashDisk::list(std::string const& path, std::size_t) {
    Guard const guard{mutex_};
    ASSIGN_OR_RETURN(auto const resolved, resolve(path, true));
    auto const at = tree_.find(resolved);
    if (at == tree_.end() || at->second.kind != FileKind::directory) return missing(path);
    std::vector<DirectoryEntry> entries;
    for (auto const& [name, node] : tree_) {
        if (is_below(name, resolved) && name.find('/', resolved.size() + 1) == std::string::npos)
            entries.push_back({name.substr(resolved.size() + 1), node.kind});
    }
    return entries;
}

Result<std::string> CrashDisk::read_symlink(std::string const& path) {
    Guard const guard{mutex_};
    ASSIGN_OR_RETURN(auto const* const node, find(path, false));
    if (node->kind != FileKind::symlink) return Error{Errc::io, path + ": no link"};
    return node->target;
}

Result<void> CrashDisk::write_file_atomic(std::string const& path, BytesView content, Sync sync,
                                          std::uint32_t mode) {
    Guard const guard{mutex_};
    auto const temporary = join_path(parent_path(path), ".tmp-crash-" + std::to_string(++temporaries_));
    bool const is_durable = sync == Sync::durable;
    auto bytes = std::make_shared<Bytes>(content.begin(), content.end());
    auto const size = bytes->size();
    Node node{FileKind::regular, mode, 0, 0, {}, std::move(bytes), is_durable ? size : 0, is_durable};
    RETURN_IF_ERROR(put(temporary, std::move(node), true));
    RETURN_IF_ERROR(rename(temporary, path));
    return is_durable ? sync_directory(parent_path(path)) : ok();
}

Result<std::unique_ptr<AppendFile>> CrashDisk::open_append(std::string const& path) {
    Guard const guard{mutex_};
    ASSIGN_OR_RETURN(auto const resolved, resolve(path, true));
    if (!tree_.contains(resolved))
        RETURN_IF_ERROR(put(resolved, empty_file(0644), false));
    return std::unique_ptr<AppendFile>{std::make_unique<CrashAppendFile>(*this, resolved)};
}

Result<void> CrashDisk::truncate(std::string const& path, std::uint64_t size_bytes) {
    Guard const guard{mutex_};
    ASSIGN_OR_RETURN(auto* const node, find(path, true));
    auto content = *node->content;
    content.resize(static_cast<std::size_t>(size_bytes));
    node->synced_bytes = std::min(node->synced_bytes, size_bytes);
    node->content = std::make_shared<Bytes>(std::move(content));
    changed();
    return ok();
}

Result<void> CrashDisk::make_directories(std::string const& path, std::uint32_t mode) {
    Guard const guard{mutex_};
    for (std::size_t end = 0; end < path.size();) {
        end = std::min(path.find('/', end + 1), path.size());
        auto const part = path.substr(0, end);
        auto const node = find(part, true);
        if (node && (*node)->kind != FileKind::directory) return Error{Errc::not_found, part + ": not a directory"};
        if (!node) RETURN_IF_ERROR(put(part, {FileKind::directory, end == path.size() ? mode : 0755}, false));
    }
    return ok();
}

Result<void> CrashDisk::rename(std::string const& from, std::string const& to) {
    Guard const guard{mutex_};
    ASSIGN_OR_RETURN(auto const source, resolve(from, false));
    ASSIGN_OR_RETURN(auto const target, resolve(to, false));
    auto const moving = tree_.find(source);
    if (moving == tree_.end() || (parent_path(target) != "/" && !tree_.contains(parent_path(target))))
        return missing(from);
    if (auto const standing = tree_.find(target); standing != tree_.end() && source != target) {
        bool const is_directory = standing->second.kind == FileKind::directory;
        if (is_directory != (moving->second.kind == FileKind::directory)) return exists(to);
        auto const next = std::next(standing);
        if (is_directory && next != tree_.end() && is_below(next->first, target)) return exists(to);
        erase(target);
    }
    move(source, target);
    changed();
    return ok();
}

Result<void> CrashDisk::rename_no_replace(std::string const& from, std::string const& to) {
    Guard const guard{mutex_};
    ASSIGN_OR_RETURN(auto const target, resolve(to, false));
    if (tree_.contains(target)) return exists(to);
    return rename(from, to);
}

Result<void> CrashDisk::rename_exchange(std::string const& a, std::string const& b) {
    Guard const guard{mutex_};
    ASSIGN_OR_RETURN(auto const first, resolve(a, false));
    ASSIGN_OR_RETURN(auto const second, resolve(b, false));
    if (!tree_.contains(first) || !tree_.contains(second)) return missing(a);
    auto const aside = first + ".exchange";
    move(first, aside);
    move(second, first);
    move(aside, second);
    changed();
    return ok();
}

Result<void> CrashDisk::remove_file(std::string const& path) {
    Guard const guard{mutex_};
    ASSIGN_OR_RETURN(auto const resolved, resolve(path, false));
    auto const at = tree_.find(resolved);
    if (at == tree_.end()) return missing(path);
    if (at->second.kind == FileKind::directory) return Error{Errc::io, path + ": a directory"};
    tree_.erase(at);
    changed();
    return ok();
}

Result<void> CrashDisk::remove_tree(std::string const& path) {
    Guard const guard{mutex_};
    auto const resolved = resolve(path, false);
    if (!resolved || !tree_.contains(*resolved)) return ok();
    // Children first, one by one: power may fail between any two.
    std::vector<std::string> doomed;
    for (auto const& [name, node] : tree_) {
        if (name == *resolved || is_below(name, *resolved)) doomed.push_back(name);
    }
    for (auto name = doomed.rbegin(); name != doomed.rend(); ++name) {
        tree_.erase(*name);
        changed();
    }
    return ok();
}

Result<void> CrashDisk::make_symlink(std::string const& target, std::string const& path) {
    return put(path, {FileKind::symlink, 0777, 0, 0, target}, false);
}

Result<void> CrashDisk::make_hard_link(std::string const&, std::string const& path) {
    return Error{Errc::io, path + ": this disk has no hard links"};
}

Result<void> CrashDisk::set_mode(std::string const& path, std::uint32_t mode) {
    Guard const guard{mutex_};
    ASSIGN_OR_RETURN(auto* const node, find(path, true));
    node->mode = mode;
    changed();
    return ok();
}

Result<void> CrashDisk::touch(std::string const& path) {
    Guard const guard{mutex_};
    ASSIGN_OR_RETURN(auto* const node, find(path, false));
    node->modified_ns = static_cast<std::int64_t>(changes_);
    return ok();
}

Result<void> CrashDisk::sync_directory(std::string const& path) {
    Guard const guard{mutex_};
    ASSIGN_OR_RETURN(auto const* const node, find(path, true));
    static_cast<void>(node);
    durable_changes_ = changes_;
    return ok();
}

Result<void> CrashDisk::sync_file_system(std::string const& path) {
    RETURN_IF_ERROR(sync_directory(path));
    Guard const guard{mutex_};
    for (auto& [name, node] : tree_) {
        node.is_synced = true;
        node.synced_bytes = node.content ? node.content->size() : 0;
    }
    return ok();
}

Result<std::unique_ptr<TreeBuilder>> CrashDisk::create_tree(std::string const& path) {
    RETURN_IF_ERROR(put(path, {FileKind::directory, 0700}, false));
    return std::unique_ptr<TreeBuilder>{std::make_unique<CrashTreeBuilder>(*this, path)};
}

Result<std::unique_ptr<FileLock>> CrashDisk::lock(std::string const& path, LockMode mode, CancelToken const*) {
    ASSIGN_OR_RETURN(auto held, try_lock(path, mode));
    if (!held) return Error{Errc::io, path + ": would wait for this very process"};
    return *std::move(held);
}

Result<std::optional<std::unique_ptr<FileLock>>> CrashDisk::try_lock(std::string const& path, LockMode mode) {
    using Lock = std::optional<std::unique_ptr<FileLock>>;
    Guard const guard{mutex_};
    if (!find(path, true))
        RETURN_IF_ERROR(put(path, empty_file(0644), false));
    auto const& held = locks_[path];
    if (held.exclusive || (mode == LockMode::exclusive && held.shared > 0)) return Lock{};
    return Lock{std::make_unique<CrashLock>(*this, path, mode)};
}

Bytes torn(CrashDisk::Node const& node, Torn how) {
    auto bytes = *node.content;
    auto const synced = static_cast<std::size_t>(node.synced_bytes);
    switch (how) {
        case Torn::whole: break;
        case Torn::empty: bytes.resize(synced); break;
        case Torn::zeros:
            std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(synced), bytes.end(), std::uint8_t{0});
            break;
        case Torn::half: bytes.resize(synced + (bytes.size() - synced) / 2); break;
    }
    return bytes;
}

void each_crash(CrashDisk::Tree const& tree, std::function<void(CrashDisk::Tree const&)> const& visit) {
    std::vector<std::string> unsure;
    for (auto const& [path, node] : tree) {
        if (node.content && !node.is_synced && node.content->size() > node.synced_bytes) unsure.push_back(path);
    }
    visit(tree);
    auto const visit_torn = [&](std::vector<std::string> const& paths, Torn how) {
        auto copy = tree;
        for (auto const& path : paths) copy[path].content = std::make_shared<Bytes>(torn(copy[path], how));
        visit(copy);
    };
    if (unsure.empty()) return;
    for (auto const how : {Torn::empty, Torn::zeros, Torn::half}) visit_torn(unsure, how);
    if (unsure.size() == 1) return;
    for (auto const& path : unsure) {
        visit_torn({path}, Torn::empty);
        visit_torn({path}, Torn::zeros);
    }
}

}  // namespace ggen::testing
