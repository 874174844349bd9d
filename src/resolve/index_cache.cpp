#include "resolve/index_cache.hpp"

#include <algorithm>
#include <vector>

#include "resolve/index_provider.hpp"
#include "resolve/index_table.hpp"

namespace ggen {
namespace {

constexpr std::string_view k_kept_suffix = ".metadata";
constexpr std::string_view k_stamp_suffix = ".stamp";
constexpr std::string_view k_stamp_head = "ggen-index-stamp 1\n";
constexpr std::uint64_t k_stamp_bytes_max = 512;
/// A text changed so short before it was read may change again within the same tick of its clock.
constexpr std::int64_t k_quiet_ns = 1'000'000'000;

std::string identity_of(FileInfo const& text) {
    std::string out;
    for (auto const number : {text.device, text.inode, text.size_bytes}) out += std::to_string(number) + ":";
    return out + std::to_string(text.modified_ns);
}

std::string stamp_text(FileInfo const& text, Digest const& digest) {
    return std::string{k_stamp_head} + identity_of(text) + "\n" + digest.hex() + "\n";
}

}  // namespace

std::string IndexCache::kept_path(Digest const& digest) const {
    return join_path(directory_, digest.hex() + std::string{k_kept_suffix});
}

std::string IndexCache::stamp_path(FileInfo const& text) const {
    auto const name = std::to_string(text.device) + "-" + std::to_string(text.inode);
    return join_path(directory_, name + std::string{k_stamp_suffix});
}

std::optional<Digest> IndexCache::stamped(FileInfo const& text) {
    auto const bytes = files_.read_file(stamp_path(text), k_stamp_bytes_max);
    if (!bytes) return std::nullopt;
    auto const read = as_text(*bytes);
    constexpr std::size_t k_hex = 2 * Digest::k_bytes;
    if (read.size() < k_hex + 1) return std::nullopt;
    auto const digest = Digest::from_hex(read.substr(read.size() - k_hex - 1, k_hex));
    if (!digest || read != stamp_text(text, *digest)) return std::nullopt;
    return *digest;
}

void IndexCache::stamp(FileInfo const& text, Digest const& digest) {
    if (text.kind != FileKind::regular) return;
    if (clock_.wall_now().seconds * 1'000'000'000 - text.modified_ns < k_quiet_ns) return;
    // Only spares the next run reading the text.
    static_cast<void>(files_.write_file_atomic(stamp_path(text), as_bytes(stamp_text(text, digest)), Sync::none));
}

std::unique_ptr<DependencyProvider> IndexCache::open_kept(Digest const& digest) {
    auto const path = kept_path(digest);
    auto index = metadata::IndexFile::open(files_, path);
    if (!index || (*index)->trailer().source != digest) return nullptr;
    static_cast<void>(files_.touch(path));
    return make_index_provider(*std::move(index));
}

bool IndexCache::keep(IndexTable const& table, Digest const& digest) {
    if (!files_.make_directories(directory_, 0700)) return false;
    auto const lock = files_.try_lock(join_path(directory_, "lock"), LockMode::exclusive);
    if (!lock || !*lock) return false;
    auto writer = metadata::IndexWriter::create(files_, kept_path(digest), {digest, 0, 0});
    if (!writer || !table.write(**writer) || !(*writer)->finish(Sync::none)) return false;
    sweep(k_kept_suffix);
    sweep(k_stamp_suffix);
    return true;
}

void IndexCache::sweep(std::string_view suffix) {
    auto const entries = files_.list(directory_);
    if (!entries) return;
    std::vector<std::pair<std::int64_t, std::string>> kept;
    for (auto const& entry : *entries) {
        auto const path = join_path(directory_, entry.name);
        if (!entry.name.ends_with(suffix)) continue;
        if (auto const info = files_.info(path)) kept.emplace_back(info->modified_ns, path);
    }
    std::sort(kept.begin(), kept.end());
    for (std::size_t i = 0; i + k_texts_max < kept.size(); ++i) static_cast<void>(files_.remove_file(kept[i].second));
}

Result<std::unique_ptr<DependencyProvider>> IndexCache::open(std::string const& path) {
    auto const before = files_.info(path);
    if (before) {
        if (auto const digest = stamped(*before)) {
            if (auto kept = open_kept(*digest)) return kept;
        }
    }
    ASSIGN_OR_RETURN(auto const bytes, files_.read_file(path, k_text_bytes_max));
    auto const digest = sha256(bytes);
    auto kept = open_kept(digest);
    if (!kept) {
        auto table = std::make_unique<IndexTable>();
        if (auto read = read_index(as_text(bytes), *table); !read) return wrap(std::move(read).error(), path);
        if (!keep(*table, digest)) return std::unique_ptr<DependencyProvider>{std::move(table)};
        kept = open_kept(digest);
        if (!kept) return std::unique_ptr<DependencyProvider>{std::move(table)};
    }
    // What was read must be what stands there, before and after.
    auto const after = files_.info(path);
    if (before && after && identity_of(*before) == identity_of(*after)) stamp(*before, digest);
    return kept;
}

void IndexCache::forget(std::string const& path) {
    auto const info = files_.info(path);
    if (!info) return;
    if (auto const digest = stamped(*info)) static_cast<void>(files_.remove_file(kept_path(*digest)));
    static_cast<void>(files_.remove_file(stamp_path(*info)));
    auto const bytes = files_.read_file(path, k_text_bytes_max);
    if (bytes) static_cast<void>(files_.remove_file(kept_path(sha256(*bytes))));
}

}  // namespace ggen
