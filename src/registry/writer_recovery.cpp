// open(): checks the stored log against the last signed checkpoint and completes what a killed writer
// had signed. What was not signed is dropped: nobody was told that it exists.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/error_id.hpp"
#include "merkle/tree.hpp"
#include "registry/log_writer.hpp"
#include "registry/reader_cache.hpp"
#include "registry/root_chain.hpp"
#include "registry/witness_policy.hpp"
#include "registry/writer_place.hpp"

namespace ggen::detail {
namespace {

bool has_signatures_of(std::string_view note, std::string_view other) {
    auto const ours = merkle::Note::parse(note);
    auto const theirs = merkle::Note::parse(other);
    if (!ours || !theirs) return false;
    return std::all_of(theirs->signatures.begin(), theirs->signatures.end(), [&](auto const& signature) {
        return std::find(ours->signatures.begin(), ours->signatures.end(), signature) != ours->signatures.end();
    });
}

}  // namespace

Result<void> LogWriter::recover() {
    ASSIGN_OR_RETURN(root_, load_root_chain(files_, options_.directory));
    if (root_.log_key != options_.log_key.verifier()) {
        return Error{Errc::refused, ErrorId::signature_invalid,
                     "the key " + options_.log_key.verifier().text() +
                         " is not the log key of the registry in " + options_.directory};
    }
    ASSIGN_OR_RETURN(auto stored, load_checkpoints());
    auto const trusted_size = stored.trusted.checkpoint.size;
    auto const published_size = stored.published ? stored.published->checkpoint.size : 0;
    auto loaded = load_log(stored, std::max(trusted_size, published_size), ReplayChecks::trusted_log);
    if (!loaded && loaded.error().id == ErrorId::state_mismatch) {
        // A log that holds entries without effect (not written by this program) needs the full replay.
        loaded = load_log(stored, std::max(trusted_size, published_size), ReplayChecks::all);
    }
    if (!loaded && published_size < trusted_size) {
        auto const redone = redo_from_wal(stored);
        if (redone) loaded = ok();
    }
    if (!loaded) return std::move(loaded).error();
    auto published = finish_publication(stored);
    bool const may_wait = !published && published.error().id == ErrorId::witness_quorum && options_.may_lack_quorum;
    if (!published && !may_wait) return published;
    prune_state_objects();
    return ok();
}

/// A restored backup does not know what was signed after it was made.
Result<void> LogWriter::check_place() const {
    if (ReaderCache const kept{files_, options_.state_directory}; auto const evidence = kept.find_evidence()) {
        return Error{Errc::refused, ErrorId::log_writer_stopped,
                     origin_ + " has two histories, both signed with the key of this machine (" + *evidence + ")",
                     "publish under a new identity: ggen p2p start with another GGEN_STATE_DIR"};
    }
    if (!options_.guards_place || WriterPlace{files_, options_.state_directory}.is_home()) return ok();
    return Error{Errc::refused, ErrorId::log_writer_stopped,
                 options_.state_directory + " was copied here, as from a backup, and " + origin_ +
                     " may have gone on since: signing could fork it",
                 "ggen p2p recover asks the peers who mirror it"};
}

Result<LogWriter::StoredCheckpoints> LogWriter::load_checkpoints() {
    RETURN_IF_ERROR(check_place());
    auto const log_key = options_.log_key.verifier();
    auto const trusted = files_.read_file(trusted_path(), merkle::k_checkpoint_bytes_max);
    if (!trusted) {
        if (trusted.error().code != Errc::not_found) return trusted.error();
        return with_help(
            Error{Errc::refused, ErrorId::log_writer_stopped,
                  "this machine does not know which checkpoint of " + origin_ + " was signed last (" +
                      trusted_path() + " is missing), so signing could fork the log"},
            "if " + options_.directory + " is the newest copy of the registry: mkdir -p " +
                options_.state_directory + " && cp " + path(k_checkpoint_path) + " " + trusted_path());
    }
    StoredCheckpoints stored;
    auto opened = merkle::open_checkpoint(as_text(*trusted), log_key, cosigners());
    if (!opened)
        return writer_stopped(options_.directory, trusted_path() + " is damaged: " + opened.error().context);
    stored.trusted = std::move(opened).value();
    checkpoint_ = stored.trusted;

    auto const published = files_.read_file(path(k_checkpoint_path), merkle::k_checkpoint_bytes_max);
    if (!published && published.error().code != Errc::not_found) return published.error();
    if (!published) return stored;
    auto sound = merkle::open_checkpoint(as_text(*published), log_key, root_.witnesses);
    // A damaged public copy is replaced from the private one.
    if (sound) stored.published = std::move(sound).value();
    return stored;
}

/// Replays entries [0, size): every bundle, every tile, both roots and the last state leaf must agree.
Result<void> LogWriter::load_log(StoredCheckpoints const& stored, std::uint64_t size, ReplayChecks checks) {
    state_ = RegistryState{origin_, checks};
    edge_ = TileEdge{};
    last_entry_.clear();
    if (auto loaded = load_bundles(stored, size); !loaded) {
        if (loaded.error().code == Errc::io) return loaded;
        return writer_stopped(options_.directory,
                              "the folder does not hold the " + std::to_string(size) +
                                  " entries that were signed; was an older backup restored? (" +
                                  loaded.error().context + ")");
    }
    auto const last = parse_record(last_entry_);
    auto const* const leaf = last ? std::get_if<StateLeaf>(&last->record) : nullptr;
    bool const is_sound = leaf != nullptr && leaf->time == state_.time() && leaf->root == state_.root() &&
                          leaf->bucket_bits == state_.bucket_bits();
    if (!is_sound) {
        return Error{Errc::refused, ErrorId::state_mismatch,
                     options_.directory + ": the last state leaf does not follow from the log",
                     "ggen registry fsck " + options_.directory};
    }
    state_.end_trusted_replay();
    return ok();
}

Result<void> LogWriter::load_bundles(StoredCheckpoints const& stored, std::uint64_t size) {
    auto const compare = [this](merkle::TileId const& id, Bytes const& content) -> Result<void> {
        if (id.level == merkle::TileId::k_entries_level) return ok();
        ASSIGN_OR_RETURN(auto const found, files_.read_file(path(id.path()), content.size()));
        if (found == content) return ok();
        return Error{Errc::corrupt, ErrorId::tile_invalid, id.path() + " does not match the entries"};
    };
    auto const check_root = [this](merkle::Checkpoint const& checkpoint) -> Result<void> {
        if (edge_.size() != checkpoint.size || edge_.root() == checkpoint.root) return ok();
        return Error{Errc::corrupt, ErrorId::tile_invalid,
                     "the entries do not lead to the root signed at size " + std::to_string(checkpoint.size)};
    };
    for (std::uint64_t begin = 0; begin < size; begin += merkle::k_tile_width) {
        auto const width = static_cast<unsigned>(std::min<std::uint64_t>(merkle::k_tile_width, size - begin));
        ASSIGN_OR_RETURN(auto const entries, read_bundle(begin / merkle::k_tile_width, width));
        for (auto const& entry : entries) {
            RETURN_IF_ERROR(edge_.append(entry, compare));
            static_cast<void>(state_.apply(entry));
            RETURN_IF_ERROR(check_root(stored.trusted.checkpoint));
            if (stored.published) RETURN_IF_ERROR(check_root(stored.published->checkpoint));
        }
        if (begin + width == size && !entries.empty()) last_entry_ = entries.back();
    }
    return edge_.emit_partial(compare);
}

Result<std::vector<Bytes>> LogWriter::read_bundle(std::uint64_t index, unsigned width) const {
    merkle::TileId const id{merkle::TileId::k_entries_level, index, width};
    ASSIGN_OR_RETURN(auto const bytes, files_.read_file(path(id.path()), merkle::k_bundle_bytes_max));
    auto entries = merkle::decode_bundle(bytes, width);
    if (!entries) return wrap(std::move(entries).error(), id.path());
    return entries;
}

/// The signed batch is still in the write-ahead log: stores it once more and checks it against the signature.
Result<void> LogWriter::redo_from_wal(StoredCheckpoints const& stored) {
    ASSIGN_OR_RETURN(auto const bytes, files_.read_file(path(k_wal_path), k_wal_bytes_max));
    auto const batch = decode_wal(bytes);
    auto const& signed_checkpoint = stored.trusted.checkpoint;
    if (!batch || batch->entries.empty() ||
        batch->base_size + batch->entries.size() != signed_checkpoint.size) {
        return Error{Errc::not_found, "the write-ahead log does not hold the signed batch"};
    }
    if (batch->base_size > 0) {
        RETURN_IF_ERROR(load_log(stored, batch->base_size, ReplayChecks::trusted_log));
    } else {
        state_ = RegistryState{origin_};
        edge_ = TileEdge{};
    }
    auto const leaf = parse_record(batch->entries.back());
    auto const* const state_leaf = leaf ? std::get_if<StateLeaf>(&leaf->record) : nullptr;
    if (state_leaf == nullptr)
        return Error{Errc::corrupt, "the write-ahead log does not end in a state leaf"};
    for (std::size_t i = 0; i + 1 < batch->entries.size(); ++i)
        static_cast<void>(state_.apply(batch->entries[i]));
    RETURN_IF_ERROR(store_batch(batch->entries, state_leaf->time));
    ASSIGN_OR_RETURN(auto const root,
                     recompute_root(files_, options_.directory, batch->base_size, signed_checkpoint.size));
    if (root != signed_checkpoint.root ||
        state_.apply(batch->entries.back()).effect != EntryEffect::state_leaf) {
        return Error{Errc::corrupt, "the write-ahead log does not lead to the signed root"};
    }
    last_entry_ = batch->entries.back();
    return ok();
}

/// Makes the private copy, the head and the public checkpoint those of the newest signature.
Result<void> LogWriter::finish_publication(StoredCheckpoints const& stored) {
    auto newest = stored.trusted;
    if (stored.published && stored.published->checkpoint.size > newest.checkpoint.size) {
        newest = *stored.published;
        RETURN_IF_ERROR(compare_and_swap(newest));
    }
    checkpoint_ = newest;
    auto const head_bytes = files_.read_file(path(k_state_head_path), merkle::LogProof::k_bytes_max);
    auto const head = head_bytes ? merkle::LogProof::parse(as_text(*head_bytes))
                                 : Result<merkle::LogProof>{head_bytes.error()};
    // The public copy may have cosignatures beside ours; the private one never has more than it.
    shown_ = stored.published;
    bool const is_published = shown_ && shown_->checkpoint == newest.checkpoint &&
                              has_signatures_of(shown_->note, newest.note) && check_quorum(root_, shown_->note);
    bool const head_is_current = is_published && head && head->checkpoint_note == shown_->note &&
                                 head->extra == last_entry_;
    if (head_is_current) return ok();
    return publish(newest, last_entry_);
}

/// Each publish leaves a few state objects behind that only readers of older checkpoints ask for. Once
/// they are many, those older than an hour go (by the newest one's time, so no clock is needed).
void LogWriter::prune_state_objects() {
    auto const listed = files_.list(path("state"));
    auto const live_max = (std::size_t{1} << state_.bucket_bits()) + 257;
    if (!listed || listed->size() < 2 * live_max + 512) return;
    std::unordered_set<std::string> live{"head"};
    for (auto const& [address, bytes] : state_.objects(state_.time())) live.insert(address.hex());

    constexpr std::int64_t k_grace_ns = 3'600LL * 1'000'000'000;
    std::vector<std::pair<std::int64_t, std::string>> dead;
    std::int64_t newest_ns = 0;
    for (auto const& entry : *listed) {
        auto const info = files_.info(path("state/" + entry.name));
        if (!info) continue;
        newest_ns = std::max(newest_ns, info->modified_ns);
        if (live.count(entry.name) == 0) dead.emplace_back(info->modified_ns, entry.name);
    }
    for (auto const& [modified_ns, name] : dead) {
        if (modified_ns < newest_ns - k_grace_ns)
            static_cast<void>(files_.remove_file(path("state/" + name)));
    }
}

}  // namespace ggen::detail
