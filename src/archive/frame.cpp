#include "archive/frame.hpp"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

namespace ggen {
namespace {

constexpr std::uint32_t k_magic = 0xFD2FB528;
constexpr std::uint32_t k_skippable_magic = 0x184D2A50;  // The last four bits are free.
constexpr int k_level = 9;
constexpr int k_level_of_large = 3;
constexpr std::uint64_t k_large_bytes = 32 * k_mib;
constexpr std::uint64_t k_window_bytes_max = std::uint64_t{1} << ArchiveLimits::k_zstd_window_log_max;
/// Magic, descriptor, window, content size: no header that we take is longer.
constexpr std::uint64_t k_header_bytes_max = 18;
/// Memory is taken in steps of this size, so that a frame that lies about its content costs one.
constexpr std::uint64_t k_step_bytes = 4 * k_mib;
/// A block of 4 bytes holds at most 128 KiB: no frame can unpack to more.
constexpr std::uint64_t k_ratio_of_zstd_max = 32 * k_kib;

Error bad_frame(std::string_view reason) {
    return Error{Errc::corrupt, ErrorId::archive_compression, fmt::format("compressed archive: {}", reason)};
}

Error truncated(std::string_view reason) {
    return Error{Errc::corrupt, ErrorId::archive_truncated, fmt::format("compressed archive: {}", reason)};
}

Error too_large(std::string reason) {
    return Error{Errc::too_large, ErrorId::archive_too_large, std::move(reason)};
}

std::uint64_t little_endian(BytesView bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8U | bytes[i - 1];
    return value;
}

/// The frame header of RFC 8878, 3.1.1.1, with what we do not take refused. Returns the content size.
Result<std::uint64_t> read_frame_header(BytesView packed) {
    if (packed.size() < 4) return truncated("it ends within the frame header");
    auto const magic = static_cast<std::uint32_t>(little_endian(packed.first(4)));
    if ((magic & ~0xFU) == k_skippable_magic) return bad_frame("it starts with a skippable frame");
    if (magic != k_magic) return bad_frame("it is not a zstd frame");
    if (packed.size() < 6) return truncated("it ends within the frame header");
    unsigned const descriptor = packed[4];
    bool const is_single_segment = (descriptor & 0x20U) != 0;
    if ((descriptor & 0x18U) != 0) return bad_frame("reserved bits of the frame header are set");
    if ((descriptor & 0x03U) != 0) return bad_frame("the frame asks for a dictionary");
    if ((descriptor & 0x04U) == 0) return bad_frame("the frame has no checksum");
    unsigned const size_flag = descriptor >> 6U;
    if (size_flag == 0 && !is_single_segment) return bad_frame("the frame does not state its content size");
    std::size_t const size_bytes = std::size_t{1} << size_flag;
    std::size_t const size_offset = is_single_segment ? 5 : 6;
    if (packed.size() < size_offset + size_bytes) return truncated("it ends within the frame header");
    auto content = little_endian(packed.subspan(size_offset, size_bytes));
    if (size_flag == 1) content += 256;
    std::uint64_t window = content;
    if (!is_single_segment) {
        std::uint64_t const base = std::uint64_t{1} << (10U + (packed[5] >> 3U));
        window = base + base / 8 * (packed[5] & 7U);
    }
    if (window > k_window_bytes_max) return bad_frame("the frame needs a window of more than 8 MiB");
    return content;
}

struct FreeCompressor {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

void set_up(ZSTD_CCtx* context, std::uint64_t tree_bytes) {
    ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, tree_bytes > k_large_bytes ? k_level_of_large : k_level);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1);
}

Error compress_failed(std::size_t code) {
    return Error{Errc::internal, fmt::format("compress: {}", ZSTD_getErrorName(code))};
}

/// Adds up to `more` bytes of room, but never more than `size_max` in all.
void grow(Bytes& bytes, std::uint64_t more, std::uint64_t size_max) {
    bytes.resize(static_cast<std::size_t>(std::min(bytes.size() + more, size_max)));
}

/// The header of a frame within `bounds`; `packed` begins with all of it that there is. Returns the content size.
Result<std::uint64_t> check_frame_header(BytesView packed, std::uint64_t packed_bytes, ArchiveBounds const& bounds) {
    if (packed_bytes > bounds.packed_bytes_max) {
        return too_large(fmt::format("compressed archive: {} bytes, over the limit of {}", packed_bytes,
                                     bounds.packed_bytes_max));
    }
    ASSIGN_OR_RETURN(auto const content_bytes, read_frame_header(packed));
    auto const content_bytes_max = bounds.unpacked_bytes_max(packed_bytes);
    if (content_bytes > content_bytes_max) {
        return too_large(fmt::format("compressed archive: {} bytes declare {} unpacked, over the limit of {}",
                                     packed_bytes, content_bytes, content_bytes_max));
    }
    if (content_bytes > packed_bytes * k_ratio_of_zstd_max) {
        return bad_frame("it declares more than a frame of its size can hold");
    }
    return content_bytes;
}

/// `out` is room that an earlier tree left, or nothing.
Result<Bytes> run_decompression(ZSTD_DCtx* context, BytesView packed, std::uint64_t content_bytes, Bytes out) {
    if (out.capacity() < content_bytes) out = {};
    if (out.size() > content_bytes) out.resize(static_cast<std::size_t>(content_bytes));
    out.reserve(static_cast<std::size_t>(content_bytes));  // Address space; pages come with `grow`.
    ZSTD_inBuffer input{packed.data(), packed.size(), 0};
    std::size_t written = 0;
    std::size_t left = 1;
    while (left != 0) {
        if (written == out.size()) grow(out, k_step_bytes, content_bytes);
        auto const read_before = input.pos;
        ZSTD_outBuffer output{out.data(), out.size(), written};
        left = ZSTD_decompressStream(context, &output, &input);
        if (ZSTD_isError(left) != 0) return bad_frame(ZSTD_getErrorName(left));
        bool const is_stuck = output.pos == written && input.pos == read_before;
        written = output.pos;
        if (left == 0) break;
        if (is_stuck && input.pos == input.size) return truncated("it ends within the frame");
        if (is_stuck && written == content_bytes) return bad_frame("it holds more than it declares");
    }
    if (written != content_bytes) return bad_frame("it holds less than it declares");
    if (input.pos != input.size) return bad_frame("bytes follow the frame");
    return out;
}

}  // namespace

