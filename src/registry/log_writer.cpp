// append(): the order of steps of trust.md 2.5.
#include "registry/log_writer.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/error_id.hpp"
#include "merkle/tree.hpp"
#include "registry/source.hpp"
#include "registry/witness_policy.hpp"
#include "registry/writer_place.hpp"

namespace ggen::detail {
namespace {

[[noreturn]] void end_process(std::string const& message) {
    std::fprintf(stderr,
                 "ggen: the disk failed to store the registry (%s). Stopping at once: what was not "
                 "acknowledged may be lost, the rest is safe. The next run heals the registry.\n",
                 message.c_str());
    std::abort();
}

Error error_of(ApplyOutcome const& outcome) {
    auto const code = outcome.id == ErrorId::version_exists      ? Errc::conflict
                      : outcome.id == ErrorId::version_not_found ? Errc::not_found
                                                                 : Errc::refused;
    return Error{code, outcome.id, outcome.why};
}

}  // namespace

Error writer_stopped(std::string const& directory, std::string problem) {
    return Error{Errc::refused, ErrorId::log_writer_stopped, directory + ": " + std::move(problem),
                 "ggen registry fsck " + directory};
}

LogWriter::LogWriter(FileSystem& files, Clock& clock, WriterOptions options)
    : files_(files),
      clock_(clock),
      options_(std::move(options)),
      origin_(options_.log_key.verifier().name),
      durable_(files, options_.directory,
               options_.on_sync_failure ? options_.on_sync_failure : DurableFiles::SyncFailure{end_process}),
      state_(origin_) {
    root_.policy_tail = print_witness_policy(0, 0, 0);
}

Result<void> LogWriter::lock() {
    auto const busy = [this] {
        return Error{Errc::conflict, ErrorId::registry_busy,
                     "another process is writing to the registry in " + options_.directory};
    };
    ASSIGN_OR_RETURN(auto private_lock,
                     files_.try_lock(join_path(options_.state_directory, "lock"), LockMode::exclusive));
    if (!private_lock) return busy();
    ASSIGN_OR_RETURN(auto folder_lock, files_.try_lock(path(".writer/lock"), LockMode::exclusive));
    if (!folder_lock) return busy();
    private_lock_ = std::move(*private_lock);
    folder_lock_ = std::move(*folder_lock);
    return ok();
}

Result<void> LogWriter::start_empty() { return commit({}); }

Result<BlobRef> LogWriter::put_blob(BytesView bytes) {
    BlobRef const blob{sha256(bytes), bytes.size()};
    RETURN_IF_ERROR(durable_.write(blob_path(blob.digest), bytes));
    return blob;
}

Result<void> LogWriter::take_blob(BlobRef const& blob, std::string const& path) {
    return durable_.move_in(blob_path(blob.digest), path, blob.bytes);
}

Result<std::vector<Receipt>> LogWriter::append(std::vector<Bytes> const& entries) {
    if (stopped_)
        return writer_stopped(options_.directory, "an earlier step failed; open the registry again");
    ASSIGN_OR_RETURN(auto placed, validate(entries));
    bool const is_sign_of_life = entries.empty();
    if (!placed.fresh.empty() || is_sign_of_life) {
        if (auto committed = commit(std::move(placed.fresh)); !committed) {
            stopped_ = true;
            return std::move(committed).error();
        }
    }
    return receipts_for(placed.indexes, entries);
}

/// Applies the new entries to the state, or leaves everything as it was.
Result<LogWriter::Placed> LogWriter::validate(std::vector<Bytes> const& entries) {
    Placed placed;
    state_.begin();
    for (auto const& entry : entries) {
        auto index = state_.index_of(merkle::leaf_hash(entry));
        if (!index) {
            index = state_.size();
            auto problem = check_roles(entry);
            if (problem) {
                auto const outcome = state_.apply(entry);
                if (outcome.effect != EntryEffect::applied) problem = error_of(outcome);
            }
            if (!problem) {
                state_.roll_back();
                return std::move(problem).error();
            }
            placed.fresh.push_back(entry);
        }
        placed.indexes.push_back(*index);
    }
    for (auto const& [address, bytes] : state_.changed_objects(next_time())) {
        if (bytes.size() <= k_bucket_bytes_max) continue;
        state_.roll_back();
        return Error{Errc::too_large, ErrorId::record_invalid, "a bucket of the state would pass 1 MiB"};
    }
    state_.commit();
    return placed;
}

/// A key serves one role: the log key owns no names, whatever name it is given. State leaves are the
/// log's own.
Result<void> LogWriter::check_roles(BytesView entry) const {
    auto const refuse = [](std::string why) {
        return Error{Errc::refused, ErrorId::record_invalid, std::move(why)};
    };
    auto const record = parse_record(entry);
    if (!record) return refuse(record.error().context);
    if (std::holds_alternative<StateLeaf>(record->record))
        return refuse("only the log itself writes state leaves");
    std::vector<merkle::VerifierKey> keys;
    if (auto const* const claim = std::get_if<ClaimRecord>(&record->record)) {
        keys = claim->keys;
        if (claim->recovery) keys.push_back(*claim->recovery);
    } else if (auto const* const change = std::get_if<KeysRecord>(&record->record)) {
        keys = change->keys;
    }
    auto const log_key = options_.log_key.verifier().key;
    for (auto const& key : keys) {
        if (key.key == log_key) return refuse("the key of the log cannot own names");
    }
    return ok();
}

Result<void> LogWriter::commit(std::vector<Bytes> fresh) {
    auto const time = next_time();
    auto const old_size = edge_.size();
    ASSIGN_OR_RETURN(auto const leaf, sign_record(Record{state_.make_leaf(time)}, {}));
    auto batch = std::move(fresh);
    batch.push_back(leaf);

    RETURN_IF_ERROR(durable_.rewrite_log(k_wal_path, encode_wal({old_size, batch})));
    RETURN_IF_ERROR(store_batch(batch, time));
    auto const size = edge_.size();
    auto const stored_root = recompute_root(files_, options_.directory, old_size, size);
    if (!stored_root || *stored_root != edge_.root()) {
        return writer_stopped(options_.directory,
                              "what was stored does not lead to the root to be signed" +
                                  (stored_root ? std::string{} : " (" + stored_root.error().context + ")"));
    }
    ASSIGN_OR_RETURN(auto const next, sign(size, *stored_root, time));
    RETURN_IF_ERROR(compare_and_swap(next));
    RETURN_IF_ERROR(publish(next, leaf));

    GGEN_ASSERT(state_.apply(leaf).effect == EntryEffect::state_leaf);
    std::vector<merkle::TileId> filled = merkle::tiles_of(size, old_size);
    auto const bundles = merkle::bundles_of(size, old_size);
    filled.insert(filled.end(), bundles.begin(), bundles.end());
    remove_partials(filled);
    return ok();
}

/// Blobs put before, bundles, tiles and state objects: on disk and durable.
Result<void> LogWriter::store_batch(std::vector<Bytes> const& batch, UnixTime time) {
    auto const store = [this](merkle::TileId const& id, Bytes const& content) {
        return durable_.write(id.path(), content);
    };
    for (auto const& entry : batch) RETURN_IF_ERROR(edge_.append(entry, store));
    RETURN_IF_ERROR(edge_.emit_partial(store));
    for (auto const& [address, bytes] : state_.changed_objects(time)) {
        RETURN_IF_ERROR(durable_.write("state/" + address.hex(), bytes));
    }
    RETURN_IF_ERROR(durable_.flush());
    for (auto const& [address, bytes] : state_.changed_objects(time)) {
        ASSIGN_OR_RETURN(auto const stored,
                         files_.read_file(path("state/" + address.hex()), k_bucket_bytes_max));
        if (stored != bytes)
            return writer_stopped(options_.directory, "state/" + address.hex() + " was not stored");
    }
    return ok();
}

Result<merkle::SignedCheckpoint> LogWriter::sign(std::uint64_t size, Digest const& root,
                                                 UnixTime time) const {
    merkle::Note note{merkle::Checkpoint{origin_, size, root}.text(), {}};
    note.sign(options_.log_key);
    if (options_.cosigner) note.sign(*options_.cosigner, time);
    return merkle::open_checkpoint(note.print(), options_.log_key.verifier(), cosigners());
}

/// The only place where a signature becomes durable; nobody has seen it before.
Result<void> LogWriter::compare_and_swap(merkle::SignedCheckpoint const& next) {
    auto const current = files_.read_file(trusted_path(), merkle::k_checkpoint_bytes_max);
    bool const is_first = checkpoint_.note.empty();
    bool const is_ours = current ? as_text(*current) == checkpoint_.note && !is_first
                                 : is_first && current.error().code == Errc::not_found;
    if (!is_ours) {
        return writer_stopped(options_.directory, "another writer has signed a checkpoint in the meantime");
    }
    if (options_.guards_place) {
        RETURN_IF_ERROR(durable_.flush());
        auto const replaced = WriterPlace{files_, options_.state_directory}.replace_checkpoint(as_bytes(next.note));
        if (!replaced) return wrap(replaced.error(), "the signed checkpoint was not stored");
    } else {
        RETURN_IF_ERROR(durable_.write_now(trusted_path(), as_bytes(next.note)));
    }
    checkpoint_ = next;
    return ok();
}

/// Head before checkpoint: a reader between the two finds a head that carries its own, newer checkpoint.
Result<void> LogWriter::publish(merkle::SignedCheckpoint const& checkpoint, BytesView leaf) {
    merkle::LogProof head;
    head.extra.assign(leaf.begin(), leaf.end());
    head.index = checkpoint.checkpoint.size - 1;
    auto tiles = tile_reader(checkpoint.checkpoint);
    ASSIGN_OR_RETURN(head.hashes, tiles.prove_inclusion(head.index));
    ASSIGN_OR_RETURN(head.checkpoint_note, cosigned(checkpoint));
    RETURN_IF_ERROR(durable_.write_now(k_state_head_path, as_bytes(head.print())));
    RETURN_IF_ERROR(durable_.write_now(k_checkpoint_path, as_bytes(head.checkpoint_note)));
    shown_ = merkle::SignedCheckpoint{checkpoint.checkpoint, head.checkpoint_note, checkpoint.cosigned_at};
    last_entry_.assign(leaf.begin(), leaf.end());
    return ok();
}

Result<std::string> LogWriter::gather(merkle::SignedCheckpoint const& checkpoint) {
    auto tiles = tile_reader(checkpoint.checkpoint);
    auto gathered = gather_cosignatures(options_.cosigning, checkpoint, shown_,
                                        [&](std::uint64_t old_size) { return tiles.prove_consistency(old_size); });
    cosigning_failures_ = std::move(gathered.failures);
    if (!gathered.contradiction) return std::move(gathered.note);
    return Error{Errc::refused, ErrorId::log_writer_stopped,
                 "a witness knows of " + origin_ + " what is not on this machine, as after restoring a backup: " +
                     *gathered.contradiction,
                 "bring the newest copy of the registry back, then publish again; if the witness is wrong, "
                 "`ggen witness remove` goes on without it"};
}

Result<void> LogWriter::check_cosigned(RootFile const& root, std::string_view note) const {
    auto const met = check_quorum(root, note);
    if (met) return ok();
    auto text = met.error().context;
    for (auto const& failure : cosigning_failures_) text += "; " + failure;
    return Error{met.error().code, met.error().id, std::move(text),
                 "publish again when the witnesses answer; what was public is unchanged"};
}

Result<std::string> LogWriter::cosigned(merkle::SignedCheckpoint const& checkpoint) {
    ASSIGN_OR_RETURN(auto note, gather(checkpoint));
    RETURN_IF_ERROR(check_cosigned(root_, note));
    if (next_root_) RETURN_IF_ERROR(check_cosigned(*next_root_, note));
    return note;
}

Result<void> LogWriter::change_root(std::string const& note) {
    if (stopped_) return writer_stopped(options_.directory, "an earlier step failed; open the registry again");
    ASSIGN_OR_RETURN(auto const next, RootFile::accept_next(root_, note));
    // For what was signed already first: when the witnesses do not answer, nothing is signed.
    ASSIGN_OR_RETURN(auto const gathered, gather(checkpoint_));
    RETURN_IF_ERROR(check_cosigned(next, gathered));
    auto const show = [&] {
        return durable_.write_now("root/" + std::to_string(next.version), as_bytes(next.note));
    };
    stopped_ = true;  // Until all is done.
    // Readers follow the root file first. One that demands what the present one does not waits for its checkpoint; one
    // that no longer demands what cannot be had comes before it.
    bool const is_met = check_quorum(root_, gathered).has_value();
    if (is_met) next_root_ = next;
    else RETURN_IF_ERROR(show());
    if (!is_met) root_ = next;
    // A checkpoint of its own: who has the present one already would not look at its cosignatures.
    RETURN_IF_ERROR(commit({}));
    if (is_met) RETURN_IF_ERROR(show());
    root_ = next;
    next_root_.reset();
    stopped_ = false;
    return ok();
}

/// Partial tiles are kept until the full tile is published; leftovers cost space only.
void LogWriter::remove_partials(std::vector<merkle::TileId> const& filled) {
    for (auto const& id : filled) {
        if (!id.is_partial()) static_cast<void>(files_.remove_tree(path(id.path() + ".p")));
    }
}

merkle::TileReader LogWriter::tile_reader(merkle::Checkpoint const& checkpoint) {
    return merkle::TileReader{checkpoint, [this](std::string const& name, std::uint64_t bytes_max) {
                                  return files_.read_file(path(name), bytes_max);
                              }};
}

Result<std::vector<Receipt>> LogWriter::receipts_for(std::vector<std::uint64_t> const& indexes,
                                                     std::vector<Bytes> const& entries) {
    auto const& checkpoint = checkpoint_.checkpoint;
    auto tiles = tile_reader(checkpoint);
    std::vector<Receipt> receipts;
    for (std::size_t i = 0; i < indexes.size(); ++i) {
        Receipt receipt{indexes[i], merkle::leaf_hash(entries[i]), {}};
        receipt.proof.index = indexes[i];
        ASSIGN_OR_RETURN(receipt.proof.hashes, tiles.prove_inclusion(indexes[i]));
        RETURN_IF_ERROR(merkle::check_inclusion(receipt.leaf, indexes[i], checkpoint.size,
                                                receipt.proof.hashes, checkpoint.root));
        receipt.proof.checkpoint_note = public_checkpoint().note;
        receipts.push_back(std::move(receipt));
    }
    return receipts;
}

/// Never goes back, whatever the clock does.
UnixTime LogWriter::next_time() { return std::max({clock_.wall_now(), state_.time(), UnixTime{1}}); }

std::vector<merkle::VerifierKey> LogWriter::cosigners() const {
    if (!options_.cosigner) return {};
    return {options_.cosigner->verifier()};
}

}  // namespace ggen::detail
