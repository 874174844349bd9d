#include "search/index_directory.hpp"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "search/change_log.hpp"
#include "search/delta.hpp"
#include "search/document_codec.hpp"
#include "search/index.hpp"
#include "search/memory_segment.hpp"
#include "search/segment_reader.hpp"
#include "search/text.hpp"

namespace ggen {
namespace search_index {
namespace {

constexpr std::string_view k_current_title = "ggen-search-index 1\n";
constexpr std::uint64_t k_current_bytes_max = 64;
/// A writer that merges without pause moves CURRENT once in seconds; opening takes milliseconds.
constexpr int k_open_tries_max = 16;

/// Opens the files of one number. not_found when a writer has removed them.
Result<IndexState> load_number(FileSystem& files, std::string const& directory, std::uint64_t number) {
    IndexState out;
    out.number = number;
    ASSIGN_OR_RETURN(out.base, SegmentReader::open(files, segment_path(directory, number)));
    ASSIGN_OR_RETURN(auto const bytes, files.read_file(changes_path(directory, number), k_change_log_bytes_max));
    ASSIGN_OR_RETURN(auto const content, read_change_log(bytes, number));
    out.changes_bytes = content.whole_bytes;
    out.delta = Delta::empty(out.base);
    if (!content.changes.empty()) {
        ASSIGN_OR_RETURN(out.delta, out.delta->with(content.changes));
    }
    return out;
}

}  // namespace

std::string current_path(std::string const& directory) { return join_path(directory, "CURRENT"); }
std::string lock_path(std::string const& directory) { return join_path(directory, "lock"); }
std::string segment_path(std::string const& directory, std::uint64_t number) {
    return join_path(directory, std::to_string(number) + ".segment");
}
std::string changes_path(std::string const& directory, std::uint64_t number) {
    return join_path(directory, std::to_string(number) + ".changes");
}

Result<std::uint64_t> read_current(FileSystem& files, std::string const& directory) {
    auto const bytes = files.read_file(current_path(directory), k_current_bytes_max);
    if (!bytes) {
        if (bytes.error().code != Errc::too_large) return bytes.error();
        return Error{Errc::invalid, "search index: CURRENT is not one of ours"};
    }
    auto text = as_text(*bytes);
    if (!text.starts_with(k_current_title)) {
        return Error{Errc::invalid, "search index: CURRENT is of another version"};
    }
    text.remove_prefix(k_current_title.size());
    std::uint64_t number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    // Read again as it is written: one spelling only.
    if (error != std::errc{} || std::to_string(number) + "\n" != text) {
        return Error{Errc::corrupt, "search index: CURRENT is damaged"};
    }
    return number;
}

Result<void> write_current(FileSystem& files, std::string const& directory, std::uint64_t number) {
    auto const text = std::string{k_current_title} + std::to_string(number) + "\n";
    return files.write_file_atomic(current_path(directory), as_bytes(text), Sync::durable);
}

Result<IndexState> load_index(FileSystem& files, std::string const& directory) {
    for (int tried = 1;; ++tried) {
        ASSIGN_OR_RETURN(auto const number, read_current(files, directory));
        auto state = load_number(files, directory, number);
        if (state || state.error().code != Errc::not_found) return state;
        // Removed by a writer that moved on since CURRENT was read, or lost.
        ASSIGN_OR_RETURN(auto const now, read_current(files, directory));
        if (now == number || tried == k_open_tries_max) {
            return Error{Errc::corrupt, "search index: " + state.error().context};
        }
    }
}

}  // namespace search_index

Result<std::shared_ptr<SearchIndex const>> open_search_index(FileSystem& files, std::string const& directory) {
    ASSIGN_OR_RETURN(auto const state, search_index::load_index(files, directory));
    return search_index::make_parts_index(state.delta->parts());
}

Result<std::shared_ptr<SearchIndex const>> make_memory_index(std::vector<SearchDocument> const& documents) {
    ASSIGN_OR_RETURN(auto segment, search_index::make_memory_segment(documents, search_index::make_analyser()));
    search_index::Parts parts;
    parts.live.push_back({std::move(segment), nullptr, {}});
    return search_index::make_parts_index(std::move(parts));
}

Result<Digest> search_index_image(FileSystem& files, std::string const& directory, CancelToken const* cancel) {
    ASSIGN_OR_RETURN(auto const state, search_index::load_index(files, directory));
    RETURN_IF_ERROR(state.base->verify(cancel));
    std::vector<Digest> digests;
    Bytes record;
    RETURN_IF_ERROR(state.delta->for_each_live([&](SearchDocument const& document) -> Result<void> {
        if (cancel != nullptr && cancel->is_cancelled()) return cancel->check();
        record.clear();
        search_index::encode_document(document, record);
        digests.push_back(sha256(record));
        return ok();
    }));
    // Documents come in the order of segment and delta, which depends on how the index grew.
    std::sort(digests.begin(), digests.end());
    Bytes all;
    all.reserve(digests.size() * sizeof(Digest));
    for (auto const& digest : digests) {
        auto const& bytes = digest.bytes;
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    return sha256(all);
}

}  // namespace ggen
