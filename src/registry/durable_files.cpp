#include "registry/durable_files.hpp"

#include <algorithm>
#include <utility>

#include "base/file_pieces.hpp"

namespace ggen::detail {
namespace {

bool is_sync_failure(Error const& error) {
    return error.context.rfind("fsync ", 0) == 0 || error.context.rfind("syncfs ", 0) == 0;
}

}  // namespace

DurableFiles::DurableFiles(FileSystem& files, std::string folder, SyncFailure on_sync_failure)
    : files_(files), folder_(std::move(folder)), on_sync_failure_(std::move(on_sync_failure)) {}

Result<void> DurableFiles::write(std::string const& path, BytesView content) {
    auto const full_path = join_path(folder_, path);
    RETURN_IF_ERROR(make_parent(full_path));
    auto const existing = files_.read_file(full_path, content.size());
    bool const is_same =
        existing && std::equal(existing->begin(), existing->end(), content.begin(), content.end());
    if (!is_same) RETURN_IF_ERROR(files_.write_file_atomic(full_path, content, Sync::none));
    // Also when it was there already: a killed writer may have left it unsynced.
    unsynced_files_.insert(full_path);
    unsynced_directories_.insert(parent_path(full_path));
    return ok();
}

Result<void> DurableFiles::move_in(std::string const& path, std::string const& from, std::uint64_t size_bytes) {
    auto const full_path = join_path(folder_, path);
    RETURN_IF_ERROR(make_parent(full_path));
    RETURN_IF_ERROR(move_file(files_, from, size_bytes, full_path));
    unsynced_files_.insert(full_path);
    unsynced_directories_.insert(parent_path(full_path));
    return ok();
}

Result<void> DurableFiles::flush() {
    if (unsynced_files_.size() > k_single_syncs_max) {
        RETURN_IF_ERROR(checked(files_.sync_file_system(folder_)));
    } else {
        RETURN_IF_ERROR(flush_each());
    }
    unsynced_files_.clear();
    unsynced_directories_.clear();
    return ok();
}

Result<void> DurableFiles::write_now(std::string const& path, BytesView content) {
    auto const full_path = path.rfind('/', 0) == 0 ? path : join_path(folder_, path);
    RETURN_IF_ERROR(make_parent(full_path));
    RETURN_IF_ERROR(flush());
    return checked(files_.write_file_atomic(full_path, content, Sync::durable));
}

Result<void> DurableFiles::rewrite_log(std::string const& path, BytesView content) {
    auto const full_path = join_path(folder_, path);
    RETURN_IF_ERROR(make_parent(full_path));
    RETURN_IF_ERROR(flush());
    ASSIGN_OR_RETURN(auto const file, files_.open_append(full_path));
    if (file->size_bytes() > 0) RETURN_IF_ERROR(files_.truncate(full_path, 0));
    RETURN_IF_ERROR(file->append(content));
    return checked(file->sync());
}

Result<void> DurableFiles::make_parent(std::string const& full_path) {
    auto const directory = parent_path(full_path);
    if (known_directories_.count(directory) != 0) return ok();
    // A new directory is an entry of its parent, so that one needs a sync too, up to one that existed.
    for (auto at = directory; at.size() > 1 && known_directories_.count(at) == 0; at = parent_path(at)) {
        bool const existed = files_.info(at).has_value();
        if (existed) break;
        unsynced_directories_.insert(parent_path(at));
        if (at == ".") break;
    }
    RETURN_IF_ERROR(files_.make_directories(directory));
    known_directories_.insert(directory);
    return ok();
}

Result<void> DurableFiles::flush_each() {
    for (auto const& path : unsynced_files_) {
        ASSIGN_OR_RETURN(auto const file, files_.open_append(path));
        RETURN_IF_ERROR(checked(file->sync()));
    }
    for (auto const& path : unsynced_directories_) RETURN_IF_ERROR(checked(files_.sync_directory(path)));
    unsynced_files_.clear();
    unsynced_directories_.clear();
    return ok();
}

Result<void> DurableFiles::checked(Result<void> result) {
    if (!result && is_sync_failure(result.error()) && on_sync_failure_)
        on_sync_failure_(result.error().context);
    return result;
}

}  // namespace ggen::detail
