#include "market/scratch_file.hpp"

#include <fmt/format.h>

#include <utility>

namespace ggen {
namespace {

std::string lock_path(std::string const& directory) { return join_path(directory, "lock"); }

}  // namespace

Result<std::unique_ptr<ScratchFile>> ScratchFile::create(FileSystem& files, Random& random, std::string directory) {
    std::unique_ptr<ScratchFile> scratch{new ScratchFile{files}};
    RETURN_IF_ERROR(files.make_directories(directory, 0700));
    scratch->sweep(directory);
    ASSIGN_OR_RETURN(scratch->lock_, files.lock(lock_path(directory), LockMode::shared));
    scratch->path_ = join_path(directory, fmt::format("{:016x}", random.next_u64()));
    ASSIGN_OR_RETURN(scratch->file_, files.open_append(scratch->path_));
    return scratch;
}

ScratchFile::~ScratchFile() {
    if (path_.empty()) return;
    auto const removed = files_.remove_tree(path_);
    static_cast<void>(removed);
}

/// Who holds the lock alone knows that no file here belongs to somebody who lives.
void ScratchFile::sweep(std::string const& directory) {
    auto const alone = files_.try_lock(lock_path(directory), LockMode::exclusive);
    if (!alone || !*alone) return;
    auto const entries = files_.list(directory);
    if (!entries) return;
    for (auto const& entry : *entries) {
        auto const path = join_path(directory, entry.name);
        if (path == lock_path(directory)) continue;
        auto const removed = files_.remove_tree(path);
        static_cast<void>(removed);
    }
}

}  // namespace ggen
