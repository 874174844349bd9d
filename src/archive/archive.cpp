#include "archive/archive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <new>
#include <optional>
#include <utility>

#include "archive/archive_internal.hpp"
#include "archive/frame.hpp"
#include "archive/path_rules.hpp"
#include "archive/tree_stream.hpp"
#include "archive/ustar.hpp"

namespace ggen {
namespace {

Error not_canonical(std::string_view reason) {
    return Error{Errc::corrupt, ErrorId::archive_not_canonical, std::string{reason}};
}

Error too_many_files(std::size_t files_max) {
    return Error{Errc::too_large, ErrorId::archive_too_large, fmt::format("it has more than {} files", files_max)};
}

/// `twice` is the reaction to a path that stands twice: an author can mend it, a reader cannot.
Result<void> check_order(std::string_view before, std::string_view path, Errc twice) {
    if (before < path) return ok();
    if (before == path) {
        return Error{twice, ErrorId::archive_collision,
                     fmt::format("{} stands twice in the archive", path_rules::shown(path))};
    }
    return not_canonical(fmt::format("{} stands after one that sorts behind it", path_rules::shown(path)));
}

Result<void> check_top_directory(std::string_view top) {
    if (top.find('/') != std::string_view::npos) {
        return Error{Errc::refused, ErrorId::archive_path_unsafe,
                     fmt::format("top directory: {} has more than one component", path_rules::shown(top))};
    }
    auto checked = path_rules::check(top, ArchiveLimits::k_component_bytes_max);
    if (!checked) return wrap(std::move(checked).error(), "top directory");
    return ok();
}

/// Everything that holds for each path and for the list of files as a whole.
Result<void> check_paths(std::vector<archive_internal::ListedFile> const& files, ArchiveBounds const& bounds) {
    if (files.empty()) return Error{Errc::invalid, ErrorId::archive_not_canonical, "it holds no file"};
    if (files.size() > bounds.files_max) return too_many_files(bounds.files_max);
    std::vector<std::string_view> paths;
    paths.reserve(files.size());
    for (auto const& file : files) {
        RETURN_IF_ERROR(check_archive_path(file.path));
        if (!paths.empty()) RETURN_IF_ERROR(check_order(paths.back(), file.path, Errc::conflict));
        paths.push_back(file.path);
    }
    return path_rules::check_collisions(paths);
}

/// Takes the files of a tree that is in memory as a whole: their content is a view into it.
class EntryList final : public ArchiveSink {
public:
    Result<void> begin_file(std::string const& path, bool executable, std::uint64_t) override {
        files_.push_back({path, executable, {}});
        return ok();
    }
    Result<void> add_content(BytesView piece) override {
        files_.back().content = piece;  // Fed in one piece, every content comes in one.
        return ok();
    }
    std::vector<ArchiveEntry> take_files() { return std::move(files_); }

private:
    std::vector<ArchiveEntry> files_;
};

std::vector<ArchiveEntry> sorted_entries(std::vector<ArchiveFile> const& files) {
    std::vector<ArchiveEntry> entries;
    entries.reserve(files.size());
    for (auto const& file : files) entries.push_back({file.path, file.executable, file.content});
    std::sort(entries.begin(), entries.end(),
              [](ArchiveEntry const& a, ArchiveEntry const& b) { return a.path < b.path; });
    return entries;
}

Result<Bytes> write_tree(std::string_view top_directory, std::vector<ArchiveEntry> const& sorted_files,
                         ArchiveBounds const& bounds) {
    std::vector<archive_internal::ListedFile> listed;
    listed.reserve(sorted_files.size());
    for (auto const& file : sorted_files) listed.push_back({file.path, file.content.size()});
    ASSIGN_OR_RETURN(auto const tree_bytes, archive_internal::check_list(top_directory, listed, bounds));
    try {
        Bytes tree(static_cast<std::size_t>(tree_bytes));
        std::size_t at = 0;
        for (auto const& file : sorted_files) {
            ustar::Header const header{fmt::format("{}/{}", top_directory, file.path), file.executable,
                                       file.content.size()};
            RETURN_IF_ERROR(ustar::write_header(std::span{tree}.subspan(at).first<ustar::k_block_bytes>(), header));
            at += ustar::k_block_bytes;
            std::copy(file.content.begin(), file.content.end(), tree.begin() + static_cast<std::ptrdiff_t>(at));
            at += static_cast<std::size_t>(ustar::padded(file.content.size()));
        }
        return tree;
    } catch (std::bad_alloc const&) {
        return Error{Errc::too_large, ErrorId::archive_too_large,
                     fmt::format("not enough memory for {} bytes", tree_bytes)};
    }
}

}  // namespace

namespace archive_internal {

Result<std::uint64_t> check_list(std::string_view top_directory, std::vector<ListedFile> const& sorted_files,
                                 ArchiveBounds const& bounds) {
    RETURN_IF_ERROR(check_top_directory(top_directory));
    RETURN_IF_ERROR(check_paths(sorted_files, bounds));
    auto const tree_bytes_max = bounds.unpacked_bytes_max(bounds.packed_bytes_max);
    std::uint64_t tree_bytes = ustar::k_end_bytes;
    for (auto const& file : sorted_files) tree_bytes += ustar::k_block_bytes + ustar::padded(file.size_bytes);
    if (tree_bytes > tree_bytes_max) {
        return Error{Errc::too_large, ErrorId::archive_too_large,
                     fmt::format("it has {} bytes, over the limit of {}", tree_bytes, tree_bytes_max)};
    }
    return tree_bytes;
}

Result<void> check_packed_size(std::uint64_t packed_bytes, std::uint64_t tree_bytes, ArchiveBounds const& bounds) {
    if (packed_bytes <= bounds.packed_bytes_max && tree_bytes <= bounds.unpacked_bytes_max(packed_bytes)) return ok();
    return Error{Errc::too_large, ErrorId::archive_too_large,
                 fmt::format("archive: {} bytes packed, {} unpacked, over a limit", packed_bytes, tree_bytes)};
}

Result<Bytes> encode_tree(std::string_view top_directory, std::vector<ArchiveEntry> const& sorted_files,
                          ArchiveBounds const& bounds) {
    auto tree = write_tree(top_directory, sorted_files, bounds);
    if (!tree) return wrap(std::move(tree).error(), "archive");
    return tree;
}

Result<DecodedArchive> decode_tree(Bytes tree_bytes, ArchiveBounds const& bounds) {
    EntryList entries;
    TreeStream stream{tree_bytes.size(), bounds, entries};
    auto read = stream.feed(tree_bytes);
    if (read) read = stream.finish();
    if (!read) return wrap(std::move(read).error(), "archive");
    DecodedArchive decoded;
    decoded.top_directory = stream.top_directory();
    decoded.files = entries.take_files();
    decoded.tree = sha256(tree_bytes);
    decoded.tree_bytes = std::move(tree_bytes);  // A moved vector keeps its buffer: views stay valid.
    return decoded;
}

}  // namespace archive_internal

struct ArchiveCodec::Impl {
    FrameCodec frame;
    ArchiveBounds bounds;
};

ArchiveCodec::ArchiveCodec() : impl_(std::make_unique<Impl>()) {}
ArchiveCodec::ArchiveCodec(ArchiveCodec&&) noexcept = default;
ArchiveCodec& ArchiveCodec::operator=(ArchiveCodec&&) noexcept = default;
ArchiveCodec::~ArchiveCodec() = default;

Result<EncodedArchive> ArchiveCodec::encode(std::string_view top_directory, std::vector<ArchiveFile> files) {
    EncodedArchive encoded;
    auto const entries = sorted_entries(files);
    ASSIGN_OR_RETURN(auto const tree, archive_internal::encode_tree(top_directory, entries, impl_->bounds));
    files.clear();  // Their bytes stand in `tree`; compression needs the memory.
    ASSIGN_OR_RETURN(encoded.packed, impl_->frame.compress(tree));
    RETURN_IF_ERROR(archive_internal::check_packed_size(encoded.packed.size(), tree.size(), impl_->bounds));
    encoded.tree_bytes = tree.size();
    encoded.tree = sha256(tree);
    encoded.archive = sha256(encoded.packed);
    return encoded;
}

Result<DecodedArchive> ArchiveCodec::decode(BytesView packed, std::optional<std::uint64_t> tree_bytes_expected) {
    ASSIGN_OR_RETURN(auto tree, impl_->frame.decompress(packed, impl_->bounds, tree_bytes_expected));
    return archive_internal::decode_tree(std::move(tree), impl_->bounds);
}

void ArchiveCodec::recycle(DecodedArchive archive) { impl_->frame.recycle(std::move(archive.tree_bytes)); }

struct ArchiveStream::Impl {
    Impl(std::uint64_t packed_bytes, ArchiveSink& sink_in) : frame(packed_bytes, bounds), sink(sink_in) {}

