#include "p2p/discovery/state_file.hpp"

namespace ggen::p2p {

Result<void> load_state_file(FileSystem& disk, std::string const& path, std::uint64_t bytes_max,
                             std::function<Result<void>(BytesView image)> const& decode) {
    auto const image = disk.read_file(path, bytes_max);
    if (!image && image.error().code == Errc::not_found) return ok();
    if (!image && image.error().code != Errc::too_large) return wrap(image.error(), path);
    auto const read = image ? decode(*image) : Result<void>{image.error()};
    if (read) return ok();
    auto const moved = disk.rename(path, path + ".bad");
    return wrap(moved ? read.error() : moved.error(), path);
}

Result<void> save_state_file(FileSystem& disk, std::string const& path, BytesView image) {
    RETURN_IF_ERROR(disk.make_directories(parent_path(path), 0700));
    return disk.write_file_atomic(path, image, Sync::none, 0600);
}

}  // namespace ggen::p2p
