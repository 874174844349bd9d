#include "metadata/index_file.hpp"

#include <algorithm>
#include <utility>

#include "metadata/checksum.hpp"
#include "metadata/little_endian.hpp"

namespace ggen::metadata {
namespace {

constexpr std::size_t k_checked_from = sizeof(std::uint64_t);

Error damaged(std::string what) { return Error{Errc::corrupt, "metadata index: " + std::move(what)}; }

bool is_sealed(BytesView page) {
    return checksum(page.subspan(k_checked_from)) == load<std::uint64_t>(page.data());
}

bool is_zero(BytesView bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

bool is_ours(BytesView at) {
    return std::equal(k_magic.begin(), k_magic.end(), as_text(at.first(k_magic.size())).begin());
}

std::uint64_t rounded_up(std::uint64_t bytes) { return (bytes + k_page_bytes - 1) / k_page_bytes * k_page_bytes; }

/// Pages of the whole directory and of its lowest level, as the writer makes them.
struct DirectorySize {
    std::uint64_t pages = 0;
    std::uint64_t leaf_pages = 0;
    std::uint32_t levels = 0;
};
DirectorySize directory_size(std::uint64_t packages) {
    DirectorySize out;
    auto entries = packages;
    do {
        entries = std::max<std::uint64_t>(1, (entries + k_page_entries - 1) / k_page_entries);
        if (out.levels == 0) out.leaf_pages = entries;
        out.pages += entries;
        ++out.levels;
    } while (entries > 1);
    return out;
}

Result<Trailer> read_trailer(BytesView bytes) {
    if (bytes.size() < k_head_bytes + k_page_bytes || !is_ours(bytes))
        return Error{Errc::invalid, "it is no metadata index"};
    if (auto const version = load<std::uint32_t>(bytes.data() + k_magic.size()); version != k_format_version)
        return Error{Errc::invalid, "it is a metadata index of format " + std::to_string(version) + ", not 1"};
    auto const page = bytes.last(k_page_bytes);
    if (!is_sealed(page)) return damaged("the last page was changed or cut");
    Trailer out;
    auto const* from = page.data() + k_checked_from + k_magic.size() + sizeof k_format_version;
    out.levels = load<std::uint32_t>(from);
    from += sizeof out.levels;
    for (auto* number : {&out.file_bytes, &out.records_end, &out.packages, &out.releases, &out.directory_pages,
                         &out.log_size, &out.follows}) {
        *number = load<std::uint64_t>(from);
        from += sizeof *number;
    }
    std::copy(from, from + Digest::k_bytes, out.source.bytes.begin());
    // The writer's own arithmetic: anything else is not of it, whatever the checksum says.
    if (!is_ours(page.subspan(k_checked_from)) || out.packages > k_packages_max || out.records_end > bytes.size() ||
        out.records_end < k_head_bytes)
        return damaged("the last page contradicts itself");
    auto const size = directory_size(out.packages);
    auto const expected = rounded_up(out.records_end) + (size.pages + 1) * k_page_bytes;
    if (size.pages != out.directory_pages || size.levels != out.levels || out.file_bytes != bytes.size() ||
        expected != bytes.size())
        return damaged("the last page contradicts the length of the file");
    return out;
}

}  // namespace

IndexFile::IndexFile(std::shared_ptr<MappedFile const> file, Trailer const& trailer)
    : file_(std::move(file)),
      bytes_(file_->bytes()),
      trailer_(trailer),
      directory_(rounded_up(trailer.records_end)),
      leaf_pages_(directory_size(trailer.packages).leaf_pages),
      checked_pages_(trailer.directory_pages) {}

Result<std::unique_ptr<IndexFile>> IndexFile::from(std::shared_ptr<MappedFile const> file) {
    ASSIGN_OR_RETURN(auto const trailer, read_trailer(file->bytes()));
    return std::unique_ptr<IndexFile>{new IndexFile{std::move(file), trailer}};
}

Result<std::unique_ptr<IndexFile>> IndexFile::open(FileSystem& files, std::string const& path) {
    ASSIGN_OR_RETURN(auto file, files.map(path, k_index_bytes_max));
    auto opened = from(std::move(file));
    if (!opened) return wrap(std::move(opened).error(), path);
    return opened;
}

Result<BytesView> IndexFile::page(std::uint64_t number) {
    if (number >= trailer_.directory_pages) return damaged("its directory points outside");
    auto const bytes = bytes_.subspan(directory_ + number * k_page_bytes, k_page_bytes);
    if (checked_pages_[number]) return bytes;
    if (!is_sealed(bytes)) return damaged("page " + std::to_string(number) + " of its directory was changed");
    if (entry_count(bytes) > k_page_entries) return damaged("a page of its directory is too full");
    checked_pages_[number] = true;
    return bytes;
}

std::uint32_t IndexFile::entry_count(BytesView page) { return load<std::uint32_t>(page.data() + k_checked_from); }

IndexFile::Entry IndexFile::entry(BytesView page, std::uint32_t at) {
    auto const* const from = page.data() + k_page_head_bytes + std::size_t{at} * k_entry_bytes;
    return {load<std::uint64_t>(from), load<std::uint64_t>(from + sizeof(std::uint64_t))};
}

/// The page of the lowest level on which entries of `hash` begin, or on which they would stand.
Result<std::uint64_t> IndexFile::first_leaf(std::uint64_t hash) {
    auto number = trailer_.directory_pages - 1;
    for (auto level = trailer_.levels; level > 1; --level) {
        ASSIGN_OR_RETURN(auto const here, page(number));
        // The last child whose first entry lies below: equal hashes may begin at its end.
        std::uint32_t low = 0;
        for (std::uint32_t high = entry_count(here); low < high;) {
            auto const middle = low + (high - low) / 2;
            if (entry(here, middle).hash < hash) low = middle + 1;
            else high = middle;
        }
        auto const child = entry(here, low == 0 ? 0 : low - 1).value;
        if (child >= number) return damaged("its directory runs in circles");
        number = child;
    }
    return number;
}

Result<PackageRecord> IndexFile::record_at(std::uint64_t offset) const {
    if (offset < k_head_bytes || offset >= trailer_.records_end || offset % sizeof(std::uint64_t) != 0)
        return damaged("a record would lie outside");
    return PackageRecord::open(bytes_.subspan(offset, trailer_.records_end - offset));
}

Result<std::optional<PackageRecord>> IndexFile::find(std::string_view name) {
    auto const hash = checksum(as_bytes(name));
    ASSIGN_OR_RETURN(auto number, first_leaf(hash));
    for (; number < leaf_pages_; ++number) {
        ASSIGN_OR_RETURN(auto const leaf, page(number));
        auto const count = entry_count(leaf);
        std::uint32_t at = 0;
        for (std::uint32_t high = count; at < high;) {
            auto const middle = at + (high - at) / 2;
            if (entry(leaf, middle).hash < hash) at = middle + 1;
            else high = middle;
        }
        for (; at < count; ++at) {
            auto const [found, offset] = entry(leaf, at);
            if (found != hash) return std::optional<PackageRecord>{};
            ASSIGN_OR_RETURN(auto record, record_at(offset));
            if (record.name() == name) return std::optional{record};
        }
    }
    return std::optional<PackageRecord>{};
}

Result<std::optional<PackageRecord>> IndexFile::Cursor::next() {
    if (next_ == index_.trailer_.records_end) return std::optional<PackageRecord>{};
    ASSIGN_OR_RETURN(auto const record, index_.record_at(next_));
    offset_ = next_;
    next_ += record.bytes().size();
    if (!last_name_.empty() && record.name() <= last_name_) return damaged("its records are out of order");
    last_name_ = record.name();
    return std::optional{record};
}

Result<void> IndexFile::verify_frame() const {
    auto const head = bytes_.first(k_head_bytes).subspan(k_magic.size() + sizeof k_format_version);
    auto const gap = bytes_.subspan(trailer_.records_end, directory_ - trailer_.records_end);
    if (!is_zero(head) || !is_zero(gap)) return damaged("bytes between its parts were changed");
    return ok();
}

Result<void> IndexFile::verify_directory() {
    std::uint64_t entries = 0;
    std::uint64_t last_hash = 0;
    for (std::uint64_t number = 0; number < trailer_.directory_pages; ++number) {
        ASSIGN_OR_RETURN(auto const here, page(number));
        if (number >= leaf_pages_) continue;
        for (std::uint32_t at = 0; at < entry_count(here); ++at) {
            auto const [hash, offset] = entry(here, at);
            ASSIGN_OR_RETURN(auto const record, record_at(offset));
            if (hash < last_hash || hash != checksum(as_bytes(record.name())))
                return damaged("its directory does not follow from its records");
            last_hash = hash;
        }
        entries += entry_count(here);
    }
    return entries == trailer_.packages ? ok() : Result<void>{damaged("its directory lacks records")};
}

Result<void> IndexFile::verify(CancelToken const* cancel) {
    RETURN_IF_ERROR(verify_frame());
    std::uint64_t packages = 0;
    std::uint64_t releases = 0;
    Cursor cursor{*this};
    while (true) {
        if (cancel != nullptr) RETURN_IF_ERROR(cancel->check());
        ASSIGN_OR_RETURN(auto const record, cursor.next());
        if (!record) break;
        RETURN_IF_ERROR(record->check_contents());
        ++packages;
        releases += record->size();
    }
    if (packages != trailer_.packages || releases != trailer_.releases)
        return damaged("it holds another number of packages than it says");
    return verify_directory();
}

}  // namespace ggen::metadata
