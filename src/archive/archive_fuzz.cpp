// Whatever is accepted, as a tree or packed, must encode to the very same tree bytes again.
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ggen::BytesView const input{data, size};
    ggen::ArchiveBounds const small{.unpacked_floor_bytes = 4 * ggen::k_mib};
    if (auto unpacked = ggen::FrameCodec{}.decompress(input, small)) {
        check(ggen::decode_tree(*std::move(unpacked)));
    }
    check(ggen::decode_tree(ggen::Bytes{input.begin(), input.end()}));
    check(ggen::decode_tree(with_checksums(input)));
    return 0;
}
