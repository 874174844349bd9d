#pragma once

#include <string>

#include "base/posix_file.hpp"

namespace ggen::p2p {

/// Tells that something may have happened to a file that others replace or make, and whose folders they may make as
/// well: a descriptor that can be read then (inotify). The kernel grants a user some hundred of these, so there may be
/// none; who needs to know looks from time to time then.
class FileWatch {
public:
    explicit FileWatch(std::string path);

    /// What to wait for; -1 when the kernel grants none.
    [[nodiscard]] int descriptor() const { return fd_.get(); }
    /// After the descriptor could be read: takes what it tells, and watches folders that were made meanwhile. The
    /// caller looks at the file after this, so that nothing is missed.
    void take();

private:
    void watch();

    std::string path_;
    posix::Fd fd_;
    int watched_ = -1;
    std::string folder_;  // That is watched: the file's own, or the nearest above that there is.
};

}  // namespace ggen::p2p
