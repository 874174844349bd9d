#include <algorithm>

#include "archive/archive.hpp"
#include "base/file_pieces.hpp"
#include "market/install_fetch.hpp"
#include "market/install_transaction.hpp"
#include "market/project.hpp"
#include "market/witnesses.hpp"

namespace ggen {
namespace {

constexpr std::uint32_t k_owner_executes = 0100;
constexpr int k_depth_max = 128;

/// Lists an installed package as the files that its archive was made from.
class InstalledFiles {
public:
    explicit InstalledFiles(FileSystem& files) : files_(files) {}

    Result<void> list(std::string const& directory) {
        real_ = directory;
        ASSIGN_OR_RETURN(auto const info, files_.info(directory));
        if (info.kind == FileKind::symlink) {
            ASSIGN_OR_RETURN(auto const link, files_.read_symlink(directory));
            real_ = link.starts_with('/') ? link : join_path(parent_path(directory), link);
        }
        return walk("", 0);
    }
    [[nodiscard]] std::size_t files() const { return members_.size(); }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    /// Of the canonical archive of what is there; reads every byte, a piece at a time.
    [[nodiscard]] Result<Digest> tree(std::string_view top_directory) {
        return digest_tree(top_directory, members_, [this](ArchiveMember const& member, TakePiece const& take) {
            return each_piece(files_, join_path(real_, member.path), member.size_bytes, take);
        });
    }

private:
    Result<void> walk(std::string const& below, int depth) {
        if (depth > k_depth_max) return Error{Errc::too_large, below + ": too deep"};
        ASSIGN_OR_RETURN(auto const found, files_.list(below.empty() ? real_ : join_path(real_, below)));
        for (auto const& entry : found) {
            auto const path = join_path(below, entry.name);
            if (entry.kind == FileKind::directory) {
                RETURN_IF_ERROR(walk(path, depth + 1));
                continue;
            }
            ASSIGN_OR_RETURN(auto const info, files_.info(join_path(real_, path)));
            if (entry.kind != FileKind::regular || info.kind != FileKind::regular) {
                return Error{Errc::corrupt, ErrorId::installed_tree_changed, path + " is not a plain file"};
            }
            bytes_ += info.size_bytes;
            members_.push_back({path, (info.mode & k_owner_executes) != 0, info.size_bytes});
        }
        return ok();
    }

    FileSystem& files_;
    std::string real_;
    std::vector<ArchiveMember> members_;
    std::uint64_t bytes_ = 0;
};

class Verifier {
public:
    explicit Verifier(Market& market) : market_(market), roots_(market), target_(current_target(market)) {}

    Result<VerifyReport> run(Lockfile const& lockfile) {
        auto const started = market_.clock.steady_now();
        auto const text = market_.files.read_file(ProjectPaths::of(market_.project_directory).proofs,
                                                  LockProofs::k_bytes_max);
        if (text) {
            auto parsed = LockProofs::parse(as_text(*text));
            if (parsed)
                proofs_ = std::move(*parsed);
            else
                proofs_problem_ = parsed.error().context;
        } else {
            proofs_problem_ = text.error().context;
        }
        for (auto const& [name, package] : lockfile.packages) {
            RETURN_IF_ERROR(market_.cancel.check());
            VerifiedPackage line{name, package.version, package.origin, {}, {}};
            check_proof(package, line);
            check_files(package, line);
            report_.packages.push_back(std::move(line));
        }
        report_.elapsed_us = static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(market_.clock.steady_now() - started)
                .count());
        return std::move(report_);
    }

private:
    void check_proof(LockedPackage const& package, VerifiedPackage& line) {
        auto const proof = proofs_.packages.find(package.name);
        if (proof == proofs_.packages.end()) {
            line.problems.push_back(proofs_problem_.empty() ? "ggen.lock.proofs holds no proof for it"
                                                            : proofs_problem_);
            return;
        }
        auto const root = roots_.of(package.origin);
        if (!root) {
            line.problems.push_back(root.error().context);
            return;
        }
        auto const checked = check_package_proof(**root, proof->second, package);
        if (checked) {
            ++report_.proofs;
            line.witnesses = detail::witnesses_of((*root)->root(), proof->second.proof.checkpoint_note);
        } else {
            line.problems.push_back(checked.error().context);
        }
    }

    /// The canonical archive of what is installed must have the digest that was signed: this needs neither
    /// the store nor the network. The store only helps to name the files that differ.
    void check_files(LockedPackage const& package, VerifiedPackage& line) {
        auto const directory = join_path(target_, package.name.text());
        InstalledFiles installed{market_.files};
        auto const listed = installed.list(directory);
        report_.files += installed.files();
        report_.bytes += installed.bytes();
        if (!listed && listed.error().code == Errc::not_found) {
            line.problems.push_back("its files are not there");
            return;
        }
        if (listed) {
            auto const tree = installed.tree(archive_top_directory(package.name.text(), package.version.text()));
            if (tree && *tree == package.tree) return;
        }
        name_differences(package, directory, line);
        if (line.differences.empty()) {
            line.problems.push_back(listed ? "the installed files are not those that were signed"
                                         : listed.error().context);
        }
    }

    void name_differences(LockedPackage const& package, std::string const& directory, VerifiedPackage& line) {
        auto const store =
            PackageStore::open(market_.files, market_.clock, join_path(market_.directories.cache, "store"));
        if (!store) return;
        if (auto differences = (*store)->compare(package.tree, directory))
            line.differences = std::move(*differences);
    }

    Market& market_;
    PinnedRoots roots_;
    std::string target_;
    LockProofs proofs_;
    std::string proofs_problem_;
    VerifyReport report_;
};

}  // namespace

bool VerifyReport::is_sound() const {
    return std::all_of(packages.begin(), packages.end(), [](auto const& package) {
        return package.problems.empty() && package.differences.empty();
    });
}

Result<VerifyReport> verify_project(Market& market, bool /*offline*/) {
    ASSIGN_OR_RETURN(auto const lockfile, read_project_lockfile(market));
    return Verifier{market}.run(lockfile.value_or(Lockfile{}));
}

}  // namespace ggen
