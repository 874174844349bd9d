#include "net/daemon/file_watch.hpp"

#include <sys/inotify.h>

#include <array>
#include <utility>

#include "base/file_system.hpp"

namespace ggen::p2p {
namespace {

/// Files are written to the side and moved to their place; a folder may be moved there whole.
constexpr std::uint32_t k_events =
    IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

}  // namespace

FileWatch::FileWatch(std::string path) : path_(std::move(path)), fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    watch();
}

void FileWatch::take() {
    alignas(inotify_event) std::array<char, 4096> events{};
    while (::read(fd_.get(), events.data(), events.size()) > 0) {
    }
    watch();
}

/// Once more after each that succeeds: the folder below may have been made between the look and the watch.
void FileWatch::watch() {
    if (!fd_.is_open()) return;
    for (int tries = 0; tries < 100; ++tries) {
        auto folder = parent_path(path_);
        int watched = ::inotify_add_watch(fd_.get(), folder.c_str(), k_events);
        while (watched < 0 && folder.size() > 1) {
            folder = parent_path(folder);
            watched = ::inotify_add_watch(fd_.get(), folder.c_str(), k_events);
        }
        if (watched == watched_ && folder == folder_) return;
        if (watched_ >= 0 && watched != watched_) ::inotify_rm_watch(fd_.get(), watched_);
        watched_ = watched;
        folder_ = std::move(folder);
        if (watched < 0) return;
    }
}

}  // namespace ggen::p2p
