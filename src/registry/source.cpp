#include "registry/source.hpp"

#include <algorithm>
#include <utility>

namespace ggen {
namespace {

constexpr std::uint64_t k_piece_bytes = 256 * k_kib;

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

Result<void> FolderSource::stream_blob(Digest const& digest, std::uint64_t from, std::uint64_t bytes_max,
                                       TakeBytes const& take) {
    ASSIGN_OR_RETURN(auto const file, files_.map(join_path(directory_, blob_path(digest)), bytes_max));
    auto const size = file->bytes().size();
    Bytes piece;
    for (auto at = from; at < size; at += piece.size()) {
        piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(k_piece_bytes, size - at)));
        RETURN_IF_ERROR(file->read_at(at, piece));
        RETURN_IF_ERROR(take(piece));
    }
    return ok();
}

Result<void> BlobSource::stream_blob(Digest const& digest, std::uint64_t from, std::uint64_t bytes_max,
                                     TakeBytes const& take) {
    ASSIGN_OR_RETURN(auto const bytes, read_blob(digest, bytes_max));
    if (from >= bytes.size()) return ok();
    return take(BytesView{bytes}.subspan(static_cast<std::size_t>(from)));
}

}  // namespace ggen
