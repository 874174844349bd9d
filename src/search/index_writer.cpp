#include "search/index_writer.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "search/change_log.hpp"
#include "search/delta.hpp"
#include "search/index.hpp"
#include "search/index_directory.hpp"
#include "search/segment_builder.hpp"
#include "search/segment_reader.hpp"
#include "search/text.hpp"

namespace ggen {
namespace {

namespace si = search_index;

Result<std::unique_ptr<FileLock>> lock_directory(FileSystem& files, std::string const& directory,
                                                 CancelToken const* cancel) {
    RETURN_IF_ERROR(files.make_directories(directory));
    return files.lock(si::lock_path(directory), LockMode::exclusive, cancel);
}

/// The number after the present one; also past what a killed writer left half done, which `sweep` removes later.
Result<std::uint64_t> next_number(FileSystem& files, std::string const& directory) {
    auto const number = si::read_current(files, directory);
    if (number) return *number + 1;
    if (number.error().code == Errc::io) return number.error();
    // Nothing there, or nothing that this version understands: start above all numbers in sight, so that no reader
    // that still has the old CURRENT in hand meets other files under its number.
    ASSIGN_OR_RETURN(auto const entries, files.list(directory));
    std::uint64_t highest = 0;
    for (auto const& entry : entries) {
        std::uint64_t found = 0;
        auto const* const first = entry.name.data();
        if (std::from_chars(first, first + entry.name.size(), found).ec == std::errc{} && found > highest)
            highest = found;
    }
    return highest + 1;
}

Result<void> write_changes(FileSystem& files, std::string const& path, std::uint64_t number,
                           std::span<IndexChange const> changes) {
    auto bytes = si::change_log_header(number);
    if (!changes.empty()) RETURN_IF_ERROR(si::append_change_record(changes, bytes));
    return files.write_file_atomic(path, bytes, Sync::durable);
}

/// Removes what begins with a number and is not one of the two files of `current`. Only under the writer's lock. What
/// cannot be removed now is by the next writer.
void sweep(FileSystem& files, std::string const& directory, std::uint64_t current) {
    auto const entries = files.list(directory);
    if (!entries) return;
    for (auto const& entry : *entries) {
        auto const path = join_path(directory, entry.name);
        bool const is_ours = !entry.name.empty() && entry.name.front() >= '0' && entry.name.front() <= '9';
        if (!is_ours || path == si::segment_path(directory, current) || path == si::changes_path(directory, current))
            continue;
        static_cast<void>(files.remove_file(path));
    }
}

/// Builds the segment of `number` from what `feed` adds.
template <class Feed>
Result<void> build_segment(FileSystem& files, std::string const& directory, std::uint64_t number,
                           CancelToken const* cancel, Feed const& feed) {
    ASSIGN_OR_RETURN(auto const builder, si::SegmentBuilder::create(files, si::segment_path(directory, number),
                                                                    si::make_analyser()));
    RETURN_IF_ERROR(feed(*builder));
    ASSIGN_OR_RETURN(auto const summary, builder->finish(cancel));
    static_cast<void>(summary);
    return ok();
}

}  // namespace

struct SearchIndexBuilder::Impl {
    FileSystem& files;
    std::string directory;
    std::unique_ptr<FileLock> lock;
    std::uint64_t number = 0;
    std::unique_ptr<si::SegmentBuilder> builder;
};

SearchIndexBuilder::SearchIndexBuilder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SearchIndexBuilder::~SearchIndexBuilder() = default;

Result<std::unique_ptr<SearchIndexBuilder>> SearchIndexBuilder::create(FileSystem& files, std::string directory,
                                                                       CancelToken const* cancel) {
    ASSIGN_OR_RETURN(auto lock, lock_directory(files, directory, cancel));
    ASSIGN_OR_RETURN(auto const number, next_number(files, directory));
    ASSIGN_OR_RETURN(auto builder, si::SegmentBuilder::create(files, si::segment_path(directory, number),
                                                              si::make_analyser()));
    auto impl = std::make_unique<Impl>(
        Impl{files, std::move(directory), std::move(lock), number, std::move(builder)});
    return std::unique_ptr<SearchIndexBuilder>{new SearchIndexBuilder{std::move(impl)}};
}

Result<void> SearchIndexBuilder::add(SearchDocument const& document) { return impl_->builder->add(document); }

Result<void> SearchIndexBuilder::finish(CancelToken const* cancel) {
    auto& self = *impl_;
    ASSIGN_OR_RETURN(auto const summary, self.builder->finish(cancel));
    static_cast<void>(summary);
    RETURN_IF_ERROR(write_changes(self.files, si::changes_path(self.directory, self.number), self.number, {}));
    RETURN_IF_ERROR(si::write_current(self.files, self.directory, self.number));
    sweep(self.files, self.directory, self.number);
    return ok();
}

/// Two locks: `merging_` lets one merge run at a time, `mutex_` guards the rest and is held for moments only.
struct SearchIndexWriter::Impl {
    Impl(FileSystem& files_in, std::string directory_in, SearchWriterOptions options_in,
         std::unique_ptr<FileLock> lock_in, si::IndexState state_in, std::unique_ptr<AppendFile> log_in)
        : files(files_in),
          directory(std::move(directory_in)),
          options(options_in),
          lock(std::move(lock_in)),
          state(std::move(state_in)),
          log(std::move(log_in)) {
        publish(*state.delta);
    }

