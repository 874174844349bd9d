#include "registry/log_mirror.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/error_id.hpp"
#include "base/parallel.hpp"
#include "merkle/tile_store.hpp"
#include "registry/reader_cache.hpp"
#include "registry/root_chain.hpp"

namespace ggen {
namespace {

constexpr char const* k_checkpoint_path = "checkpoint";
constexpr char const* k_state_head_path = "state/head";
constexpr char const* k_evidence_path = "evidence";
/// More state leaves than this in one update: the states between are not stored, only the last one, whole.
constexpr std::uint64_t k_single_states_max = 64;

Error state_mismatch(std::string text) { return Error{Errc::refused, ErrorId::state_mismatch, std::move(text)}; }

}  // namespace

LogMirror::LogMirror(FileSystem& files, Clock& clock, RootFile root, MirrorOptions options)
    : files_(files),
      clock_(clock),
      root_(std::move(root)),
      options_(std::move(options)),
      state_(root_.registry),
      // Not a writer of this log: what the disk loses is fetched again.
      durable_(files, options_.directory, [this](std::string const& message) { sync_failure_ = message; }) {}

Result<std::unique_ptr<LogMirror>> LogMirror::open(FileSystem& files, Clock& clock, RootFile root,
                                                   MirrorOptions options) {
    std::unique_ptr<LogMirror> mirror{new LogMirror{files, clock, std::move(root), std::move(options)}};
    RETURN_IF_ERROR(files.make_directories(mirror->options_.directory, 0700));
    if (!mirror->load()) mirror->reset();
    return mirror;
}

void LogMirror::reset() {
    state_ = RegistryState{root_.registry};
    edge_ = detail::TileEdge{};
    checkpoint_.reset();
    last_entry_.clear();
    releases_.clear();
    archives_.clear();
    is_loaded_ = true;
}

Result<void> LogMirror::load() {
    reset();
    is_loaded_ = false;
    auto const newest = detail::load_root_chain(files_, options_.directory);
    if (newest && newest->version > root_.version) root_ = *newest;
    auto const note = files_.read_file(path(k_checkpoint_path), merkle::k_checkpoint_bytes_max);
    if (!note && note.error().code == Errc::not_found) {
        is_loaded_ = true;
        return ok();
    }
    if (!note) return note.error();
    ASSIGN_OR_RETURN(auto checkpoint, merkle::open_checkpoint(as_text(*note), root_.log_key, root_.witnesses));
    RETURN_IF_ERROR(replay_stored(checkpoint.checkpoint.size));
    if (edge_.root() != checkpoint.checkpoint.root) {
        return Error{Errc::corrupt, ErrorId::tile_invalid, options_.directory + ": the entries are not those signed"};
    }
    checkpoint_ = std::move(checkpoint);
    is_loaded_ = true;
    return ok();
}

/// With all checks: strangers may have logged records that count for nobody. The root is compared by the caller.
Result<void> LogMirror::replay_stored(std::uint64_t size) {
    state_ = RegistryState{root_.registry};
    auto const nowhere = [](merkle::TileId const&, Bytes const&) -> Result<void> { return ok(); };
    for (std::uint64_t begin = 0; begin < size; begin += merkle::k_tile_width) {
        auto const width = static_cast<unsigned>(std::min<std::uint64_t>(merkle::k_tile_width, size - begin));
        merkle::TileId const id{merkle::TileId::k_entries_level, begin / merkle::k_tile_width, width};
        ASSIGN_OR_RETURN(auto const bytes, files_.read_file(path(id.path()), merkle::k_bundle_bytes_max));
        ASSIGN_OR_RETURN(auto const entries, merkle::decode_bundle(bytes, width));
        for (auto const& entry : entries) {
            note_release(edge_.size(), entry);
            RETURN_IF_ERROR(edge_.append(entry, nowhere));
            static_cast<void>(state_.apply(entry));
        }
        if (!entries.empty()) last_entry_ = entries.back();
    }
    return edge_.emit_partial(nowhere);
}

Result<MirrorReport> LogMirror::update(RegistrySource& source, CancelToken const& cancel) {
    auto report = update_from(source, cancel);
    if (!report && report.error().id == ErrorId::log_fork) share_evidence();
    return report;
}

Result<MirrorReport> LogMirror::update_from(RegistrySource& source, CancelToken const& cancel) {
    if (!is_loaded_ && !load()) reset();
    ReaderOptions reader_options;
    reader_options.memory_directory = options_.memory_directory;
    // Not before the copy is as far: whoever reads it meanwhile, or after an update that failed, has the same memory.
    reader_options.remembers_when_told = true;
    reader_options.freshness.enforce = !options_.may_be_stale;
    ASSIGN_OR_RETURN(auto const reader,
                     RegistryReader::open(files_, clock_, source, root_, std::move(reader_options)));
    auto const progress = reader->refresh();
    if (!progress) {
        if (progress.error().id == ErrorId::checkpoint_rollback) RETURN_IF_ERROR(compare_shown(source));
        return progress.error();
    }
    auto const& refreshed = *progress;
    // Who knows better says so to whoever asks: a newcomer sees one history, which is sound.
    if (auto const shown = source.read(k_evidence_path, k_fork_evidence_bytes_max)) {
        if (auto const kept = keep_evidence(as_text(*shown))) {
            return Error{Errc::refused, ErrorId::log_fork,
                         root_.registry + " signed two histories that contradict each other; the evidence is in " +
                             *kept};
        }
    }
    MirrorReport report{size(), refreshed.size, 0, 0};
    if (refreshed.size > options_.entries_max) {
        return Error{Errc::refused, ErrorId::p2p_follow_refused,
                     root_.registry + " has " + std::to_string(refreshed.size) + " entries; at most " +
                         std::to_string(options_.entries_max) + " are mirrored"};
    }
    root_ = reader->root();
    if (refreshed.size <= size()) {
        report.size = size();
        RETURN_IF_ERROR(reader->remember());
        return report;
    }
    is_loaded_ = false;  // Until all of it is on disk.
    auto const first_release = releases_.size();
    RETURN_IF_ERROR(take_entries(*reader, size(), refreshed.size, cancel));
    fetch_manifests(*reader, first_release, cancel, &report);
    RETURN_IF_ERROR(cancel.check());
    // Shortly before the checkpoint that has the cosignatures which the newest one may demand.
    RETURN_IF_ERROR(store_roots(source));
    RETURN_IF_ERROR(publish(*reader));
    RETURN_IF_ERROR(reader->remember());
    is_loaded_ = true;
    return report;
}

/// What a source that is behind shows is the beginning of this log, or of another.
Result<void> LogMirror::compare_shown(RegistrySource& source) {
    auto const note = source.read(k_checkpoint_path, merkle::k_checkpoint_bytes_max);
    auto const fork = note ? compare(as_text(*note)) : Result<std::optional<std::string>>{note.error()};
    if (!fork || !*fork) return ok();
    return Error{Errc::refused, ErrorId::log_fork,
                 root_.registry + " signed two histories that contradict each other; the evidence is in " + **fork};
}

/// Readers of the copy start at root/1, whatever version was pinned here; the chain has to pass through that one.
Result<void> LogMirror::store_roots(RegistrySource& source) {
    std::optional<RootFile> at;
    for (std::uint64_t version = 1; version <= root_.version; ++version) {
        auto const name = "root/" + std::to_string(version);
        if (at && files_.info(path(name))) {
            auto const stored = files_.read_file(path(name), RootFile::k_bytes_max);
            auto next = stored ? RootFile::accept_next(*at, as_text(*stored)) : Result<RootFile>{stored.error()};
            if (next) {
                at = *std::move(next);
                continue;
            }
        }
        ASSIGN_OR_RETURN(auto const bytes, source.read(name, RootFile::k_bytes_max));
        ASSIGN_OR_RETURN(auto next, at ? RootFile::accept_next(*at, as_text(bytes)) : RootFile::parse(as_text(bytes)));
        if (!at) RETURN_IF_ERROR(next.verify_signed_by(next));
        at = std::move(next);
        RETURN_IF_ERROR(durable_.write(name, bytes));
    }
    if (at && at->fingerprint() == root_.fingerprint()) return ok();
    return Error{Errc::refused, ErrorId::root_file_invalid,
                 source.describe() + " shows root files of " + root_.registry + " that do not lead to the pinned one"};
}

Result<void> LogMirror::take_entries(RegistryReader& reader, std::uint64_t begin, std::uint64_t end,
                                     CancelToken const& cancel) {
    // A long way is gone without stopping at every state on it.
    bool const is_short = begin > 0 && end - begin <= k_single_states_max;
    auto const visit = [&](std::uint64_t index, BytesView entry) -> Result<void> {
        if (index % merkle::k_tile_width == 0) RETURN_IF_ERROR(cancel.check());
        note_release(index, entry);
        return take_entry(entry, index + 1 == end, is_short);
    };
    RETURN_IF_ERROR(reader.each_entry(begin, end, visit));
    RETURN_IF_ERROR(edge_.emit_partial(store()));
    auto const& signed_root = reader.checkpoint().checkpoint.root;
    if (edge_.size() == end && edge_.root() == signed_root) return ok();
    return Error{Errc::corrupt, ErrorId::tile_invalid,
                 "the entries of " + root_.registry + " do not lead to the root that it signed"};
}

Result<void> LogMirror::take_entry(BytesView entry, bool is_last, bool stores_each_state) {
    RETURN_IF_ERROR(edge_.append(entry, store()));
    auto const record = parse_record(entry);
    auto const* const leaf = record ? std::get_if<StateLeaf>(&record->record) : nullptr;
    bool const is_stored = leaf != nullptr && (is_last || stores_each_state);
    if (is_stored) RETURN_IF_ERROR(store_state(leaf->time, !stores_each_state));
    auto const outcome = state_.apply(entry);
    if (!is_last) return ok();
    last_entry_.assign(entry.begin(), entry.end());
    if (outcome.effect == EntryEffect::state_leaf) return ok();
    return state_mismatch(root_.registry + " signed a state that does not follow from its entries: " + outcome.why);
}

Result<void> LogMirror::store_state(UnixTime time, bool all) {
    for (auto const& [address, bytes] : all ? state_.objects(time) : state_.changed_objects(time)) {
        auto const name = "state/" + address.hex();
        if (!files_.info(path(name))) RETURN_IF_ERROR(durable_.write(name, bytes));
    }
    return ok();
}

void LogMirror::note_release(std::uint64_t index, BytesView entry) {
    auto record = parse_record(entry);
    auto* const release = record ? std::get_if<ReleaseRecord>(&record->record) : nullptr;
    if (release == nullptr) return;
    archives_.insert_or_assign(release->archive.digest, release->archive);
    releases_.emplace_back(index, std::move(*release));
}

/// Texts for search and for resolving. What is not there is no reason to do without the log.
void LogMirror::fetch_manifests(RegistryReader& reader, std::size_t first, CancelToken const& cancel,
                                MirrorReport* report) {
    std::vector<BlobRef> wanted;
    for (auto i = first; i < releases_.size(); ++i) {
        auto const& manifest = releases_[i].second.manifest;
        // A record that nobody owned costs its readers nothing.
        bool const counts = state_.find(releases_[i].second.name) != nullptr;
        if (counts && !files_.info(path(blob_path(manifest.digest)))) wanted.push_back(manifest);
    }
    std::vector<std::optional<Bytes>> got(wanted.size());
    run_parallel(wanted.size(), options_.parallel, [&](std::size_t i) {
        if (cancel.is_cancelled()) return;
        auto bytes = reader.blob(wanted[i]);
        if (bytes) got[i] = *std::move(bytes);
    });
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        bool const is_stored = got[i] && durable_.write(blob_path(wanted[i].digest), *got[i]);
        ++(is_stored ? report->manifests : report->manifests_missing);
    }
}

