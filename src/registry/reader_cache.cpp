#include "registry/reader_cache.hpp"

#include <utility>

namespace ggen::detail {

ReaderCache::ReaderCache(FileSystem& files, std::string directory)
    : files_(files), directory_(std::move(directory)) {}

std::string ReaderCache::full_path(std::string const& path) const { return join_path(directory_, path); }

std::optional<Bytes> ReaderCache::read(std::string const& path, std::uint64_t bytes_max) const {
    if (!is_enabled()) return std::nullopt;
    auto bytes = files_.read_file(full_path(path), bytes_max);
    if (!bytes) return std::nullopt;
    return std::move(bytes).value();
}

Result<void> ReaderCache::write_durable(std::string const& path, BytesView bytes) const {
    if (!is_enabled()) return ok();
    RETURN_IF_ERROR(files_.make_directories(parent_path(full_path(path))));
    // A damaged cache may have a directory where the file belongs.
    auto const info = files_.info(full_path(path));
    if (info && info->kind == FileKind::directory) RETURN_IF_ERROR(files_.remove_tree(full_path(path)));
    return files_.write_file_atomic(full_path(path), bytes, Sync::durable);
}

void ReaderCache::write_object(std::string const& path, BytesView bytes) const {
    if (!is_enabled()) return;
    auto const target = full_path(path);
    if (!files_.make_directories(parent_path(target))) return;
    if (files_.write_file_atomic(target, bytes, Sync::none)) return;
    static_cast<void>(files_.remove_tree(target));
    static_cast<void>(files_.write_file_atomic(target, bytes, Sync::none));
}

void ReaderCache::write_tile(std::string const& path, BytesView bytes) const {
    if (!is_enabled()) return;
    auto const partial = path.find(".p/");
    static_cast<void>(files_.remove_tree(
        full_path(partial == std::string::npos ? path + ".p" : path.substr(0, partial + 2))));
    write_object(path, bytes);
}

void ReaderCache::remove(std::string const& path) const {
    if (is_enabled()) static_cast<void>(files_.remove_tree(full_path(path)));
}

bool ReaderCache::holds(std::string const& path) const {
    return is_enabled() && files_.info(full_path(path)).has_value();
}

std::optional<std::string> ReaderCache::find_evidence() const {
    if (!is_enabled()) return std::nullopt;
    auto const listed = files_.list(full_path("evidence"));
    if (!listed) return std::nullopt;
    for (auto const& entry : *listed) {
        if (entry.name.rfind("fork-", 0) == 0) return full_path("evidence/" + entry.name);
    }
    return std::nullopt;
}

}  // namespace ggen::detail
