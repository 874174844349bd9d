#include <algorithm>

#include "base/file_pieces.hpp"
#include "store/disk_store.hpp"

namespace ggen {
namespace {

constexpr std::uint32_t k_owner_executes = 0100;
constexpr int k_depth_max = 128;

/// Compares a directory with a list of files, reading every byte and following no link.
class Comparison {
public:
    Comparison(FileSystem& files, TreeManifest const& manifest) : files_(files), manifest_(manifest) {}

    Result<std::vector<TreeDifference>> run(std::string const& directory) {
        RETURN_IF_ERROR(walk(directory, "", 0));
        for (auto const& file : manifest_.files) {
            auto const is_seen = std::binary_search(seen_.begin(), seen_.end(), file.path);
            if (!is_seen) report(TreeDifference::Kind::missing, file.path);
        }
        return std::move(differences_);
    }

private:
    void report(TreeDifference::Kind kind, std::string path) {
        differences_.push_back({kind, std::move(path)});
    }

    [[nodiscard]] TreeManifest::File const* expected(std::string const& path) const {
        auto const at =
            std::lower_bound(manifest_.files.begin(), manifest_.files.end(), path,
                             [](auto const& file, auto const& wanted) { return file.path < wanted; });
        return at != manifest_.files.end() && at->path == path ? &*at : nullptr;
    }

    [[nodiscard]] bool is_expected_directory(std::string const& path) const {
        auto const prefix = path + "/";
        auto const at =
            std::lower_bound(manifest_.files.begin(), manifest_.files.end(), prefix,
                             [](auto const& file, auto const& wanted) { return file.path < wanted; });
        return at != manifest_.files.end() && at->path.starts_with(prefix);
    }

    Result<void> walk(std::string const& directory, std::string const& below, int depth) {
        if (depth > k_depth_max) {
            report(TreeDifference::Kind::extra, below);
            return ok();
        }
        ASSIGN_OR_RETURN(auto const entries, files_.list(directory));
        for (auto const& entry : entries) {
            auto const path = below.empty() ? entry.name : below + "/" + entry.name;
            auto const full = directory + "/" + entry.name;
            if (auto const* const file = expected(path)) {
                RETURN_IF_ERROR(check_file(*file, full));
            } else if (entry.kind == FileKind::directory && is_expected_directory(path)) {
                RETURN_IF_ERROR(walk(full, path, depth + 1));
            } else {
                report(is_expected_directory(path) ? TreeDifference::Kind::kind : TreeDifference::Kind::extra,
                       path);
            }
        }
        return ok();
    }

    Result<void> check_file(TreeManifest::File const& file, std::string const& full) {
        // Directories are walked in byte order of names, which is not quite that of whole paths.
        seen_.insert(std::upper_bound(seen_.begin(), seen_.end(), file.path), file.path);
        ASSIGN_OR_RETURN(auto const info, files_.info(full));
        if (info.kind != FileKind::regular) {
            report(TreeDifference::Kind::kind, file.path);
            return ok();
        }
        bool const executes = (info.mode & k_owner_executes) != 0;
        if (info.size_bytes != file.size_bytes) {
            report(TreeDifference::Kind::changed, file.path);
            return ok();
        }
        Sha256 digest;
        auto read = each_piece(files_, full, file.size_bytes, [&](BytesView piece) {
            digest.update(piece);
            return ok();
        });
        if (!read && read.error().code != Errc::corrupt) return read;
        if (!read || digest.finish() != file.digest) {
            report(TreeDifference::Kind::changed, file.path);
        } else if (executes != file.executable) {
            report(TreeDifference::Kind::mode, file.path);
        }
        return ok();
    }

    FileSystem& files_;
    TreeManifest const& manifest_;
    std::vector<std::string> seen_;  // Sorted.
    std::vector<TreeDifference> differences_;
};

}  // namespace

bool DiskStore::check(Digest const& tree, std::string_view label) {
    auto const differences = compare(tree, package_path(tree));
    if (differences && differences->empty()) return true;
    static_cast<void>(damaged(tree, label, "it differs from its list"));
    return false;
}

Result<std::vector<TreeDifference>> DiskStore::compare(Digest const& tree, std::string const& directory) {
    ASSIGN_OR_RETURN(auto const manifest, read_manifest(tree));
    ASSIGN_OR_RETURN(auto const info, files_.info(directory));
    std::string real = directory;
    if (info.kind == FileKind::symlink) {
        ASSIGN_OR_RETURN(auto const target, files_.read_symlink(directory));
        // Links of generations are relative; a link that names another package is a difference.
        if (target != package_path(tree) && !target.ends_with("../pkg/" + tree.hex())) {
            return std::vector<TreeDifference>{{TreeDifference::Kind::kind, "."}};
        }
        real = package_path(tree);
    } else if (info.kind != FileKind::directory) {
        return std::vector<TreeDifference>{{TreeDifference::Kind::kind, "."}};
    }
    return Comparison{files_, manifest}.run(real);
}

}  // namespace ggen