    ~Impl() {
        stop.cancel();
        if (merger.joinable()) merger.join();
    }

    void publish(si::Delta const& delta) {
        std::atomic_store(&shown, si::make_parts_index(delta.parts()));
    }

    [[nodiscard]] bool is_merge_due() const {
        std::lock_guard const guard{mutex};
        auto const changed = state.delta->record_count();
        return changed > options.merge_changes_min &&
               changed > state.base->view().doc_count() / std::max<std::uint64_t>(options.merge_share, 1);
    }

    Result<void> apply(std::span<IndexChange const> changes);
    Result<void> merge(CancelToken const* cancel);
    Result<void> switch_to(std::uint64_t number);
    void merge_in_background();

    FileSystem& files;
    std::string const directory;
    SearchWriterOptions const options;
    std::unique_ptr<FileLock> lock;

    std::shared_ptr<SearchIndex const> shown;  ///< By atomic_load and atomic_store only.

    mutable std::mutex mutex;              ///< Guards what follows, up to `merging`.
    si::IndexState state;
    std::unique_ptr<AppendFile> log;       ///< Null when the disk failed for good.
    bool is_logging_merge = false;         ///< Then `since_merge` collects what the merge does not see.
    std::vector<IndexChange> since_merge;
    bool has_background_merge = false;
    Result<void> background_result = ok();

