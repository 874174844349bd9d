#pragma once

#include <memory>
#include <string>

#include "base/file_system.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

namespace ggen {

/// A file of this process's own in the cache directory, for what is larger than memory should hold. It goes with the
/// object unless somebody moved it; what a killed process left goes with the next object that no other stands beside.
class ScratchFile {
public:
    /// `directory` is made when it is missing and holds nothing else. Errors: io.
    static Result<std::unique_ptr<ScratchFile>> create(FileSystem& files, Random& random, std::string directory);
    ScratchFile(ScratchFile const&) = delete;
    ScratchFile& operator=(ScratchFile const&) = delete;
    ~ScratchFile();

    Result<void> append(BytesView bytes) { return file_->append(bytes); }
    [[nodiscard]] std::string const& path() const { return path_; }

private:
    explicit ScratchFile(FileSystem& files) : files_(files) {}
    void sweep(std::string const& directory);

    FileSystem& files_;
    std::unique_ptr<FileLock> lock_;  // Shared: keeps others from sweeping.
    std::string path_;
    std::unique_ptr<AppendFile> file_;
};

}  // namespace ggen
