// Index files and package records: whatever the bytes, opening and every question end, without a read outside. The
// checksums are put right in a second round, as no mutation would get past them.
#include <cstdint>
#include <cstring>
#include <memory>

#include "metadata/checksum.hpp"
#include "metadata/index_file.hpp"
#include "metadata/little_endian.hpp"
#include "metadata/range_code.hpp"
#include "metadata/testing/memory_file.hpp"

namespace ggen::metadata {
namespace {

constexpr std::uint32_t k_looks_max = 2'000;

void ask(PackageRecord const& record) {
    std::vector<KeyComparatorSet> sets;
    for (std::uint32_t i = 0; i < record.size() && i < k_looks_max; ++i) {
        static_cast<void>(record.version_text(i));
        static_cast<void>(record.log_facts(i));
        static_cast<void>(record.is_yanked(i));
        auto const list = record.list_of(i);
        if (list == PackageRecord::k_unknown_list) continue;
        auto const needs = record.list_size(list);
        for (std::uint32_t at = 0; at < needs && at < k_looks_max; ++at) {
            auto const item = record.list_item(list, at);
            if (item >= record.pair_count()) continue;
            auto const pair = record.pair(item);
            static_cast<void>(record.dependency_name(pair.name));
            static_cast<void>(record.range_text(pair.range));
            static_cast<void>(read_range_code(record.range_code(pair.range), sets));
        }
    }
    static_cast<void>(record.check_contents());
}

void drive(BytesView bytes) {
    auto const file = std::make_shared<testing::MemoryFile const>(bytes);
    if (auto const record = PackageRecord::open(file->bytes())) ask(*record);
    auto const index = IndexFile::from(file);
    if (!index) return;
    for (auto const* name : {"a", "p0000001", "scope/name", "zz"}) {
        auto const found = (*index)->find(name);
        if (found && *found) ask(**found);
    }
    IndexFile::Cursor cursor{**index};
    for (auto next = cursor.next(); next && *next; next = cursor.next()) ask(**next);
    static_cast<void>((*index)->verify());
}

void seal(std::uint8_t* from, std::size_t bytes) {
    store(from, checksum(BytesView{from + sizeof(std::uint64_t), bytes - sizeof(std::uint64_t)}));
}

/// Puts right what guards the bytes: checksums of records, of pages, and the frame.
void repair(Bytes& bytes) {
    if (bytes.size() >= PackageRecord::k_header_bytes && bytes.size() < k_head_bytes + k_page_bytes) {
        bytes.resize(bytes.size() / 8 * 8);
        store(bytes.data() + 8, static_cast<std::uint32_t>(bytes.size()));
        seal(bytes.data(), bytes.size());
        return;
    }
    if (bytes.size() < k_head_bytes + 2 * k_page_bytes) return;
    std::copy(k_magic.begin(), k_magic.end(), bytes.begin());
    store(bytes.data() + k_magic.size(), k_format_version);
    auto* const trailer = bytes.data() + bytes.size() - k_page_bytes;
    std::copy(k_magic.begin(), k_magic.end(), trailer + 8);
    store(trailer + 24, std::uint64_t{bytes.size()});
    auto const records_end = load<std::uint64_t>(trailer + 32);
    seal(trailer, k_page_bytes);
    for (std::uint64_t at = k_head_bytes; at + PackageRecord::k_header_bytes <= bytes.size();) {
        auto const length = load<std::uint32_t>(bytes.data() + at + 8);
        if (at >= records_end || length < PackageRecord::k_header_bytes || length > bytes.size() - at) break;
        seal(bytes.data() + at, length);
        at += length;
    }
    for (auto at = (records_end + k_page_bytes - 1) / k_page_bytes * k_page_bytes;
         at < bytes.size() && bytes.size() - at >= k_page_bytes; at += k_page_bytes)
        seal(bytes.data() + at, k_page_bytes);
}

}  // namespace

static void drive_both(Bytes bytes) {
    drive(bytes);
    repair(bytes);
    drive(bytes);
}

}  // namespace ggen::metadata

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    ggen::metadata::drive_both(ggen::Bytes(data, data + size));
    return 0;
}