struct FrameCodec::Impl {
    std::unique_ptr<ZSTD_CCtx, FreeCompressor> compressor;
    std::unique_ptr<ZSTD_DCtx, FreeDecompressor> decompressor;
    Bytes room;
};

FrameCodec::FrameCodec() : impl_(std::make_unique<Impl>()) {}
FrameCodec::FrameCodec(FrameCodec&&) noexcept = default;
FrameCodec& FrameCodec::operator=(FrameCodec&&) noexcept = default;
FrameCodec::~FrameCodec() = default;

Result<Bytes> FrameCodec::compress(BytesView tree) {
    if (!impl_->compressor) impl_->compressor.reset(ZSTD_createCCtx());
    auto* const context = impl_->compressor.get();
    if (context == nullptr) return too_large("compress: not enough memory");
    set_up(context, tree.size());
    try {
        Bytes packed(ZSTD_compressBound(tree.size()));
        auto const written = ZSTD_compress2(context, packed.data(), packed.size(), tree.data(), tree.size());
        if (ZSTD_isError(written) != 0) return compress_failed(written);
        packed.resize(written);
        packed.shrink_to_fit();
        return packed;
    } catch (std::bad_alloc const&) {
        return too_large(fmt::format("compress: not enough memory for {} bytes", tree.size()));
    }
}

Result<Bytes> FrameCodec::decompress(BytesView packed, ArchiveBounds const& bounds,
                                     std::optional<std::uint64_t> content_bytes_expected) {
    ASSIGN_OR_RETURN(auto const content_bytes, check_frame_header(packed, packed.size(), bounds));
    if (content_bytes_expected && content_bytes != *content_bytes_expected) {
        return bad_frame(fmt::format("it declares {} bytes unpacked, {} are expected", content_bytes,
                                     *content_bytes_expected));
    }
    if (!impl_->decompressor) impl_->decompressor.reset(ZSTD_createDCtx());
    auto* const context = impl_->decompressor.get();
    if (context == nullptr) return too_large("unpack: not enough memory");
    ZSTD_DCtx_reset(context, ZSTD_reset_session_and_parameters);
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, ArchiveLimits::k_zstd_window_log_max);
    try {
        return run_decompression(context, packed, content_bytes, std::exchange(impl_->room, {}));
    } catch (std::bad_alloc const&) {
        return too_large(fmt::format("unpack: not enough memory for {} bytes", content_bytes));
    }
}

void FrameCodec::recycle(Bytes tree) {
    constexpr std::size_t k_room_bytes_max = 8 * k_mib;
    if (tree.capacity() <= k_room_bytes_max && tree.size() > impl_->room.size()) impl_->room = std::move(tree);
}

struct FrameWriter::Impl {
    Take take;
    std::unique_ptr<ZSTD_CCtx, FreeCompressor> context;
    Bytes piece;

