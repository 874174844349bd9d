#include "registry/root_chain.hpp"

namespace ggen::detail {
namespace {

constexpr std::uint64_t k_root_versions_max = 1'000'000;

}  // namespace

Result<RootFile> load_root_chain(FileSystem& files, std::string const& directory) {
    ASSIGN_OR_RETURN(auto const first,
                     files.read_file(join_path(directory, "root/1"), RootFile::k_bytes_max));
    ASSIGN_OR_RETURN(auto root, RootFile::parse(as_text(first)));
    RETURN_IF_ERROR(root.verify_signed_by(root));
    while (root.version < k_root_versions_max) {
        auto const next = files.read_file(join_path(directory, "root/" + std::to_string(root.version + 1)),
                                          RootFile::k_bytes_max);
        if (!next && next.error().code == Errc::not_found) break;
        if (!next) return next.error();
        ASSIGN_OR_RETURN(root, RootFile::accept_next(root, as_text(*next)));
    }
    return root;
}

Result<RootFile> follow_root_chain(LogSource& source, RootFile root) {
    for (unsigned step = 0; step < RootFile::k_steps_max; ++step) {
        auto const next = source.read("root/" + std::to_string(root.version + 1), RootFile::k_bytes_max);
        if (!next && next.error().code == Errc::not_found) break;
        if (!next) return next.error();
        ASSIGN_OR_RETURN(root, RootFile::accept_next(root, as_text(*next)));
    }
    return root;
}

}  // namespace ggen::detail