    std::mutex merging;                    ///< Held while a segment is made.
    CancelToken stop;
    std::thread merger;                    ///< Of the thread that applies.
};

Result<void> SearchIndexWriter::Impl::apply(std::span<IndexChange const> changes) {
    if (changes.empty()) return ok();
    std::lock_guard const guard{mutex};
    if (!log) return Error{Errc::io, "search index: its changes could not be written before; open it again"};
    ASSIGN_OR_RETURN(auto next, state.delta->with(changes));
    Bytes record;
    RETURN_IF_ERROR(si::append_change_record(changes, record));
    if (state.changes_bytes + record.size() > si::k_change_log_bytes_max) {
        return Error{Errc::too_large, "search index: over 512 MiB of changes since it was merged; merge it first"};
    }
    if (auto appended = log->append(record); !appended) {
        // What was written in part must not stand before the next record.
        if (!files.truncate(si::changes_path(directory, state.number), state.changes_bytes)) log.reset();
        return appended;
    }
    // Readers need not wait for the disk.
    publish(*next);
    if (auto synced = log->sync(); !synced) {
        publish(*state.delta);
        log.reset();
        return synced;
    }
    state.changes_bytes += record.size();
    state.delta = std::move(next);
    if (is_logging_merge) since_merge.insert(since_merge.end(), changes.begin(), changes.end());
    return ok();
}

/// Makes `number`, whose segment stands, the present one. Needs `mutex`.
Result<void> SearchIndexWriter::Impl::switch_to(std::uint64_t number) {
    si::IndexState next;
    next.number = number;
    ASSIGN_OR_RETURN(next.base, si::SegmentReader::open(files, si::segment_path(directory, number)));
    next.delta = si::Delta::empty(next.base);
    if (!since_merge.empty()) {
        ASSIGN_OR_RETURN(next.delta, next.delta->with(since_merge));
    }
    auto const path = si::changes_path(directory, number);
    RETURN_IF_ERROR(write_changes(files, path, number, since_merge));
    ASSIGN_OR_RETURN(auto next_log, files.open_append(path));
    next.changes_bytes = next_log->size_bytes();
    RETURN_IF_ERROR(si::write_current(files, directory, number));
    state = std::move(next);
    log = std::move(next_log);
    publish(*state.delta);
    return ok();
}

Result<void> SearchIndexWriter::Impl::merge(CancelToken const* cancel) {
    std::lock_guard const one_at_a_time{merging};
    std::shared_ptr<si::Delta const> delta;
    std::uint64_t number = 0;
    {
        std::lock_guard const guard{mutex};
        if (state.delta->record_count() == 0) return ok();
        delta = state.delta;
        number = state.number + 1;
        is_logging_merge = true;
        since_merge.clear();
    }
    auto result = build_segment(files, directory, number, cancel, [&](si::SegmentBuilder& builder) {
        return delta->for_each_live([&](SearchDocument const& document) -> Result<void> {
            if (cancel != nullptr) RETURN_IF_ERROR(cancel->check());
            return builder.add(document);
        });
    });
    std::lock_guard const guard{mutex};
    if (result) result = switch_to(number);
    is_logging_merge = false;
    since_merge = {};
    // After an error CURRENT may name either number: both hold the same, and the next writer sweeps the other.
    if (result) sweep(files, directory, number);
    return result;
}

void SearchIndexWriter::Impl::merge_in_background() {
    if (!options.merges_in_background || !is_merge_due()) return;
    {
        std::lock_guard const guard{mutex};
        if (has_background_merge) return;
        has_background_merge = true;
    }
    if (merger.joinable()) merger.join();
    merger = std::thread{[this] {
        auto result = merge(&stop);
        std::lock_guard const guard{mutex};
        background_result = std::move(result);
        has_background_merge = false;
    }};
}

SearchIndexWriter::SearchIndexWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SearchIndexWriter::~SearchIndexWriter() = default;

Result<std::unique_ptr<SearchIndexWriter>> SearchIndexWriter::open(FileSystem& files, std::string directory,
                                                                   SearchWriterOptions options,
                                                                   CancelToken const* cancel) {
    ASSIGN_OR_RETURN(auto lock, lock_directory(files, directory, cancel));
    auto state = si::load_index(files, directory);
    if (!state && state.error().code == Errc::not_found) {
        ASSIGN_OR_RETURN(auto const number, next_number(files, directory));
        RETURN_IF_ERROR(build_segment(files, directory, number, cancel, [](si::SegmentBuilder&) { return ok(); }));
        RETURN_IF_ERROR(write_changes(files, si::changes_path(directory, number), number, {}));
        RETURN_IF_ERROR(si::write_current(files, directory, number));
        state = si::load_index(files, directory);
    }
    if (!state) return std::move(state).error();
    sweep(files, directory, state->number);
    auto const path = si::changes_path(directory, state->number);
    ASSIGN_OR_RETURN(auto log, files.open_append(path));
    // A record that a killed writer began must not stand before the next one.
    if (log->size_bytes() != state->changes_bytes) {
        log.reset();
        RETURN_IF_ERROR(files.truncate(path, state->changes_bytes));
        ASSIGN_OR_RETURN(log, files.open_append(path));
    }
    auto impl = std::make_unique<Impl>(files, std::move(directory), options, std::move(lock), *std::move(state),
                                       std::move(log));
    return std::unique_ptr<SearchIndexWriter>{new SearchIndexWriter{std::move(impl)}};
}

Result<void> SearchIndexWriter::apply(std::span<IndexChange const> changes) {
    RETURN_IF_ERROR(impl_->apply(changes));
    impl_->merge_in_background();
    return ok();
}

std::shared_ptr<SearchIndex const> SearchIndexWriter::snapshot() const { return std::atomic_load(&impl_->shown); }

std::uint64_t SearchIndexWriter::change_count() const {
    std::lock_guard const guard{impl_->mutex};
    return impl_->state.delta->record_count();
}

bool SearchIndexWriter::is_merge_due() const { return impl_->is_merge_due(); }

Result<void> SearchIndexWriter::merge(CancelToken const* cancel) { return impl_->merge(cancel); }

Result<void> SearchIndexWriter::last_background_merge() const {
    std::lock_guard const guard{impl_->mutex};
    return impl_->background_result;
}

}  // namespace ggen
