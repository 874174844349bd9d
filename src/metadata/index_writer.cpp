#include "metadata/index_writer.hpp"

#include <algorithm>
#include <utility>

#include "metadata/checksum.hpp"
#include "metadata/index_layout.hpp"
#include "metadata/little_endian.hpp"

namespace ggen::metadata {
namespace {

constexpr std::size_t k_buffer_bytes = std::size_t{1} << 20U;
constexpr std::size_t k_checked_from = sizeof(std::uint64_t);

/// Puts the checksum of the rest in front.
void seal(Bytes& page) { store(page.data(), checksum(BytesView{page}.subspan(k_checked_from))); }

std::string draft_path(std::string const& path) { return path + ".new"; }

}  // namespace

Bytes encode_trailer(Trailer const& trailer) {
    Bytes out;
    out.reserve(k_page_bytes);
    append(out, std::uint64_t{0});  // For the checksum.
    for (char const letter : k_magic) out.push_back(static_cast<std::uint8_t>(letter));
    append(out, k_format_version);
    append(out, trailer.levels);
    for (auto const number : {trailer.file_bytes, trailer.records_end, trailer.packages, trailer.releases,
                              trailer.directory_pages, trailer.log_size, trailer.follows})
        append(out, number);
    out.insert(out.end(), trailer.source.bytes.begin(), trailer.source.bytes.end());
    out.resize(k_page_bytes);
    seal(out);
    return out;
}

IndexWriter::IndexWriter(FileSystem& files, std::string path, IndexOrigin const& origin,
                         std::unique_ptr<AppendFile> file)
    : files_(files), path_(std::move(path)), origin_(origin), file_(std::move(file)) {
    buffer_.reserve(k_buffer_bytes);
}

IndexWriter::~IndexWriter() {
    if (!is_finished_) static_cast<void>(files_.remove_file(draft_path(path_)));
}

Result<std::unique_ptr<IndexWriter>> IndexWriter::create(FileSystem& files, std::string path,
                                                         IndexOrigin const& origin) {
    auto const draft = draft_path(path);
    if (auto removed = files.remove_file(draft); !removed && removed.error().code != Errc::not_found)
        return std::move(removed).error();
    ASSIGN_OR_RETURN(auto file, files.open_append(draft));
    std::unique_ptr<IndexWriter> out{new IndexWriter{files, std::move(path), origin, std::move(file)}};
    Bytes head{k_magic.begin(), k_magic.end()};
    append(head, k_format_version);
    head.resize(k_head_bytes);
    RETURN_IF_ERROR(out->put(head));
    return out;
}

Result<void> IndexWriter::put(BytesView bytes) {
    if (size_ + bytes.size() > k_index_bytes_max) return Error{Errc::too_large, path_ + ": over 64 GiB of metadata"};
    if (buffer_.size() + bytes.size() > k_buffer_bytes) RETURN_IF_ERROR(flush());
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    size_ += bytes.size();
    return ok();
}

Result<void> IndexWriter::flush() {
    RETURN_IF_ERROR(file_->append(buffer_));
    buffer_.clear();
    return ok();
}

Result<void> IndexWriter::add(PackageRecord const& record) {
    auto const name = record.name();
    if (!last_name_.empty() && name <= last_name_)
        return Error{Errc::invalid, std::string{name} + " comes after " + last_name_ + " in an index"};
    last_name_ = name;
    releases_ += record.size();
    places_.push_back({checksum(as_bytes(name)), size_});
    return put(record.bytes());
}

/// Pages of entries; returns one entry a page for the level above.
Result<std::vector<IndexWriter::Place>> IndexWriter::write_level(std::vector<Place> const& places,
                                                                 std::uint64_t& pages) {
    std::vector<Place> above;
    for (std::size_t at = 0; at == 0 || at < places.size(); at += k_page_entries) {
        auto const count = std::min<std::size_t>(k_page_entries, places.size() - at);
        Bytes page;
        page.reserve(k_page_bytes);
        append(page, std::uint64_t{0});  // For the checksum.
        append(page, static_cast<std::uint32_t>(count));
        append(page, std::uint32_t{0});
        for (std::size_t i = at; i < at + count; ++i) {
            append(page, places[i].hash);
            append(page, places[i].value);
        }
        page.resize(k_page_bytes);
        seal(page);
        above.push_back({places.empty() ? 0 : places[at].hash, pages++});
        RETURN_IF_ERROR(put(page));
    }
    return above;
}

Result<void> IndexWriter::write_directory(std::uint64_t& pages, std::uint32_t& levels) {
    std::sort(places_.begin(), places_.end(), [](Place const& a, Place const& b) {
        return a.hash != b.hash ? a.hash < b.hash : a.value < b.value;
    });
    auto level = std::move(places_);
    do {
        ASSIGN_OR_RETURN(level, write_level(level, pages));
        ++levels;
    } while (level.size() > 1);
    return ok();
}

Result<void> IndexWriter::finish(Sync sync) {
    Trailer trailer;
    trailer.records_end = size_;
    trailer.packages = places_.size();
    trailer.releases = releases_;
    trailer.log_size = origin_.log_size;
    trailer.follows = origin_.follows;
    trailer.source = origin_.source;
    RETURN_IF_ERROR(put(Bytes((k_page_bytes - size_ % k_page_bytes) % k_page_bytes)));
    RETURN_IF_ERROR(write_directory(trailer.directory_pages, trailer.levels));
    trailer.file_bytes = size_ + k_page_bytes;
    RETURN_IF_ERROR(put(encode_trailer(trailer)));
    RETURN_IF_ERROR(flush());
    if (sync == Sync::durable) RETURN_IF_ERROR(file_->sync());
    file_.reset();
    RETURN_IF_ERROR(files_.rename(draft_path(path_), path_));
    is_finished_ = true;
    return sync == Sync::durable ? files_.sync_directory(parent_path(path_)) : ok();
}

}  // namespace ggen::metadata
