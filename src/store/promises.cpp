#include "store/promises.hpp"

#include "base/error_id.hpp"

namespace ggen {
namespace {

Error broken(std::string const& directory, std::string const& what) {
    return Error{Errc::refused, ErrorId::store_unsafe,
                 "the file system of " + directory + " cannot hold a store: " + what,
                 "point GGEN_CACHE_DIR at a directory on a local disk"};
}

Result<void> check_renames(FileSystem& files, std::string const& room, std::string const& directory) {
    auto const first = room + "/first";
    auto const second = room + "/second";
    RETURN_IF_ERROR(files.make_directories(first));
    RETURN_IF_ERROR(files.write_file_atomic(first + "/file", as_bytes("1"), Sync::none));
    RETURN_IF_ERROR(files.make_directories(second));
    auto const onto = files.rename_no_replace(first, second);
    if (onto || !files.info(first + "/file"))
        return broken(directory, "a rename that must replace nothing replaced a directory");
    if (onto.error().code != Errc::conflict)
        return broken(directory, "it knows no rename that replaces nothing (" + onto.error().context + ")");
    auto const third = room + "/third";
    if (auto const moved = files.rename_no_replace(first, third); !moved)
        return broken(directory, "a directory cannot be renamed (" + moved.error().context + ")");
    auto const content = files.read_file(third + "/file", 1);
    if (!content || as_text(*content) != "1" || files.info(first))
        return broken(directory, "a renamed directory stands in two places or is not whole");
    return ok();
}

Result<void> check_locks(FileSystem& files, std::string const& room, std::string const& directory) {
    auto const held = files.lock(room + "/lock", LockMode::exclusive);
    if (!held) return broken(directory, "files cannot be locked (" + held.error().context + ")");
    auto const other = files.try_lock(room + "/lock", LockMode::shared);
    if (!other) return broken(directory, "files cannot be locked (" + other.error().context + ")");
    if (other->has_value()) return broken(directory, "a lock does not keep a second one away");
    return ok();
}

}  // namespace

Result<void> check_promises(FileSystem& files, std::string const& room, std::string const& directory) {
    RETURN_IF_ERROR(files.remove_tree(room));
    RETURN_IF_ERROR(files.make_directories(room, 0700));
    auto checked = check_renames(files, room, directory);
    if (checked) checked = check_locks(files, room, directory);
    auto const removed = files.remove_tree(room);
    return checked ? removed : checked;
}

}  // namespace ggen
