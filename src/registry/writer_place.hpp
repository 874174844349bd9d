#pragma once

#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "base/result.hpp"

namespace ggen::detail {

/// What tells a file from each copy of it: inode and time of birth, which no tool that copies, unpacks or overwrites
/// can carry over. Empty when nothing is there or the file system does not tell.
[[nodiscard]] std::string birthmark(std::string const& path);

/// Remembers, beside the private checkpoint of a writer, which file that is. Brought back from a backup the two do not
/// belong together, and the log may have gone on since. Blind to copies of whole disks.
class WriterPlace {
public:
    WriterPlace(FileSystem& files, std::string directory) : files_(files), directory_(std::move(directory)) {}

    /// Replaces the private checkpoint durably, and remembers it. Killed anywhere, both old and new are at home here.
    Result<void> replace_checkpoint(BytesView content) const;
    /// Whether the checkpoint that stands there is the file that was written there.
    [[nodiscard]] bool is_home() const;
    /// From now on it is. Errors: io.
    Result<void> settle() const;

private:
    [[nodiscard]] std::string path(std::string_view name) const { return join_path(directory_, name); }
    Result<void> remember(std::vector<std::string> const& marks) const;

    FileSystem& files_;
    std::string directory_;
};

}  // namespace ggen::detail
