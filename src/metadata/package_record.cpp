#include "metadata/package_record.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "metadata/checksum.hpp"
#include "metadata/little_endian.hpp"
#include "metadata/range_code.hpp"
#include "metadata/record_layout.hpp"
#include "spec/package_name.hpp"

namespace ggen::metadata {
namespace {

constexpr std::size_t k_checked_from = 8;  // The checksum stands before and does not cover itself.

Error damaged(std::string what) { return Error{Errc::corrupt, "package metadata: " + std::move(what)}; }

bool is_number_width(unsigned width) { return width == 1 || width == 2 || width == 4 || width == 8; }
bool is_id_width(unsigned width) { return width == 1 || width == 2 || width == 4; }

RecordHeader header_of(BytesView bytes) {
    RecordHeader out;
    auto const* from = bytes.data() + k_checked_from;
    for (auto* number : {&out.length, &out.versions, &out.lists, &out.items, &out.pairs, &out.ranges, &out.names,
                         &out.string_bytes, &out.tail_bytes, &out.code_bytes}) {
        *number = load<std::uint32_t>(from);
        from += sizeof *number;
    }
    for (auto* byte : {&out.flags, &out.name_bytes, &out.major_width, &out.minor_width, &out.patch_width,
                       &out.tail_width, &out.list_width, &out.pair_width})
        *byte = *from++;
    return out;
}

/// Bits beyond the last state are zeros and state 0 is not in the set.
bool is_set_of_states(std::span<std::uint64_t const> words, std::uint32_t versions) {
    if (words.empty()) return true;
    auto const used = (std::uint64_t{versions} + 1) % 64;
    return (words[0] & 1U) == 0 && (used == 0 || words.back() >> used == 0);
}

}  // namespace

RecordLayout layout_of(RecordHeader const& header) {
    RecordLayout out;
    std::uint64_t at = PackageRecord::k_header_bytes;
    auto const take = [&at](std::uint64_t& place, std::uint64_t bytes) {
        place = at;
        at += bytes;
    };
    std::uint64_t const versions = header.versions;
    auto const set_bytes = state_words(versions) * sizeof(std::uint64_t);
    auto const offset_bytes = [](std::uint64_t count) { return (count + 1) * sizeof(std::uint32_t); };
    take(out.yanked, (header.flags & k_has_yanked) != 0 ? set_bytes : 0);
    take(out.prereleases, (header.flags & k_has_prereleases) != 0 ? set_bytes : 0);
    take(out.log_facts, (header.flags & k_has_log_facts) != 0 ? versions * k_log_facts_bytes : 0);
    take(out.list_offsets, offset_bytes(header.lists));
    take(out.name_offsets, offset_bytes(header.names));
    take(out.text_offsets, offset_bytes(header.ranges));
    take(out.code_offsets, offset_bytes(header.ranges));
    take(out.pairs, header.pairs * std::uint64_t{k_pair_bytes});
    take(out.major, versions * header.major_width);
    take(out.minor, versions * header.minor_width);
    take(out.patch, versions * header.patch_width);
    take(out.tails, versions * header.tail_width);
    take(out.list_ids, versions * header.list_width);
    take(out.list_items, std::uint64_t{header.items} * header.pair_width);
    take(out.codes, header.code_bytes);
    take(out.tail_bytes, header.tail_bytes);
    take(out.strings, header.string_bytes);
    out.end = (at + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t) * sizeof(std::uint64_t);
    return out;
}

bool PackageRecord::read_header() {
    auto const header = header_of(bytes_);
    bool const has_widths = is_number_width(header.major_width) && is_number_width(header.minor_width) &&
                            is_number_width(header.patch_width) && is_id_width(header.list_width) &&
                            is_id_width(header.pair_width) &&
                            (header.tail_width == 0 || is_id_width(header.tail_width));
    bool const has_flags = header.flags <= (k_has_yanked | k_has_prereleases | k_has_log_facts);
    if (!has_widths || !has_flags || header.versions > k_versions_max || header.name_bytes > header.string_bytes)
        return false;
    if (header.length > bytes_.size() || header.length > k_record_bytes_max) return false;
    layout_ = layout_of(header);
    if (layout_.end != header.length) return false;
    bytes_ = bytes_.first(header.length);
    versions_ = header.versions;
    lists_ = header.lists;
    items_ = header.items;
    pairs_ = header.pairs;
    ranges_ = header.ranges;
    names_ = header.names;
    string_bytes_ = header.string_bytes;
    tail_bytes_ = header.tail_bytes;
    code_bytes_ = header.code_bytes;
    flags_ = header.flags;
    name_bytes_ = header.name_bytes;
    major_width_ = header.major_width;
    minor_width_ = header.minor_width;
    patch_width_ = header.patch_width;
    tail_width_ = header.tail_width;
    list_width_ = header.list_width;
    pair_width_ = header.pair_width;
    return true;
}

Result<PackageRecord> PackageRecord::open(BytesView bytes) {
    PackageRecord out;
    out.bytes_ = bytes;
    if (bytes.size() < k_header_bytes || reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(std::uint64_t) != 0)
        return damaged("no record stands there");
    if (!out.read_header()) return damaged("its sections do not fit its length");
    if (checksum(out.bytes_.subspan(k_checked_from)) != load<std::uint64_t>(out.bytes_.data()))
        return damaged("its checksum is another one");
    return out;
}

std::string_view PackageRecord::name() const { return as_text(bytes_.subspan(layout_.strings, name_bytes_)); }

std::span<std::uint64_t const> PackageRecord::yanked() const {
    if ((flags_ & k_has_yanked) == 0) return {};
    return {reinterpret_cast<std::uint64_t const*>(at(layout_.yanked)), state_words(versions_)};
}

std::span<std::uint64_t const> PackageRecord::prereleases() const {
    if ((flags_ & k_has_prereleases) == 0) return {};
    return {reinterpret_cast<std::uint64_t const*>(at(layout_.prereleases)), state_words(versions_)};
}

bool PackageRecord::is_yanked(std::uint32_t index) const {
    auto const words = yanked();
    auto const state = index + 1;
    return !words.empty() && ((words[state / 64] >> (state % 64)) & 1U) != 0;
}

/// "rc.1+b5"; empty for a plain release, also when damaged.
std::string_view PackageRecord::tail(std::uint32_t index) const {
    if (tail_width_ == 0) return {};
    auto const offset = load_width(at(layout_.tails + std::uint64_t{index} * tail_width_), tail_width_);
    // 0 stands for none, so offsets count from 1: the first byte holds the length.
    if (offset == 0 || offset > tail_bytes_) return {};
    auto const* const length = at(layout_.tail_bytes + offset - 1);
    if (*length > tail_bytes_ - offset) return {};
    return {reinterpret_cast<char const*>(length + 1), *length};
}

VersionKey PackageRecord::key(std::uint32_t index) const {
    std::uint64_t const i = index;
    VersionKey out;
    out.major = load_width(at(layout_.major + i * major_width_), major_width_);
    out.minor = load_width(at(layout_.minor + i * minor_width_), minor_width_);
    out.patch = load_width(at(layout_.patch + i * patch_width_), patch_width_);
    auto const rest = tail(index);
    out.prerelease = rest.substr(0, std::min(rest.find('+'), rest.size()));
    return out;
}

std::string PackageRecord::version_text(std::uint32_t index) const {
    auto const number = key(index);
    auto out = std::to_string(number.major) + "." + std::to_string(number.minor) + "." + std::to_string(number.patch);
    auto const rest = tail(index);
    if (!rest.empty() && !rest.starts_with('+')) out += '-';
    return out.append(rest);
}

std::optional<LogFacts> PackageRecord::log_facts(std::uint32_t index) const {
    if ((flags_ & k_has_log_facts) == 0) return std::nullopt;
    auto const* const from = at(layout_.log_facts + std::uint64_t{index} * k_log_facts_bytes);
    LogFacts out;
    out.index = load<std::uint64_t>(from);
    out.first_seen_unix = load<std::int64_t>(from + 8);
    std::copy(from + 16, from + 16 + out.leaf.size(), out.leaf.begin());
    return out;
}

std::uint32_t PackageRecord::list_of(std::uint32_t index) const {
    auto const id = load_width(at(layout_.list_ids + std::uint64_t{index} * list_width_), list_width_);
    return id < lists_ ? static_cast<std::uint32_t>(id) : k_unknown_list;
}

std::uint32_t PackageRecord::list_size(std::uint32_t list) const {
    auto const* const offset = at(layout_.list_offsets + std::uint64_t{list} * sizeof(std::uint32_t));
    auto const begin = load<std::uint32_t>(offset);
    auto const end = load<std::uint32_t>(offset + sizeof(std::uint32_t));
    return begin <= end && end <= items_ ? end - begin : 0;
}

std::uint32_t PackageRecord::list_item(std::uint32_t list, std::uint32_t position) const {
    auto const begin =
        load<std::uint32_t>(at(layout_.list_offsets + std::uint64_t{list} * sizeof(std::uint32_t)));
    auto const item = layout_.list_items + (std::uint64_t{begin} + position) * pair_width_;
    return static_cast<std::uint32_t>(load_width(at(item), pair_width_));
}

PackageRecord::Pair PackageRecord::pair(std::uint32_t pair) const {
    auto const* const from = at(layout_.pairs + std::uint64_t{pair} * k_pair_bytes);
    auto const name = load<std::uint32_t>(from);
    return {name & ~k_optional_bit, load<std::uint32_t>(from + sizeof name), (name & k_optional_bit) != 0};
}

BytesView PackageRecord::slice(std::uint64_t offsets, std::uint32_t at_index, std::uint64_t base,
                               std::uint64_t size) const {
    auto const* const offset = at(offsets + std::uint64_t{at_index} * sizeof(std::uint32_t));
    auto const begin = load<std::uint32_t>(offset);
    auto const end = load<std::uint32_t>(offset + sizeof(std::uint32_t));
    if (begin > end || end > size) return {};
    return bytes_.subspan(base + begin, end - begin);
}

std::string_view PackageRecord::dependency_name(std::uint32_t name) const {
    if (name >= names_) return {};
    return as_text(slice(layout_.name_offsets, name, layout_.strings, string_bytes_));
}

std::string_view PackageRecord::range_text(std::uint32_t range) const {
    if (range >= ranges_) return {};
    return as_text(slice(layout_.text_offsets, range, layout_.strings, string_bytes_));
}

BytesView PackageRecord::range_code(std::uint32_t range) const {
    if (range >= ranges_) return {};
    auto const code = slice(layout_.code_offsets, range, layout_.codes, code_bytes_);
    return code.size() <= k_range_code_bytes_max ? code : BytesView{};
}

Result<void> PackageRecord::check_versions() const {
    if (!PackageName::parse(name())) return damaged("its name breaks the grammar");
    if (!is_set_of_states(yanked(), versions_) || !is_set_of_states(prereleases(), versions_))
        return damaged(std::string{name()} + ": a set of versions holds what is none");
    auto const pre = prereleases();
    for (std::uint32_t i = 0; i < versions_; ++i) {
        auto const state = i + 1;
        bool const is_listed = !pre.empty() && ((pre[state / 64] >> (state % 64)) & 1U) != 0;
        auto const text = version_text(i);
        auto const version = Version::parse(text);
        bool const is_plain = version && version->text() == text && version->is_prerelease() == is_listed;
        if (!is_plain || (i > 0 && key(i - 1) >= key(i))) return damaged(std::string{name()} + ": its versions");
    }
    return ok();
}

Result<void> PackageRecord::check_needs() const {
    auto const wrong = [this] { return damaged(std::string{name()} + ": its dependencies"); };
    std::vector<KeyComparatorSet> sets;
    for (std::uint32_t i = 0; i < ranges_; ++i) {
        auto const range = VersionRange::parse(range_text(i));
        if (!range || !read_range_code(range_code(i), sets)) return wrong();
        Bytes code;
        append_range_code(code, *range);
        auto const found = range_code(i);
        if (!std::equal(code.begin(), code.end(), found.begin(), found.end())) return wrong();
    }
    for (std::uint32_t i = 0; i < names_; ++i) {
        if (!PackageName::parse(dependency_name(i))) return wrong();
    }
    for (std::uint32_t i = 0; i < pairs_; ++i) {
        if (pair(i).name >= names_ || pair(i).range >= ranges_) return wrong();
    }
    std::uint32_t items = 0;
    for (std::uint32_t list = 0; list < lists_; ++list) {
        auto const size = list_size(list);
        for (std::uint32_t i = 0; i < size; ++i) {
            if (list_item(list, i) >= pairs_) return wrong();
        }
        items += size;
    }
    return items == items_ ? ok() : Result<void>{wrong()};
}

Result<void> PackageRecord::check_contents() const {
    RETURN_IF_ERROR(check_versions());
    return check_needs();
}

}  // namespace ggen::metadata
