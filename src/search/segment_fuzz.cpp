// Segment files: whatever stands in the sections, opening and every question end without a read outside the bytes. The
// table's checksum is put right first, as no mutation would get past it.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

#include "crypto/digest.hpp"
#include "search/segment_layout.hpp"
#include "search/segment_sections.hpp"
#include "search/testing/drive_segment.hpp"

namespace ggen::search_index {
namespace {

void repair(Bytes& bytes) {
    constexpr std::size_t k_table_bytes = k_sections * k_section_entry_bytes;
    if (bytes.size() < k_segment_head_bytes + k_table_bytes + k_segment_trailer_bytes) return;
    std::uint64_t const table_offset = bytes.size() - k_segment_trailer_bytes - k_table_bytes;
    auto* const trailer = bytes.data() + bytes.size() - k_segment_trailer_bytes;
    std::copy(k_segment_magic.begin(), k_segment_magic.end(), bytes.begin());
    std::memcpy(bytes.data() + k_segment_magic.size(), &k_segment_version, sizeof k_segment_version);
    std::copy(k_segment_magic.begin(), k_segment_magic.end(), trailer);
    std::memcpy(trailer + k_segment_magic.size(), &k_segment_version, sizeof k_segment_version);
    std::memcpy(trailer + 24, &table_offset, sizeof table_offset);
    BytesView const all = bytes;
    auto const signed_bytes = k_segment_trailer_bytes - Digest::k_bytes;
    auto const digest = sha256_joined(all.subspan(table_offset, k_table_bytes),
                                            all.last(k_segment_trailer_bytes).first(signed_bytes));
    std::copy(digest.bytes.begin(), digest.bytes.end(), trailer + signed_bytes);
}

}  // namespace

static void drive(Bytes bytes) {
    testing::drive_segment(bytes);
    repair(bytes);
    testing::drive_segment(bytes);
}

}  // namespace ggen::search_index

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ggen::search_index::drive(ggen::Bytes(data, data + size));
    return 0;
}