/// Objects, then the head, then the checkpoint: as the log's own writer does.
Result<void> LogMirror::publish(RegistryReader const& reader) {
    RETURN_IF_ERROR(durable_.flush());
    auto const& checkpoint = reader.checkpoint();
    merkle::TileReader tiles{checkpoint.checkpoint, [this](std::string const& name, std::uint64_t bytes_max) {
                                 return files_.read_file(path(name), bytes_max);
                             }};
    merkle::LogProof head;
    head.extra = last_entry_;
    head.index = checkpoint.checkpoint.size - 1;
    ASSIGN_OR_RETURN(head.hashes, tiles.prove_inclusion(head.index));
    head.checkpoint_note = checkpoint.note;
    RETURN_IF_ERROR(durable_.write_now(k_state_head_path, as_bytes(head.print())));
    RETURN_IF_ERROR(durable_.write_now(k_checkpoint_path, as_bytes(checkpoint.note)));
    if (sync_failure_) return Error{Errc::io, options_.directory + ": " + *std::exchange(sync_failure_, std::nullopt)};
    auto const old_size = size();
    checkpoint_ = checkpoint;
    for (auto const& ids : {merkle::tiles_of(size(), old_size), merkle::bundles_of(size(), old_size)}) {
        for (auto const& id : ids) {
            if (!id.is_partial()) static_cast<void>(files_.remove_tree(path(id.path() + ".p")));
        }
    }
    return ok();
}

