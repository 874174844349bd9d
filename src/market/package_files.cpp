#include "market/package_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "spec/glob.hpp"

namespace ggen::detail {
namespace {

constexpr std::size_t k_depth_max = 64;
constexpr std::size_t k_entries_max = 1'000'000;  // Seen on the way, packed or not.
constexpr std::string_view k_manifest_name = "gpack.toml";

bool is_never_packed(std::string_view name, bool is_top) {
    for (std::string_view const other : {".git", ".hg", ".svn", ".DS_Store"}) {
        if (name == other) return true;
    }
    if (!is_top) return false;
    return name == "gpacks" || name == ".ggen" || name.starts_with("ggen.lock") || name.ends_with(".gpack");
}

/// Stays in whatever `include` says, as everywhere else.
bool is_licence_or_readme(std::string_view path) {
    for (std::string_view const stem : {"LICENSE", "LICENCE", "COPYING", "NOTICE", "README"}) {
        if (path.starts_with(stem) && path.find('/') == std::string_view::npos) return true;
    }
    return false;
}

class Collector {
public:
    Collector(FileSystem& files, CancelToken const& cancel, std::string directory)
        : files_(files), cancel_(cancel), directory_(std::move(directory)) {}

    Result<void> read_globs(Manifest const& manifest) {
        for (auto const& text : manifest.include) {
            ASSIGN_OR_RETURN(auto glob, Glob::parse(text));
            include_.push_back(std::move(glob));
        }
        for (auto const& text : manifest.exclude) {
            ASSIGN_OR_RETURN(auto glob, Glob::parse(text));
            exclude_.push_back(std::move(glob));
        }
        readme_ = manifest.readme;
        return ok();
    }

    Result<void> collect(std::string const& below, std::size_t depth) {
        if (depth > k_depth_max) {
            return Error{Errc::too_large, ErrorId::archive_too_large,
                         fmt::format("{}: more than {} directories deep", below, k_depth_max)};
        }
        ASSIGN_OR_RETURN(auto const entries, files_.list(join_path(directory_, below), k_entries_max));
        for (auto const& entry : entries) {
            RETURN_IF_ERROR(cancel_.check());
            if (++seen_ > k_entries_max) {
                return Error{Errc::too_large, ErrorId::archive_too_large,
                             fmt::format("{}: more than {} files and directories", directory_, k_entries_max)};
            }
            if (is_never_packed(entry.name, below.empty())) continue;
            auto const path = join_path(below, entry.name);
            if (entry.kind == FileKind::directory) {
                RETURN_IF_ERROR(collect(path, depth + 1));
            } else if (is_wanted(path)) {
                RETURN_IF_ERROR(add(path, entry.kind));
            }
        }
        return ok();
    }

    [[nodiscard]] std::vector<ArchiveMember> take() && {
        std::sort(found_.begin(), found_.end(),
                  [](ArchiveMember const& a, ArchiveMember const& b) { return a.path < b.path; });
        return std::move(found_);
    }

private:
    [[nodiscard]] bool is_wanted(std::string const& path) const {
        if (path == k_manifest_name) return true;
        auto const hits = [&](Glob const& glob) { return glob.matches(path); };
        if (std::any_of(exclude_.begin(), exclude_.end(), hits)) return false;
        return include_.empty() || is_licence_or_readme(path) || path == readme_ ||
               std::any_of(include_.begin(), include_.end(), hits);
    }

    [[nodiscard]] Result<void> add(std::string const& path, FileKind kind) {
        auto const full = join_path(directory_, path);
        if (kind != FileKind::regular) {
            return Error{Errc::refused, ErrorId::archive_path_unsafe,
                         fmt::format("{} is {}; a package holds regular files only", escape_for_terminal(full),
                                     kind == FileKind::symlink ? "a symbolic link" : "no regular file"),
                         fmt::format("put a copy in its place, or write exclude = [\"/{}\"]",
                                     escape_for_terminal(path))};
        }
        if (auto const checked = check_archive_path(path); !checked) return checked.error();
        if (found_.size() == ArchiveLimits::k_files_max) {
            return Error{Errc::too_large, ErrorId::archive_too_large,
                         fmt::format("{}: more than {} files", directory_, ArchiveLimits::k_files_max)};
        }
        ASSIGN_OR_RETURN(auto const info, files_.info(full));
        if (info.kind != FileKind::regular) {
            return Error{Errc::refused, ErrorId::archive_path_unsafe, escape_for_terminal(full) + " changed meanwhile"};
        }
        bytes_ += info.size_bytes;
        if (bytes_ > ArchiveLimits::k_packed_bytes_max) {
            return Error{Errc::too_large, ErrorId::archive_too_large,
                         fmt::format("{}: with this file the package holds {} bytes; the limit here is {}", full,
                                     bytes_, ArchiveLimits::k_packed_bytes_max)};
        }
        found_.push_back({path, (info.mode & 0111U) != 0, info.size_bytes});
        return ok();
    }

    FileSystem& files_;
    CancelToken const& cancel_;
    std::string directory_;
    std::string readme_;
    std::vector<Glob> include_;
    std::vector<Glob> exclude_;
    std::vector<ArchiveMember> found_;
    std::size_t seen_ = 0;
    std::uint64_t bytes_ = 0;
};

}  // namespace

Result<std::vector<ArchiveMember>> list_package_files(FileSystem& files, CancelToken const& cancel,
                                                      std::string const& directory, Manifest const& manifest) {
    Collector collector{files, cancel, directory};
    RETURN_IF_ERROR(collector.read_globs(manifest));
    RETURN_IF_ERROR(collector.collect({}, 0));
    return std::move(collector).take();
}

}  // namespace ggen::detail
