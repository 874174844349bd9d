#pragma once

#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp is POSIX.

#include <memory>
#include <string>

#include "base/file_system.hpp"

namespace ggen::testing {

/// A fresh directory that is removed at the end of the test.
class TempDir {
public:
    TempDir() : files_(make_posix_file_system()) {
        char const* const base = getenv("TMPDIR");
        path_ = std::string{base != nullptr ? base : "/tmp"} + "/ggen-test-XXXXXX";
        GGEN_ASSERT(mkdtemp(path_.data()) != nullptr);
    }
    TempDir(TempDir const&) = delete;
    TempDir& operator=(TempDir const&) = delete;
    ~TempDir() {
        auto const ignored = files_->remove_tree(path_);
        static_cast<void>(ignored);
    }
    [[nodiscard]] std::string const& path() const { return path_; }
    [[nodiscard]] std::string operator/(std::string_view name) const { return join_path(path_, name); }
    [[nodiscard]] FileSystem& files() const { return *files_; }

private:
    std::unique_ptr<FileSystem> files_;
    std::string path_;
};

}  // namespace ggen::testing