Result<std::optional<ForkEvidence>> LogMirror::find_fork(std::string_view note) const {
    ASSIGN_OR_RETURN(auto const other, merkle::open_checkpoint(note, root_.log_key, root_.witnesses));
    auto const then = other.checkpoint.size;
    if (!checkpoint_ || then == 0 || then > size()) return std::optional<ForkEvidence>{};
    merkle::TileReader tiles{checkpoint_->checkpoint, [this](std::string const& name, std::uint64_t bytes_max) {
                                 return files_.read_file(path(name), bytes_max);
                             }};
    ASSIGN_OR_RETURN(auto const root_then, tiles.root_at(then));
    if (root_then == other.checkpoint.root) return std::optional<ForkEvidence>{};
    std::vector<Digest> proof;
    if (then < size()) {
        ASSIGN_OR_RETURN(proof, tiles.prove_consistency(then));
    }
    ASSIGN_OR_RETURN(auto evidence,
                     make_fork_evidence(root_.log_key, note, checkpoint_->note, root_then, std::move(proof)));
    return std::optional{std::move(evidence)};
}

Result<std::optional<std::string>> LogMirror::compare(std::string_view note) {
    ASSIGN_OR_RETURN(auto const fork, find_fork(note));
    if (!fork) return std::optional<std::string>{};
    ASSIGN_OR_RETURN(auto path, keep(*fork));
    return std::optional{std::move(path)};
}