    /// The frame's header, which comes before the first byte, says how large the tree is.
    Result<void> take(BytesView piece) {
        if (!tree) tree.emplace(frame.content_bytes(), bounds, sink);
        tree_digest.update(piece);
        tree_bytes += piece.size();
        auto fed = tree->feed(piece);
        if (!fed) return wrap(std::move(fed).error(), "archive");
        return fed;
    }

    ArchiveBounds bounds;
    FrameStream frame;
    ArchiveSink& sink;
    std::optional<TreeStream> tree;
    Sha256 archive_digest;
    Sha256 tree_digest;
    std::uint64_t tree_bytes = 0;
};

ArchiveStream::ArchiveStream(std::uint64_t packed_bytes, ArchiveSink& sink)
    : impl_(std::make_unique<Impl>(packed_bytes, sink)) {}
ArchiveStream::~ArchiveStream() = default;

Result<void> ArchiveStream::feed(BytesView packed) {
    impl_->archive_digest.update(packed);
    return impl_->frame.feed(packed, [&](BytesView piece) { return impl_->take(piece); });
}

Result<ArchiveStream::Summary> ArchiveStream::finish() {
    RETURN_IF_ERROR(impl_->frame.finish());
    RETURN_IF_ERROR(impl_->take({}));  // A frame of nothing has not called it yet.
    if (auto done = impl_->tree->finish(); !done) return wrap(std::move(done).error(), "archive");
    return Summary{impl_->archive_digest.finish(), impl_->tree_digest.finish(), impl_->tree->top_directory(),
                   impl_->tree_bytes, impl_->tree->files()};
}

Result<EncodedArchive> encode_archive(std::string_view top_directory, std::vector<ArchiveFile> files) {
    return ArchiveCodec{}.encode(top_directory, std::move(files));
}

Result<Bytes> encode_tree(std::string_view top_directory, std::vector<ArchiveEntry> const& sorted_files) {
    return archive_internal::encode_tree(top_directory, sorted_files, {});
}

Result<DecodedArchive> decode_archive(BytesView packed) { return ArchiveCodec{}.decode(packed); }

Result<DecodedArchive> decode_tree(Bytes tree_bytes) {
    return archive_internal::decode_tree(std::move(tree_bytes), {});
}

Result<void> check_archive_room(std::string_view top_directory, std::string_view path) {
    RETURN_IF_ERROR(check_top_directory(top_directory));
    RETURN_IF_ERROR(check_archive_path(path));
    std::array<std::uint8_t, ustar::k_block_bytes> block;
    return ustar::write_header(block, {fmt::format("{}/{}", top_directory, path), false, 0});
}

std::string archive_top_directory(std::string_view name, std::string_view version) {
    auto top = fmt::format("{}-{}", name, version);
    std::replace(top.begin(), top.end(), '/', '-');
    return top;
}

}  // namespace ggen
