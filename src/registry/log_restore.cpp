#include "registry/log_restore.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error_id.hpp"
#include "registry/log_mirror.hpp"
#include "registry/log_writer.hpp"
#include "registry/writer_place.hpp"

namespace ggen {
namespace {

constexpr int k_depth_max = 16;

/// The newer of the two checkpoints that this machine knows of, if it can read any.
std::optional<merkle::SignedCheckpoint> newest_known(FileSystem& files, WriterOptions const& options) {
    std::optional<merkle::SignedCheckpoint> newest;
    for (auto const& path : {join_path(options.state_directory, "checkpoint"),
                             join_path(options.directory, detail::k_checkpoint_path)}) {
        auto const note = files.read_file(path, merkle::k_checkpoint_bytes_max);
        if (!note) continue;
        auto opened = merkle::open_checkpoint(as_text(*note), options.log_key.verifier());
        if (opened && (!newest || opened->checkpoint.size > newest->checkpoint.size)) newest = *std::move(opened);
    }
    return newest;
}

/// Everything of the copy but what says how far it goes: that comes last, from the writer itself.
Result<void> take_files(FileSystem& files, detail::DurableFiles& durable, std::string const& from,
                        std::string const& below, int depth) {
    ASSIGN_OR_RETURN(auto const listed, files.list(join_path(from, below)));
    for (auto const& entry : listed) {
        auto const name = below.empty() ? entry.name : below + "/" + entry.name;
        if (entry.kind == FileKind::directory) {
            if (depth < k_depth_max) RETURN_IF_ERROR(take_files(files, durable, from, name, depth + 1));
            continue;
        }
        if (name == detail::k_checkpoint_path || name == detail::k_state_head_path) continue;
        ASSIGN_OR_RETURN(auto const bytes, files.read_file(join_path(from, name), 4 * k_mib));
        RETURN_IF_ERROR(durable.write(name, bytes));
    }
    return ok();
}

/// In the writer's own state, where it ends all signing.
Error keep(FileSystem& files, WriterOptions const& options, ForkEvidence const& evidence) {
    auto const path = join_path(options.state_directory, evidence.path());
    auto kept = files.make_directories(parent_path(path), 0700);
    if (kept) kept = files.write_file_atomic(path, as_bytes(evidence.document()), Sync::durable);
    if (!kept) return kept.error();
    return Error{Errc::refused, ErrorId::log_fork,
                 evidence.first.checkpoint.origin +
                     " has two histories, both signed with the key of this machine; nothing is signed any more; the "
                     "evidence is in " + path,
                 "publish under a new identity: ggen p2p start with another GGEN_STATE_DIR"};
}

/// Ours is the longer one, or as long: whether it extends what the source holds. Its own folder may be damaged.
Result<void> compare_shorter(FileSystem& files, WriterOptions const& options, merkle::SignedCheckpoint const& ours,
                             merkle::SignedCheckpoint const& theirs) {
    auto const& then = theirs.checkpoint;
    if (then.size == 0) return ok();
    merkle::TileReader tiles{ours.checkpoint, [&](std::string const& name, std::uint64_t bytes_max) {
                                 return files.read_file(join_path(options.directory, name), bytes_max);
                             }};
    auto const root_then = tiles.root_at(then.size);
    if (!root_then || *root_then == then.root) return ok();
    std::vector<Digest> proof;
    if (then.size < ours.checkpoint.size) {
        ASSIGN_OR_RETURN(proof, tiles.prove_consistency(then.size));
    }
    auto const key = options.log_key.verifier();
    ASSIGN_OR_RETURN(auto const evidence,
                     make_fork_evidence(key, theirs.note, ours.note, *root_then, std::move(proof)));
    return keep(files, options, evidence);
}

/// Whatever cosignatures the public one has beside.
bool is_same_checkpoint(BytesView kept, BytesView published) {
    auto const ours = merkle::Note::parse(as_text(kept));
    auto const shown = merkle::Note::parse(as_text(published));
    return ours && shown && ours->text == shown->text;
}

Result<std::unique_ptr<detail::LogWriter>> locked_writer(FileSystem& files, Clock& clock,
                                                         WriterOptions const& options) {
    RETURN_IF_ERROR(files.make_directories(options.state_directory, 0700));
    RETURN_IF_ERROR(files.make_directories(join_path(options.directory, ".writer")));
    auto writer = std::make_unique<detail::LogWriter>(files, clock, options);
    RETURN_IF_ERROR(writer->lock());
    return writer;
}

}  // namespace

Result<RestoreReport> restore_log(FileSystem& files, Clock& clock, WriterOptions const& options, RootFile const& root,
                                  RegistrySource& source, CancelToken const& cancel) {
    ASSIGN_OR_RETURN(auto const note, source.read(detail::k_checkpoint_path, merkle::k_checkpoint_bytes_max));
    ASSIGN_OR_RETURN(auto const shown, merkle::open_checkpoint(as_text(note), options.log_key.verifier()));
    if (auto const ours = newest_known(files, options); ours && ours->checkpoint.size >= shown.checkpoint.size) {
        RETURN_IF_ERROR(compare_shorter(files, options, *ours, shown));
        return RestoreReport{ours->checkpoint.size, ours->checkpoint.size, shown.checkpoint.size};
    }
    ASSIGN_OR_RETURN(auto const writer, locked_writer(files, clock, options));
    auto const ours = newest_known(files, options);
    auto const copy = join_path(options.state_directory, "restore");
    MirrorOptions mirror_options;
    mirror_options.directory = copy;
    mirror_options.may_be_stale = true;
    ASSIGN_OR_RETURN(auto const mirror, LogMirror::open(files, clock, root, std::move(mirror_options)));
    RETURN_IF_ERROR(mirror->update(source, cancel));
    RestoreReport report{ours ? ours->checkpoint.size : 0, 0, mirror->size()};
    report.size = std::max(report.old_size, report.shown);
    if (!mirror->checkpoint() || report.size != report.shown) return report;  // Somebody published meanwhile.
    if (ours) {
        ASSIGN_OR_RETURN(auto const fork, mirror->find_fork(ours->note));
        if (fork) {
            return keep(files, options, *fork);
        }
    }
    std::optional<std::string> failure;
    detail::DurableFiles durable{files, options.directory, [&](std::string const& message) { failure = message; }};
    RETURN_IF_ERROR(take_files(files, durable, copy, {}, 0));
    RETURN_IF_ERROR(durable.flush());
    if (failure) return Error{Errc::io, options.directory + ": " + *failure};
    // From here on it is what this machine signed last, and recovery publishes it.
    detail::WriterPlace const place{files, options.state_directory};
    RETURN_IF_ERROR(place.replace_checkpoint(as_bytes(mirror->checkpoint()->note)));
    RETURN_IF_ERROR(writer->recover());
    RETURN_IF_ERROR(files.remove_tree(copy));
    return report;
}

Result<void> accept_log(FileSystem& files, Clock& clock, WriterOptions options) {
    detail::WriterPlace const place{files, options.state_directory};
    auto const kept = files.read_file(join_path(options.state_directory, detail::k_checkpoint_path),
                                      merkle::k_checkpoint_bytes_max);
    bool const is_kept = kept.has_value();
    auto const published_path = join_path(options.directory, detail::k_checkpoint_path);
    ASSIGN_OR_RETURN(auto const published, files.read_file(published_path, merkle::k_checkpoint_bytes_max));
    if (is_kept && place.is_home() && is_same_checkpoint(*kept, published)) return ok();
    options.guards_place = false;
    // Nobody is asked here: what was signed and lacks its quorum waits for whoever publishes next.
    options.may_lack_quorum = true;
    ASSIGN_OR_RETURN(auto const writer, locked_writer(files, clock, options));
    if (!is_kept) {
        ASSIGN_OR_RETURN(auto const opened, merkle::open_checkpoint(as_text(published), options.log_key.verifier()));
        RETURN_IF_ERROR(place.replace_checkpoint(as_bytes(opened.note)));
    }
    RETURN_IF_ERROR(writer->recover());
    return place.settle();
}

}  // namespace ggen
