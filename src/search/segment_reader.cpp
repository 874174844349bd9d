#include "search/segment_reader.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "crypto/digest.hpp"
#include "search/little_endian.hpp"
#include "search/segment_layout.hpp"

namespace ggen::search_index {
namespace {

constexpr std::array<std::string_view, k_sections> k_names{
    "term strings", "term entries", "postings", "name ranks", "forward signatures", "reverse signatures",
    "reverse order", "prefix directory", "suffix directory", "downloads", "stars", "released", "category", "license",
    "origin", "author", "bits", "beginnings", "names", "filter strings", "filter entries", "beginning entries",
    "facet cache", "store dictionary", "store index", "store blocks"};

Error damaged(std::string what) { return Error{Errc::corrupt, "search segment: " + std::move(what)}; }

struct Trailer {
    std::uint32_t doc_count = 0;
    std::uint32_t term_count = 0;
    std::uint64_t table_offset = 0;
};

Result<void> check_magic(BytesView at) {
    if (as_text(at.first(k_segment_magic.size())) != k_segment_magic) {
        return Error{Errc::invalid, "this is not a search segment"};
    }
    auto const version = load<std::uint32_t>(at.data() + k_segment_magic.size());
    if (version != k_segment_version) {
        return Error{Errc::invalid, "search segment of version " + std::to_string(version) +
                                        "; this program reads version " + std::to_string(k_segment_version)};
    }
    return ok();
}

Result<Trailer> read_trailer(BytesView file) {
    if (file.size() < k_segment_head_bytes + k_segment_trailer_bytes) return damaged("too short");
    RETURN_IF_ERROR(check_magic(file.first(k_segment_head_bytes)));
    auto const bytes = file.last(k_segment_trailer_bytes);
    if (as_text(bytes.first(k_segment_magic.size())) != k_segment_magic) return damaged("the end is missing");
    RETURN_IF_ERROR(check_magic(bytes));
    Trailer trailer;
    auto const sections = load<std::uint32_t>(bytes.data() + 12);
    trailer.doc_count = load<std::uint32_t>(bytes.data() + 16);
    trailer.term_count = load<std::uint32_t>(bytes.data() + 20);
    trailer.table_offset = load<std::uint64_t>(bytes.data() + 24);
    std::uint64_t const table_bytes = k_sections * k_section_entry_bytes;
    if (sections != k_sections || trailer.doc_count > k_documents_max ||
        trailer.table_offset != file.size() - k_segment_trailer_bytes - table_bytes) {
        return damaged("counts do not fit");
    }
    auto const table = file.subspan(trailer.table_offset, table_bytes);
    auto const digest = sha256_joined(table, bytes.first(k_segment_trailer_bytes - Digest::k_bytes));
    if (!std::equal(digest.bytes.begin(), digest.bytes.end(), bytes.last(Digest::k_bytes).begin())) {
        return damaged("the section table does not match its checksum");
    }
    return trailer;
}

Result<std::vector<SegmentReader::SectionInfo>> read_table(BytesView file, Trailer const& trailer) {
    std::vector<SegmentReader::SectionInfo> sections;
    std::array<bool, k_sections> seen{};
    std::uint64_t free_from = k_segment_head_bytes;
    for (std::size_t i = 0; i < k_sections; ++i) {
        auto const entry = file.subspan(trailer.table_offset + i * k_section_entry_bytes, k_section_entry_bytes);
        auto const number = load<std::uint32_t>(entry.data());
        SegmentReader::SectionInfo info;
        info.offset = load<std::uint64_t>(entry.data() + 8);
        info.bytes = load<std::uint64_t>(entry.data() + 16);
        std::copy_n(entry.begin() + 24, info.sha256.size(), info.sha256.begin());
        if (number >= k_sections || seen[number]) return damaged("section twice or unknown");
        seen[number] = true;
        info.section = static_cast<Section>(number);
        if (info.offset % k_section_alignment_bytes != 0 || info.offset < free_from ||
            info.offset > trailer.table_offset || info.bytes > trailer.table_offset - info.offset) {
            return damaged("section outside the file");
        }
        free_from = info.offset + info.bytes;
        sections.push_back(info);
    }
    return sections;
}

/// Turns sections into parts, each checked against the counts.
class PartsReader {
public:
    PartsReader(BytesView file, std::vector<SegmentReader::SectionInfo> const& sections) {
        for (auto const& info : sections) {
            bytes_[static_cast<std::size_t>(info.section)] = file.subspan(info.offset, info.bytes);
        }
    }