    /// Ends come with no bytes of their own: zstd would cut its blocks by how the tree was fed.
    Result<void> pack(BytesView tree, ZSTD_EndDirective directive) {
        ZSTD_inBuffer input{tree.data(), tree.size(), 0};
        while (true) {
            ZSTD_outBuffer output{piece.data(), piece.size(), 0};
            auto const left = ZSTD_compressStream2(context.get(), &output, &input, directive);
            if (ZSTD_isError(left) != 0) return compress_failed(left);
            if (output.pos > 0) RETURN_IF_ERROR(take(BytesView{piece}.first(output.pos)));
            if (directive == ZSTD_e_end ? left == 0 : input.pos == input.size) return ok();
        }
    }
};

FrameWriter::FrameWriter(std::uint64_t tree_bytes, Take take) : impl_(std::make_unique<Impl>()) {
    impl_->take = std::move(take);
    impl_->context.reset(ZSTD_createCCtx());
    if (!impl_->context) return;
    set_up(impl_->context.get(), tree_bytes);
    ZSTD_CCtx_setPledgedSrcSize(impl_->context.get(), tree_bytes);
    impl_->piece.resize(ZSTD_CStreamOutSize());
}
FrameWriter::~FrameWriter() = default;

Result<void> FrameWriter::feed(BytesView tree) {
    if (!impl_->context) return too_large("compress: not enough memory");
    return impl_->pack(tree, ZSTD_e_continue);
}

Result<void> FrameWriter::finish() {
    if (!impl_->context) return too_large("compress: not enough memory");
    return impl_->pack({}, ZSTD_e_end);
}

struct FrameStream::Impl {
    std::uint64_t packed_bytes = 0;
    ArchiveBounds bounds;
    std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context;
    Bytes header;  // Until there is enough of it.
    std::optional<std::uint64_t> content_bytes;
    std::uint64_t written = 0;
    bool is_over = false;
    Bytes piece;

    Result<void> start() {
        ASSIGN_OR_RETURN(content_bytes, check_frame_header(header, packed_bytes, bounds));
        context.reset(ZSTD_createDCtx());
        if (!context) return too_large("unpack: not enough memory");
        ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, ArchiveLimits::k_zstd_window_log_max);
        piece.resize(ZSTD_DStreamOutSize());
        return ok();
    }

    Result<void> unpack(BytesView packed, Take const& take) {
        ZSTD_inBuffer input{packed.data(), packed.size(), 0};
        while (true) {
            if (is_over) return input.pos == input.size ? ok() : Result<void>{bad_frame("bytes follow the frame")};
            ZSTD_outBuffer output{piece.data(), piece.size(), 0};
            auto const left = ZSTD_decompressStream(context.get(), &output, &input);
            if (ZSTD_isError(left) != 0) return bad_frame(ZSTD_getErrorName(left));
            is_over = left == 0;
            written += output.pos;
            if (written > *content_bytes) return bad_frame("it holds more than it declares");
            if (output.pos > 0) RETURN_IF_ERROR(take(BytesView{piece}.first(output.pos)));
            // Full output may hide more of it; a room that was left says that the input is used up.
            if (!is_over && output.pos < output.size && input.pos == input.size) return ok();
        }
    }
};

FrameStream::FrameStream(std::uint64_t packed_bytes, ArchiveBounds const& bounds) : impl_(std::make_unique<Impl>()) {
    impl_->packed_bytes = packed_bytes;
    impl_->bounds = bounds;
}
FrameStream::~FrameStream() = default;

Result<void> FrameStream::feed(BytesView packed, Take const& take) {
    if (!impl_->content_bytes) {
        auto const wanted = std::min<std::uint64_t>(impl_->packed_bytes, k_header_bytes_max);
        auto const more = std::min<std::size_t>(packed.size(), static_cast<std::size_t>(wanted) - impl_->header.size());
        impl_->header.insert(impl_->header.end(), packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(more));
        packed = packed.subspan(more);
        if (impl_->header.size() < wanted) return ok();
        RETURN_IF_ERROR(impl_->start());
        RETURN_IF_ERROR(impl_->unpack(impl_->header, take));
    }
    return packed.empty() ? ok() : impl_->unpack(packed, take);
}

Result<void> FrameStream::finish() {
    if (!impl_->content_bytes) return truncated("it ends within the frame header");
    if (!impl_->is_over) return truncated("it ends within the frame");
    if (impl_->written != *impl_->content_bytes) return bad_frame("it holds less than it declares");
    return ok();
}

std::uint64_t FrameStream::content_bytes() const { return impl_->content_bytes.value_or(0); }

}  // namespace ggen
