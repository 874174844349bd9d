#include "metadata/index_chain.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <utility>

namespace ggen::metadata {
namespace {

constexpr std::string_view k_suffix = ".metadata";
constexpr std::size_t k_digits = 10;
constexpr std::uint64_t k_number_max = 9'999'999'999;
/// Changes that hold this part of the whole file make it worth writing all anew.
constexpr std::uint64_t k_merge_part = 4;

/// Numbers of the files in a directory, ascending; what has another name is not ours.
Result<std::vector<std::uint64_t>> numbers_in(FileSystem& files, std::string const& directory) {
    ASSIGN_OR_RETURN(auto const entries, files.list(directory));
    std::vector<std::uint64_t> out;
    for (auto const& entry : entries) {
        std::uint64_t number = 0;
        auto const* const begin = entry.name.data();
        if (entry.name.size() != k_digits + k_suffix.size() || !entry.name.ends_with(k_suffix)) continue;
        auto const [end, problem] = std::from_chars(begin, begin + k_digits, number);
        if (problem == std::errc{} && end == begin + k_digits && number != 0) out.push_back(number);
    }
    return out;
}

/// Removes files that no chain needs any more. What cannot be removed is tried again by the next writer.
void remove_others(FileSystem& files, std::string const& directory, std::uint64_t kept) {
    auto const numbers = numbers_in(files, directory);
    if (!numbers) return;
    for (auto const number : *numbers) {
        if (number != kept) static_cast<void>(files.remove_file(chain_file_path(directory, number)));
    }
}

/// The records of several files by name; of one name that of the file that stands first.
Result<void> write_merged(std::vector<IndexFile const*> const& sources, IndexWriter& out) {
    std::vector<IndexFile::Cursor> cursors;
    std::vector<std::optional<PackageRecord>> heads;
    for (auto const* const source : sources) {
        cursors.emplace_back(*source);
        ASSIGN_OR_RETURN(auto const head, cursors.back().next());
        heads.push_back(head);
    }
    while (true) {
        std::optional<std::size_t> least;
        for (std::size_t i = 0; i < heads.size(); ++i) {
            if (heads[i] && (!least || heads[i]->name() < heads[*least]->name())) least = i;
        }
        if (!least) return ok();
        auto const record = *heads[*least];
        RETURN_IF_ERROR(out.add(record));
        for (std::size_t i = 0; i < heads.size(); ++i) {
            if (!heads[i] || heads[i]->name() != record.name()) continue;
            ASSIGN_OR_RETURN(heads[i], cursors[i].next());
        }
    }
}

}  // namespace

std::string chain_file_path(std::string const& directory, std::uint64_t number) {
    auto digits = std::to_string(number);
    digits.insert(0, k_digits - std::min(k_digits, digits.size()), '0');
    return join_path(directory, digits + std::string{k_suffix});
}

Result<std::unique_ptr<IndexChain>> IndexChain::open(FileSystem& files, std::string const& directory) {
    ASSIGN_OR_RETURN(auto const numbers, numbers_in(files, directory));
    if (numbers.empty()) return Error{Errc::not_found, directory + ": no metadata index"};
    auto out = std::make_unique<IndexChain>();
    for (auto number = numbers.back(); number != 0;) {
        auto index = IndexFile::open(files, chain_file_path(directory, number));
        if (!index && index.error().code == Errc::not_found)
            return Error{Errc::corrupt, directory + ": file " + std::to_string(number) + " is missing"};
        if (!index) return std::move(index).error();
        auto const before = (*index)->trailer().follows;
        if (before >= number) return Error{Errc::corrupt, directory + ": its files run in circles"};
        out->files_.push_back({number, *std::move(index)});
        number = before;
    }
    return out;
}

Result<std::optional<PackageRecord>> IndexChain::find(std::string_view name) {
    for (auto const& file : files_) {
        ASSIGN_OR_RETURN(auto const record, file.index->find(name));
        if (record) return record;
    }
    return std::optional<PackageRecord>{};
}

std::uint64_t IndexChain::file_bytes() const {
    return std::accumulate(files_.begin(), files_.end(), std::uint64_t{0},
                           [](auto sum, auto const& file) { return sum + file.index->file_bytes(); });
}

Result<void> IndexChain::verify(CancelToken const* cancel) {
    for (auto const& file : files_) RETURN_IF_ERROR(file.index->verify(cancel));
    return ok();
}

bool IndexChain::is_long() const {
    auto const whole = files_.back().index->file_bytes();
    return files_.size() > k_changes_max || (file_bytes() - whole) * k_merge_part > whole;
}

Result<void> IndexChain::append(FileSystem& files, std::string const& directory, IndexOrigin origin,
                                Changes const& changes, Sync sync) {
    RETURN_IF_ERROR(files.make_directories(directory, 0700));
    auto chain = open(files, directory);
    if (!chain && chain.error().code != Errc::not_found) return std::move(chain).error();
    origin.follows = chain ? (*chain)->files_.front().number : 0;
    if (origin.follows >= k_number_max) return Error{Errc::corrupt, directory + ": its numbers are used up"};
    auto const number = origin.follows + 1;
    {
        ASSIGN_OR_RETURN(auto const writer,
                         IndexWriter::create(files, chain_file_path(directory, number), origin));
        for (auto const& [name, bytes] : changes) {
            ASSIGN_OR_RETURN(auto const record, PackageRecord::open(bytes));
            RETURN_IF_ERROR(writer->add(record));
        }
        RETURN_IF_ERROR(writer->finish(sync));
    }
    if (origin.follows == 0) return ok();
    ASSIGN_OR_RETURN(auto const grown, open(files, directory));
    return grown->is_long() ? merge(files, directory, sync) : ok();
}

Result<void> IndexChain::merge(FileSystem& files, std::string const& directory, Sync sync) {
    ASSIGN_OR_RETURN(auto const chain, open(files, directory));
    if (chain->files_.size() == 1) return ok();
    auto const number = chain->files_.front().number + 1;
    auto const& newest = chain->newest();
    ASSIGN_OR_RETURN(auto const writer, IndexWriter::create(files, chain_file_path(directory, number),
                                                            {newest.source, newest.log_size, 0}));
    std::vector<IndexFile const*> sources;
    for (auto const& file : chain->files_) sources.push_back(file.index.get());
    RETURN_IF_ERROR(write_merged(sources, *writer));
    RETURN_IF_ERROR(writer->finish(sync));
    remove_others(files, directory, number);
    return ok();
}

}  // namespace ggen::metadata
