#include "market/install_stream.hpp"

#include <algorithm>
#include <utility>

namespace ggen {
namespace {

constexpr std::uint64_t k_piece_bytes = 256 * k_kib;

/// Files of the archive as the store wants them.
class StoreSink final : public ArchiveSink {
public:
    explicit StoreSink(std::function<Result<void>(StoreFile const&)> const& add) : add_(add) {}

    Result<void> begin_file(std::string const& path, bool executable, std::uint64_t size_bytes) override {
        file_ = {path, executable, {}, false};
        left_ = size_bytes;
        return size_bytes == 0 ? pass({}) : ok();
    }
    Result<void> add_content(BytesView piece) override { return pass(piece); }
    [[nodiscard]] Digest const& manifest() const { return manifest_; }

private:
    Result<void> pass(BytesView piece) {
        left_ -= piece.size();
        file_.content = piece;
        file_.has_more = left_ > 0;
        if (file_.path == "gpack.toml") {
            digest_.update(piece);
            if (left_ == 0) manifest_ = digest_.finish();
        }
        return add_(file_);
    }

    std::function<Result<void>(StoreFile const&)> const& add_;
    StoreFile file_;
    std::uint64_t left_ = 0;
    Sha256 digest_;
    Digest manifest_;
};

/// What an earlier run left: into the stream it goes before anything is asked for. Returns how much that was.
Result<std::uint64_t> feed_partial(LargeArchive const& large, ArchiveStream& stream) {
    auto const info = large.files.info(large.partial);
    if (!info) return info.error().code == Errc::not_found ? Result<std::uint64_t>{0} : info.error();
    if (info->kind != FileKind::regular || info->size_bytes > large.blob.bytes) {
        RETURN_IF_ERROR(large.files.remove_tree(large.partial));
        return std::uint64_t{0};
    }
    ASSIGN_OR_RETURN(auto const mapped, large.files.map(large.partial, large.blob.bytes));
    auto const size = std::uint64_t{mapped->bytes().size()};
    Bytes piece;
    for (std::uint64_t at = 0; at < size; at += piece.size()) {
        piece.resize(static_cast<std::size_t>(std::min(k_piece_bytes, size - at)));
        RETURN_IF_ERROR(mapped->read_at(at, piece));
        RETURN_IF_ERROR(large.on_progress(at));
        RETURN_IF_ERROR(stream.feed(piece));
    }
    return size;
}

Result<StreamedArchive> run(LargeArchive const& large, std::function<Result<void>(StoreFile const&)> const& add) {
    StoreSink sink{add};
    ArchiveStream stream{large.blob.bytes, sink};
    ASSIGN_OR_RETURN(auto so_far, feed_partial(large, stream));
    if (so_far < large.blob.bytes) {
        ASSIGN_OR_RETURN(auto const file, large.files.open_append(large.partial));
        auto const take = [&](BytesView piece) -> Result<void> {
            RETURN_IF_ERROR(file->append(piece));
            so_far += piece.size();
            RETURN_IF_ERROR(large.on_progress(so_far));
            return stream.feed(piece);
        };
        RETURN_IF_ERROR(large.reader.stream_archive(large.blob, so_far, take));
    }
    ASSIGN_OR_RETURN(auto summary, stream.finish());
    if (summary.archive != large.blob.digest) {
        return Error{Errc::corrupt, ErrorId::blob_mismatch,
                     blob_path(large.blob.digest) + " has other bytes than its record promises"};
    }
    return StreamedArchive{std::move(summary), sink.manifest()};
}

}  // namespace

Result<StreamedArchive> stream_archive_into(LargeArchive const& large,
                                            std::function<Result<void>(StoreFile const&)> const& add) {
    auto done = run(large, add);
    // The bytes are wrong, or are no archive: the next try begins from nothing, elsewhere if there is another place.
    bool const is_wrong = !done && (done.error().code == Errc::corrupt || done.error().code == Errc::refused ||
                                    done.error().code == Errc::too_large);
    if (is_wrong) large.reader.distrust();
    if (done || is_wrong) static_cast<void>(large.files.remove_tree(large.partial));
    return done;
}

}  // namespace ggen