    [[nodiscard]] BytesView bytes(Section section) const { return bytes_[static_cast<std::size_t>(section)]; }

    template <class T>
    Result<std::span<T const>> numbers(Section section, std::uint64_t count) const {
        auto const data = bytes(section);
        if (data.size() != count * sizeof(T)) return damaged(std::string{section_name(section)} + ": wrong length");
        return std::span<T const>{reinterpret_cast<T const*>(data.data()), static_cast<std::size_t>(count)};
    }

private:
    std::array<BytesView, k_sections> bytes_;
};

Result<void> read_dictionary(PartsReader const& in, SegmentParts& parts) {
    ASSIGN_OR_RETURN(parts.terms, StringTable::open(in.bytes(Section::term_strings)));
    if (parts.terms.size() != parts.term_count) return damaged("term strings: another count");
    ASSIGN_OR_RETURN(parts.term_entries, Column::open(in.bytes(Section::term_entries), parts.term_count));
    ASSIGN_OR_RETURN(parts.name_ranks, NameRanks::open(in.bytes(Section::name_ranks), parts.term_count));
    ASSIGN_OR_RETURN(parts.forward_signatures,
                     in.numbers<std::uint32_t>(Section::forward_signatures, parts.term_count));
    ASSIGN_OR_RETURN(parts.prefixes, ClassDirectory::open(in.bytes(Section::prefix_directory), parts.term_count));
    ASSIGN_OR_RETURN(parts.suffixes, ClassDirectory::open(in.bytes(Section::suffix_directory), parts.term_count));
    if (parts.prefixes.is_present() != parts.suffixes.is_present()) return damaged("one directory is missing");
    std::uint32_t const reversed = parts.suffixes.is_present() ? parts.term_count : 0;
    ASSIGN_OR_RETURN(parts.reverse_signatures, in.numbers<std::uint32_t>(Section::reverse_signatures, reversed));
    ASSIGN_OR_RETURN(parts.reverse_order, Column::open(in.bytes(Section::reverse_order), reversed));
    parts.postings = in.bytes(Section::postings);
    ASSIGN_OR_RETURN(parts.beginnings, StringTable::open(in.bytes(Section::beginnings)));
    ASSIGN_OR_RETURN(parts.beginning_entries,
                     Column::open(in.bytes(Section::beginning_entries), parts.beginnings.size()));
    return ok();
}

Result<void> read_columns(PartsReader const& in, SegmentParts& parts) {
    auto const column = [&](Section section) { return Column::open(in.bytes(section), parts.doc_count); };
    ASSIGN_OR_RETURN(parts.downloads, FallingColumn::open(in.bytes(Section::downloads), parts.doc_count));
    ASSIGN_OR_RETURN(parts.stars, column(Section::stars));
    ASSIGN_OR_RETURN(parts.released, column(Section::released));
    ASSIGN_OR_RETURN(parts.category, column(Section::category));
    ASSIGN_OR_RETURN(parts.license, column(Section::license));
    ASSIGN_OR_RETURN(parts.origin, column(Section::origin));
    ASSIGN_OR_RETURN(parts.author, column(Section::author));
    ASSIGN_OR_RETURN(parts.bits, column(Section::bits));
    return ok();
}

/// Parts that are read with pread.
Result<void> read_files(PartsReader const& in, std::shared_ptr<MappedFile const> const& file, SegmentParts& parts) {
    auto const offset = [&](BytesView section) {
        return static_cast<std::uint64_t>(section.data() - file->bytes().data());
    };
    parts.file = file;
    auto const names = in.bytes(Section::names);
    ASSIGN_OR_RETURN(parts.names, NameTable::open(file, names, offset(names), parts.doc_count, parts.term_count));
    auto const store = in.bytes(Section::store_blocks);
    ASSIGN_OR_RETURN(parts.store,
                     SegmentStore::open(file, in.bytes(Section::store_dictionary), in.bytes(Section::store_index),
                                        offset(store), store.size(), parts.doc_count));
    return ok();
}

Result<void> read_filters(PartsReader const& in, SegmentParts& parts) {
    auto strings = in.bytes(Section::filter_strings);
    constexpr std::size_t k_head = k_filter_fields * sizeof(std::uint64_t);
    if (strings.size() < k_head) return damaged("filter strings: too short");
    auto const head = strings.first(k_head);
    strings = strings.subspan(k_head);
    std::uint32_t entries = 0;
    for (std::size_t field = 0; field < k_filter_fields; ++field) {
        auto const bytes = load<std::uint64_t>(head.data() + field * sizeof(std::uint64_t));
        if (bytes > strings.size()) return damaged("filter strings: too short");
        ASSIGN_OR_RETURN(parts.filter_texts[field], StringTable::open(strings.first(bytes)));
        strings = strings.subspan(bytes);
        if (field < k_first_listed_field) continue;
        parts.filter_starts[field] = entries;
        if (parts.filter_texts[field].size() > std::numeric_limits<std::uint32_t>::max() - entries) {
            return damaged("filter strings: too many");
        }
        entries += parts.filter_texts[field].size();
    }
    ASSIGN_OR_RETURN(parts.filter_entries, Column::open(in.bytes(Section::filter_entries), entries));
    parts.facet_cache = in.bytes(Section::facet_cache);
    return ok();
}

}  // namespace

std::string_view section_name(Section section) {
    auto const number = static_cast<std::size_t>(section);
    return number < k_names.size() ? k_names[number] : "unknown";
}

Result<std::shared_ptr<SegmentReader const>> SegmentReader::open(FileSystem& files, std::string const& path,
                                                                 Verify verify) {
    ASSIGN_OR_RETURN(std::shared_ptr<MappedFile const> file, files.map(path, k_segment_bytes_max));
    auto opened = from(std::move(file), verify);
    if (!opened) return wrap(opened.error(), "open " + path);
    return opened;
}

Result<std::shared_ptr<SegmentReader const>> SegmentReader::from(std::shared_ptr<MappedFile const> file,
                                                                 Verify verify) {
    ASSIGN_OR_RETURN(auto const trailer, read_trailer(file->bytes()));
    ASSIGN_OR_RETURN(auto sections, read_table(file->bytes(), trailer));
    SegmentParts parts;
    parts.doc_count = trailer.doc_count;
    parts.term_count = trailer.term_count;
    PartsReader const in{file->bytes(), sections};
    RETURN_IF_ERROR(read_dictionary(in, parts));
    RETURN_IF_ERROR(read_columns(in, parts));
    RETURN_IF_ERROR(read_filters(in, parts));
    RETURN_IF_ERROR(read_files(in, file, parts));
    bool const is_small = file->bytes().size() <= k_verify_at_open_bytes_max;
    std::shared_ptr<SegmentReader const> reader{
        new SegmentReader{std::move(file), std::move(sections), SegmentView{std::move(parts)}}};
    if (verify == Verify::all || (verify == Verify::when_small && is_small)) RETURN_IF_ERROR(reader->verify());
    return reader;
}

Result<void> SegmentReader::verify(CancelToken const* cancel) const {
    constexpr std::size_t k_piece_bytes = 4 * k_mib;
    auto const bytes = file_->bytes();
    auto const is_zero = [](BytesView gap) {
        return std::all_of(gap.begin(), gap.end(), [](std::uint8_t byte) { return byte == 0; });
    };
    std::uint64_t const head_used = k_segment_magic.size() + sizeof(std::uint32_t);
    std::uint64_t checked = head_used;
    for (auto const& info : sections_) {
        if (!is_zero(bytes.subspan(checked, info.offset - checked))) return damaged("bytes between sections");
        Sha256 hash;
        for (std::uint64_t at = 0; at < info.bytes; at += k_piece_bytes) {
            if (cancel != nullptr) RETURN_IF_ERROR(cancel->check());
            hash.update(bytes.subspan(info.offset + at, std::min<std::uint64_t>(k_piece_bytes, info.bytes - at)));
        }
        if (hash.finish().bytes != info.sha256) {
            return damaged(std::string{section_name(info.section)} + " do not match their checksum");
        }
        checked = info.offset + info.bytes;
    }
    std::uint64_t const table = bytes.size() - k_segment_trailer_bytes - k_sections * k_section_entry_bytes;
    return is_zero(bytes.subspan(checked, table - checked)) ? ok() : Result<void>{damaged("bytes between sections")};
}

}  // namespace ggen::search_index
