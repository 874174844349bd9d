// open() and refresh(): from the last verified checkpoint to the next one, or a refusal with a reason.
#include <algorithm>
#include <utility>

#include "base/error_id.hpp"
#include "merkle/tree.hpp"
#include "registry/fork_evidence.hpp"
#include "registry/log_reader.hpp"
#include "registry/witness_policy.hpp"

namespace ggen::detail {
namespace {

constexpr char const* k_head_path = "head";
/// Two checkpoint notes and a consistency proof, in JSON.
constexpr std::size_t k_evidence_bytes_max = std::size_t{64} * 1024;
constexpr std::int64_t k_day_seconds = 86'400;
/// A publication between reading `checkpoint` and `state/head` explains a difference once, not thrice.
constexpr int k_head_attempts_max = 3;

std::string days(std::int64_t seconds) { return std::to_string(seconds / k_day_seconds) + " days"; }

}  // namespace

LogReader::LogReader(FileSystem& files, Clock& clock, RegistrySource& source, RootFile root,
                     ReaderOptions options)
    : files_(files),
      clock_(clock),
      source_(source),
      root_(std::move(root)),
      options_(std::move(options)),
      cache_(files, options_.cache_directory),
      memory_(files, options_.memory_directory) {}

ReaderCache const& LogReader::moved_memory() {
    if (!memory_.is_enabled() || memory_.holds(k_head_path) || !cache_.holds(k_head_path)) return memory_;
    std::vector<std::pair<std::string, Bytes>> old_files;
    for (unsigned step = 1; step <= RootFile::k_steps_max; ++step) {
        auto const path = "root/" + std::to_string(root_.version + step);
        auto bytes = cache_.read(path, RootFile::k_bytes_max);
        if (!bytes) break;
        old_files.emplace_back(path, *std::move(bytes));
    }
    if (auto const evidence = cache_.find_evidence()) {
        auto const path = evidence->substr(cache_.full_path({}).size());
        if (auto bytes = cache_.read(path, k_evidence_bytes_max)) old_files.emplace_back(path, *std::move(bytes));
    }
    // Last, so that a move which was cut short begins again.
    if (auto bytes = cache_.read(k_head_path, merkle::LogProof::k_bytes_max)) {
        old_files.emplace_back(k_head_path, *std::move(bytes));
    }
    for (auto const& [path, bytes] : old_files) {
        if (!memory_.write_durable(path, bytes)) return cache_;
    }
    for (auto const& [path, bytes] : old_files) cache_.remove(path);
    return memory_;
}

Result<void> LogReader::load_memory() {
    auto const& memory = moved_memory();
    for (unsigned step = 0; step < RootFile::k_steps_max; ++step) {
        auto const bytes = memory.read("root/" + std::to_string(root_.version + 1), RootFile::k_bytes_max);
        if (!bytes) break;
        auto next = RootFile::accept_next(root_, as_text(*bytes));
        if (!next) break;  // Damaged: fetched again.
        root_ = std::move(next).value();
    }
    if (!memory.holds(k_head_path)) return ok();
    auto const bytes = memory.read(k_head_path, merkle::LogProof::k_bytes_max);
    auto head = bytes ? open_state_head(as_text(*bytes), root_)
                      : Result<StateHead>{Error{Errc::corrupt, "it cannot be read"}};
    if (!head) {
        warn("the remembered checkpoint of " + root_.registry + " was damaged and is fetched again (" +
             head.error().context + ")");
        return ok();
    }
    adopt(std::move(head).value());
    return ok();
}

Result<RefreshReport> LogReader::refresh() {
    auto const old_size = head_.checkpoint.checkpoint.size;
    if (options_.offline) {
        if (!has_head()) return offline_missing("the checkpoint of " + root_.registry);
        RETURN_IF_ERROR(check_freshness(head_));
        return report(old_size);
    }
    if (auto const evidence = memory_.find_evidence()) {
        return Error{Errc::refused, ErrorId::log_fork,
                     root_.registry +
                         " signed two histories that contradict each other; the evidence is in " + *evidence};
    }
    RETURN_IF_ERROR(refresh_root());
    ASSIGN_OR_RETURN(auto next, fetch_head());
    RETURN_IF_ERROR(check_progress(next));
    RETURN_IF_ERROR(check_freshness(next));
    RETURN_IF_ERROR(check_quorum(root_, next.checkpoint.note));
    // Durable before anything is built on it.
    if (!options_.remembers_when_told) RETURN_IF_ERROR(remember(next));
    adopt(std::move(next));
    return report(old_size);
}

Result<void> LogReader::remember(StateHead const& next) {
    auto const text = next.proof.print();
    auto kept = memory_.read(k_head_path, merkle::LogProof::k_bytes_max);
    if (!memory_.is_enabled() || (kept && as_text(*kept) == text)) return ok();
    RETURN_IF_ERROR(files_.make_directories(options_.memory_directory));
    ASSIGN_OR_RETURN(auto const lock, files_.lock(memory_.full_path("lock"), LockMode::exclusive));
    kept = memory_.read(k_head_path, merkle::LogProof::k_bytes_max);
    // Another process may have gone further meanwhile; its memory must not shrink.
    auto const other = kept ? open_state_head(as_text(*kept), root_) : Result<StateHead>{next};
    if (other && other->checkpoint.checkpoint.size > next.checkpoint.checkpoint.size) return ok();
    return memory_.write_durable(k_head_path, as_bytes(text));
}

Result<void> LogReader::refresh_root() {
    for (unsigned step = 0; step < RootFile::k_steps_max; ++step) {
        auto const path = "root/" + std::to_string(root_.version + 1);
        auto const bytes = source_.read(path, RootFile::k_bytes_max);
        if (!bytes && bytes.error().code == Errc::not_found) break;
        if (!bytes) return bytes.error();
        ASSIGN_OR_RETURN(auto next, RootFile::accept_next(root_, as_text(*bytes)));
        RETURN_IF_ERROR(memory_.write_durable(path, *bytes));
        root_ = std::move(next);
    }
    auto expiry = root_.check_expiry(clock_.wall_now());
    if (!expiry) {
        return with_help(std::move(expiry).error(),
                         "check this machine's clock: it shows " + format_utc(clock_.wall_now()));
    }
    return ok();
}

Result<StateHead> LogReader::fetch_head() {
    for (int attempt = 1;; ++attempt) {
        bool is_behind = false;
        auto head = fetch_head_once(is_behind);
        if (head || !is_behind || attempt == k_head_attempts_max) return head;
    }
}

/// `checkpoint` and `state/head`, which carries a checkpoint too: the head's one counts, since only for it
/// the state is proven. It may be newer (a publication in between), never older.
Result<StateHead> LogReader::fetch_head_once(bool& is_behind) {
    auto const note = source_.read("checkpoint", merkle::k_checkpoint_bytes_max);
    if (!note) {
        if (note.error().code != Errc::not_found) return note.error();
        return Error{Errc::not_found, ErrorId::registry_not_found,
                     "there is no registry at " + source_.describe()};
    }
    ASSIGN_OR_RETURN(auto const checkpoint,
                     merkle::open_checkpoint(as_text(*note), root_.log_key, root_.witnesses));
    auto const head_bytes = source_.read("state/head", merkle::LogProof::k_bytes_max);
    if (!head_bytes) {
        bool const is_absent = head_bytes.error().code == Errc::not_found;
        if (!is_absent) return head_bytes.error();
        return Error{Errc::unavailable, ErrorId::state_mismatch, source_.describe() + " has no state/head"};
    }
    ASSIGN_OR_RETURN(auto head, open_state_head(as_text(*head_bytes), root_));

    auto const& shown = checkpoint.checkpoint;
    auto const& proven = head.checkpoint.checkpoint;
    if (proven.size < shown.size) {
        is_behind = true;
        return Error{Errc::refused, ErrorId::state_mismatch,
                     root_.registry + " shows a checkpoint of " + std::to_string(shown.size) +
                         " entries, but the state of " + std::to_string(proven.size)};
    }
    if (proven.size == shown.size) {
        if (proven.root != shown.root) return fork_found(checkpoint, head.checkpoint, proven.root, {});
        // The same checkpoint, perhaps with more cosignatures.
        bool const has_more = checkpoint.cosigned_at > head.checkpoint.cosigned_at ||
                              (!check_quorum(root_, head.checkpoint.note) && check_quorum(root_, checkpoint.note));
        if (has_more) {
            head.checkpoint = checkpoint;
            head.proof.checkpoint_note = checkpoint.note;
        }
        return head;
    }
    RETURN_IF_ERROR(check_extends(checkpoint, head.checkpoint));
    return head;
}

Result<void> LogReader::check_extends(merkle::SignedCheckpoint const& then,
                                      merkle::SignedCheckpoint const& now) {
    auto const size = then.checkpoint.size;
    auto const tiles = make_tiles(now.checkpoint);
    ASSIGN_OR_RETURN(auto const root_then, tiles->ask([&](auto& log) { return log.root_at(size); }));
    if (tiles->take_repaired())
        warn("damaged files of the cache of " + root_.registry + " were fetched again");
    if (root_then == then.checkpoint.root) return ok();
    ASSIGN_OR_RETURN(auto const proof, tiles->ask([&](auto& log) { return log.prove_consistency(size); }));
    return fork_found(then, now, root_then, proof);
}

Result<void> LogReader::check_progress(StateHead const& next) {
    if (!has_head()) return ok();
    auto const& old_checkpoint = head_.checkpoint.checkpoint;
    auto const& new_checkpoint = next.checkpoint.checkpoint;
    if (new_checkpoint.size < old_checkpoint.size) {
        return Error{Errc::refused, ErrorId::checkpoint_rollback,
                     root_.registry + " shows " + std::to_string(new_checkpoint.size) +
                         " entries, but has shown " + std::to_string(old_checkpoint.size) + " before"};
    }
    if (new_checkpoint.size == old_checkpoint.size) {
        if (new_checkpoint.root != old_checkpoint.root)
            return fork_found(head_.checkpoint, next.checkpoint, new_checkpoint.root, {});
        return ok();
    }
    RETURN_IF_ERROR(check_extends(head_.checkpoint, next.checkpoint));
    if (next.leaf.time < head_.leaf.time) {
        return Error{Errc::refused, ErrorId::state_mismatch,
                     "the time of " + root_.registry + " went back from " + format_utc(head_.leaf.time) +
                         " to " + format_utc(next.leaf.time)};
    }
    return ok();
}

Result<void> LogReader::check_freshness(StateHead const& next) {
    auto const& policy = options_.freshness;
    auto const now = clock_.wall_now();
    auto const shown = next.last_sign_of_life();
    bool const may_refuse = policy.enforce && !options_.offline;
    if (shown.seconds > now.seconds + policy.future_tolerance_seconds) {
        auto const text = root_.registry + " is dated " + format_utc(shown) +
                          ", but this machine's clock shows " + format_utc(now);
        if (may_refuse)
            return Error{Errc::refused, ErrorId::clock_implausible, text, "set the clock, then try again"};
        warn(text);
        return ok();
    }
    auto const age = now.seconds - shown.seconds;
    if (age <= policy.warn_after_seconds) return ok();
    auto const text = "the last sign of life of " + root_.registry + " is " + days(age) + " old (" +
                      format_utc(shown) + "; this machine's clock shows " + format_utc(now) + ")";
    if (may_refuse && age > policy.refuse_after_seconds) {
        return Error{Errc::refused, ErrorId::registry_frozen_in_time,
                     text + "; at most " + days(policy.refuse_after_seconds) + " are allowed",
                     "refresh from another mirror, or install with --frozen from the lockfile"};
    }
    warn(text);
    return ok();
}

/// Keeps both signed checkpoints and the proof that the larger tree had another root.
Error LogReader::fork_found(merkle::SignedCheckpoint const& first, merkle::SignedCheckpoint const& second,
                            Digest const& other_root, std::vector<Digest> const& proof) {
    auto const evidence = make_fork_evidence(root_.log_key, first.note, second.note, other_root, proof);
    auto const kept = evidence ? memory_.write_durable(evidence->path(), as_bytes(evidence->document()))
                               : Result<void>{evidence.error()};
    auto const where = !memory_.is_enabled() ? std::string{}
                       : kept               ? "; the evidence is in " + memory_.full_path(evidence->path())
                                            : "; the evidence could not be written: " + kept.error().context;
    return Error{Errc::refused, ErrorId::log_fork,
                 root_.registry + " signed two histories that contradict each other, at " +
                     std::to_string(first.checkpoint.size) + " and at " +
                     std::to_string(second.checkpoint.size) + " entries" + where};
}

void LogReader::warn(std::string text) { warning_ = warning_ ? *warning_ + "; " + text : std::move(text); }

void LogReader::adopt(StateHead head) {
    bool const is_same = has_head() && head.checkpoint.checkpoint == head_.checkpoint.checkpoint;
    head_ = std::move(head);
    if (is_same) return;
    tiles_ = make_tiles(head_.checkpoint.checkpoint);
    bundles_.clear();
    replayed_.reset();
}

RefreshReport LogReader::report(std::uint64_t old_size) {
    if (tiles_ && tiles_->take_repaired()) {
        warn("damaged files of the cache of " + root_.registry + " were fetched again");
    }
    RefreshReport report{old_size, head_.checkpoint.checkpoint.size, head_.leaf.time, std::move(warning_)};
    warning_.reset();
    return report;
}

}  // namespace ggen::detail