Result<std::string> LogMirror::keep_evidence(std::string_view document) {
    ASSIGN_OR_RETURN(auto const evidence, check_fork_evidence(document, root_.log_key));
    return keep(evidence);
}

/// One piece is enough for ever.
Result<std::string> LogMirror::keep(ForkEvidence const& evidence) {
    detail::ReaderCache const memory{files_, options_.memory_directory};
    if (auto kept = memory.find_evidence()) return *std::move(kept);
    RETURN_IF_ERROR(memory.write_durable(evidence.path(), as_bytes(evidence.document())));
    share_evidence();
    return memory.full_path(evidence.path());
}

/// Into the copy, where whoever asks for the log finds it.
void LogMirror::share_evidence() {
    auto const document = evidence_document();
    if (!document || !*document || files_.info(path(k_evidence_path))) return;
    static_cast<void>(files_.write_file_atomic(path(k_evidence_path), as_bytes(**document), Sync::none));
}

Result<std::optional<std::string>> LogMirror::evidence_document() const {
    auto const path = evidence();
    if (!path) return std::optional<std::string>{};
    ASSIGN_OR_RETURN(auto const bytes, files_.read_file(*path, k_fork_evidence_bytes_max));
    return std::optional{std::string{as_text(bytes)}};
}

std::optional<BlobRef> LogMirror::find_archive(Digest const& digest) const {
    auto const at = archives_.find(digest);
    if (at == archives_.end()) return std::nullopt;
    return at->second;
}

std::optional<std::string> LogMirror::evidence() const {
    return detail::ReaderCache{files_, options_.memory_directory}.find_evidence();
}

detail::TileEdge::Sink LogMirror::store() {
    return [this](merkle::TileId const& id, Bytes const& content) { return durable_.write(id.path(), content); };
}

}  // namespace ggen
