#pragma once

#include <string>
#include <vector>

#include "archive/archive.hpp"
#include "base/cancel.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"
#include "spec/manifest.hpp"

namespace ggen::detail {

/// The files of the package in `directory`, chosen by its include and exclude, in byte order of their
/// paths. gpack.toml is always among them. Links and devices that would be packed are refused: a link
/// could take in files from outside.
/// Errors: refused (archive_path_unsafe) with the path, too_large, io, cancelled.
[[nodiscard]] Result<std::vector<ArchiveMember>> list_package_files(FileSystem& files, CancelToken const& cancel,
                                                                    std::string const& directory,
                                                                    Manifest const& manifest);

/// Finds what a publisher probably did not intend. Looks at nothing but the package, file by file.
class PackageLint {
public:
    /// How much of a file is looked at.
    static constexpr std::size_t k_head_bytes = 64 * k_kib;

    explicit PackageLint(Manifest const& manifest);
    /// `head` is the beginning of a file that holds `size_bytes`: all of it, or at least `k_head_bytes`.
    void look_at(std::string const& path, std::uint64_t size_bytes, BytesView head);
    /// Sentences, in the order in which the files came.
    [[nodiscard]] std::vector<std::string> finish() &&;

private:
    Manifest const& manifest_;
    std::vector<std::string> warnings_;
    bool has_readme_ = false;
};

}  // namespace ggen::detail
