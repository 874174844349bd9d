// write_archive and digest_tree: the canonical form of files that are read while it is written.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "archive/archive.hpp"
#include "archive/archive_internal.hpp"
#include "archive/frame.hpp"
#include "archive/path_rules.hpp"
#include "archive/ustar.hpp"

namespace ggen {
namespace {

using archive_internal::ListedFile;

/// Sorts `members` and holds them against the rules. Returns the size of their tree.
Result<std::uint64_t> plan(std::string_view top_directory, std::vector<ArchiveMember>& members,
                           ArchiveBounds const& bounds) {
    std::sort(members.begin(), members.end(),
              [](ArchiveMember const& a, ArchiveMember const& b) { return a.path < b.path; });
    std::vector<ListedFile> listed;
    listed.reserve(members.size());
    for (auto const& member : members) listed.push_back({member.path, member.size_bytes});
    return archive_internal::check_list(top_directory, listed, bounds);
}

Result<void> write_content(ArchiveMember const& member, GiveContent const& give, TakePiece const& take) {
    auto const other_size = [&] {
        return Error{Errc::corrupt, fmt::format("{} changed while it was read", path_rules::shown(member.path))};
    };
    auto left = member.size_bytes;
    RETURN_IF_ERROR(give(member, [&](BytesView piece) -> Result<void> {
        if (piece.size() > left) return other_size();
        left -= piece.size();
        return take(piece);
    }));
    if (left > 0) return other_size();
    return ok();
}

/// The canonical ustar bytes of sorted members, in pieces.
Result<void> write_tree(std::string_view top_directory, std::vector<ArchiveMember> const& members,
                        GiveContent const& give, TakePiece const& take) {
    std::array<std::uint8_t, ustar::k_end_bytes> const zeros{};
    std::array<std::uint8_t, ustar::k_block_bytes> header{};
    for (auto const& member : members) {
        RETURN_IF_ERROR(ustar::write_header(
            header, {fmt::format("{}/{}", top_directory, member.path), member.executable, member.size_bytes}));
        RETURN_IF_ERROR(take(header));
        RETURN_IF_ERROR(write_content(member, give, take));
        auto const padding = ustar::padded(member.size_bytes) - member.size_bytes;
        if (padding > 0) RETURN_IF_ERROR(take(BytesView{zeros}.first(static_cast<std::size_t>(padding))));
    }
    return take(zeros);
}

}  // namespace

namespace archive_internal {

Result<WrittenArchive> write_archive(std::string_view top_directory, std::vector<ArchiveMember> members,
                                     GiveContent const& give, TakePiece const& packed, ArchiveBounds const& bounds) {
    auto const tree_bytes = plan(top_directory, members, bounds);
    if (!tree_bytes) return wrap(tree_bytes.error(), "archive");
    WrittenArchive written;
    written.tree_bytes = *tree_bytes;
    Sha256 archive_digest;
    Sha256 tree_digest;
    FrameWriter frame{*tree_bytes, [&](BytesView piece) -> Result<void> {
                          written.packed_bytes += piece.size();
                          if (written.packed_bytes > bounds.packed_bytes_max)
                              return check_packed_size(written.packed_bytes, written.tree_bytes, bounds);
                          archive_digest.update(piece);
                          return packed(piece);
                      }};
    RETURN_IF_ERROR(write_tree(top_directory, members, give, [&](BytesView piece) {
        tree_digest.update(piece);
        return frame.feed(piece);
    }));
    RETURN_IF_ERROR(frame.finish());
    RETURN_IF_ERROR(check_packed_size(written.packed_bytes, written.tree_bytes, bounds));
    written.archive = archive_digest.finish();
    written.tree = tree_digest.finish();
    return written;
}

}  // namespace archive_internal

Result<WrittenArchive> write_archive(std::string_view top_directory, std::vector<ArchiveMember> members,
                                     GiveContent const& give, TakePiece const& packed) {
    return archive_internal::write_archive(top_directory, std::move(members), give, packed, {});
}

Result<Digest> digest_tree(std::string_view top_directory, std::vector<ArchiveMember> members,
                           GiveContent const& give) {
    if (auto const tree_bytes = plan(top_directory, members, {}); !tree_bytes)
        return wrap(tree_bytes.error(), "archive");
    Sha256 digest;
    RETURN_IF_ERROR(write_tree(top_directory, members, give, [&](BytesView piece) {
        digest.update(piece);
        return ok();
    }));
    return digest.finish();
}

}  // namespace ggen
