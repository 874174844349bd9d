#include "base/file_pieces.hpp"

#include <algorithm>

namespace ggen {

Result<void> each_piece(FileSystem& files, std::string const& path, std::uint64_t size_bytes,
                        std::function<Result<void>(BytesView)> const& take) {
    constexpr std::uint64_t k_piece_bytes = 1 * k_mib;
    if (size_bytes <= k_piece_bytes) {
        ASSIGN_OR_RETURN(auto const content, files.read_file(path, size_bytes));
        if (content.size() != size_bytes) return Error{Errc::corrupt, path + " has another size"};
        return take(content);
    }
    ASSIGN_OR_RETURN(auto const mapped, files.map(path, size_bytes));
    if (mapped->bytes().size() != size_bytes) return Error{Errc::corrupt, path + " has another size"};
    Bytes piece;
    for (std::uint64_t at = 0; at < size_bytes; at += piece.size()) {
        piece.resize(static_cast<std::size_t>(std::min(k_piece_bytes, size_bytes - at)));
        RETURN_IF_ERROR(mapped->read_at(at, piece));
        RETURN_IF_ERROR(take(piece));
    }
    return ok();
}

Result<void> move_file(FileSystem& files, std::string const& from, std::uint64_t size_bytes, std::string const& to) {
    if (files.rename(from, to)) return ok();
    auto const slash = to.rfind('/');
    auto const name = slash == std::string::npos ? to : to.substr(slash + 1);
    auto const copy = join_path(parent_path(to), ".tmp-" + name);
    RETURN_IF_ERROR(files.remove_tree(copy));  // Of a copy that was killed.
    auto copied = [&]() -> Result<void> {
        ASSIGN_OR_RETURN(auto const out, files.open_append(copy));
        return each_piece(files, from, size_bytes, [&](BytesView piece) { return out->append(piece); });
    }();
    if (copied) copied = files.rename(copy, to);
    if (!copied) {
        auto const removed = files.remove_tree(copy);
        static_cast<void>(removed);
        return copied;
    }
    return files.remove_file(from);
}

}  // namespace ggen
