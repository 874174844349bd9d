#include "registry/source.hpp"

#include <utility>

namespace ggen {
namespace {

/// No way out of the folder: relative, no empty, "." or ".." component, no private (dot) component.
bool is_safe_path(std::string_view path) {
    while (true) {
        auto const slash = path.find('/');
        auto const part = path.substr(0, slash);
        if (part.empty() || part[0] == '.' || part.find('\0') != std::string_view::npos) return false;
        if (slash == std::string_view::npos) return true;
        path.remove_prefix(slash + 1);
    }
}

}  // namespace

std::string blob_path(Digest const& digest) { return "blob/sha256/" + digest.hex(); }

FolderSource::FolderSource(FileSystem& files, std::string directory)
    : files_(files), directory_(std::move(directory)) {}

Result<Bytes> FolderSource::read(std::string const& path, std::uint64_t bytes_max) {
    if (!is_safe_path(path)) return Error{Errc::not_found, "a registry has no file of this name: " + path};
    return files_.read_file(join_path(directory_, path), bytes_max);
}

Result<Bytes> FolderSource::read_blob(Digest const& digest, std::uint64_t bytes_max) {
    return read(blob_path(digest), bytes_max);
}

}  // namespace ggen
