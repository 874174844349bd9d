// Whatever is accepted, as a tree or packed, must encode to the very same tree bytes again.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "archive/archive_internal.hpp"
#include "archive/frame.hpp"

namespace {

void check(ggen::Result<ggen::DecodedArchive> const& decoded) {
    if (!decoded) return;
    auto const again = ggen::encode_tree(decoded->top_directory, decoded->files);
    if (!again || *again != decoded->tree_bytes) std::abort();
    for (auto const& file : decoded->files) {
        if (!ggen::check_archive_path(file.path)) std::abort();
    }
}

/// The header checksum put right, so that mutations reach the fields behind it.
ggen::Bytes with_checksums(ggen::BytesView input) {
    ggen::Bytes tree{input.begin(), input.end()};
    for (std::size_t at = 0; at + 512 <= tree.size(); at += 512) {
        if (tree[at + 257] != 'u') continue;
        for (std::size_t i = 148; i < 156; ++i) tree[at + i] = ' ';
        unsigned sum = 0;
        for (std::size_t i = 0; i < 512; ++i) sum += tree[at + i];
        for (std::size_t i = 154; i > 148; --i, sum /= 8) tree[at + i - 1] = static_cast<std::uint8_t>('0' + sum % 8);
        tree[at + 154] = 0;
    }
    return tree;
}

class NullSink final : public ggen::ArchiveSink {
public:
    ggen::Result<void> begin_file(std::string const&, bool, std::uint64_t) override { return ggen::ok(); }
    ggen::Result<void> add_content(ggen::BytesView) override { return ggen::ok(); }
};

/// Read at once or in pieces, packed bytes mean the same.
void check_in_pieces(ggen::BytesView packed, std::size_t piece) {
    auto const whole = ggen::decode_archive(packed);
    NullSink sink;
    ggen::ArchiveStream stream{packed.size(), sink};
    ggen::Result<void> fed = ggen::ok();
    for (std::size_t at = 0; fed && at < packed.size(); at += piece)
        fed = stream.feed(packed.subspan(at, std::min(piece, packed.size() - at)));
    auto const summary = fed ? stream.finish() : ggen::Result<ggen::ArchiveStream::Summary>{fed.error()};
    if (summary.has_value() != whole.has_value()) std::abort();
    if (whole && (summary->tree != whole->tree || summary->files != whole->files.size() ||
                  summary->archive != ggen::sha256(packed))) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ggen::BytesView const input{data, size};
    ggen::ArchiveBounds const small{.unpacked_floor_bytes = 4 * ggen::k_mib};
    // What declares much more than this fuzzer should unpack is left to the tests.
    if (auto unpacked = ggen::FrameCodec{}.decompress(input, small); unpacked || size < 64)
        check_in_pieces(input, 1 + size % 97);
    if (auto unpacked = ggen::FrameCodec{}.decompress(input, small)) {
        check(ggen::decode_tree(*std::move(unpacked)));
    }
    check(ggen::decode_tree(ggen::Bytes{input.begin(), input.end()}));
    check(ggen::decode_tree(with_checksums(input)));
    return 0;
}
