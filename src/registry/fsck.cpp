// fsck_registry(): everything derived is recomputed from the entry bundles and compared.
#include <algorithm>
#include <set>
#include <utility>

#include "base/error_id.hpp"
#include "merkle/tile_store.hpp"
#include "registry/root_chain.hpp"
#include "registry/source.hpp"
#include "registry/state_head.hpp"
#include "registry/tile_edge.hpp"
#include "registry/writer.hpp"

namespace ggen {
namespace {

constexpr std::size_t k_problems_max = 200;
constexpr std::uint64_t k_blob_bytes_max = std::uint64_t{2} << 30U;

class Fsck {
public:
    Fsck(FileSystem& files, std::string directory, merkle::VerifierKey log_key, bool repair)
        : files_(files),
          directory_(std::move(directory)),
          log_key_(std::move(log_key)),
          repair_(repair),
          state_(log_key_.name) {}

    Result<FsckReport> run() {
        auto const note = read("checkpoint", merkle::k_checkpoint_bytes_max);
        auto const root = detail::load_root_chain(files_, directory_);
        if (!note && !root && root.error().code == Errc::not_found) {
            return Error{Errc::not_found, ErrorId::registry_not_found,
                         "there is no registry in " + directory_};
        }
        if (!root) problem("the root file: " + root.error().context);
        if (root && root->log_key != log_key_)
            problem("the root file names another log key than " + log_key_.text());
        auto checkpoint = note ? merkle::open_checkpoint(as_text(*note), log_key_)
                               : Result<merkle::SignedCheckpoint>{note.error()};
        if (!checkpoint) {
            problem("the checkpoint: " + checkpoint.error().context +
                    " (the registry's writer puts it back when it next starts)");
            return std::move(report_);
        }
        checkpoint_ = std::move(checkpoint).value();
        report_.entries = checkpoint_.checkpoint.size;
        if (check_entries() && replay() && root) {
            check_state_objects();
            check_head(*root);
        }
        return std::move(report_);
    }

private:
    Result<Bytes> read(std::string const& path, std::uint64_t bytes_max) {
        return files_.read_file(join_path(directory_, path), bytes_max);
    }

    void problem(std::string text) {
        if (report_.problems.size() < k_problems_max) report_.problems.push_back(std::move(text));
    }

    /// `expected` belongs at `path`. Writes it when repairing, else reports.
    void check_derived(std::string const& path, Bytes const& expected) {
        auto const found = read(path, expected.size());
        if (found && *found == expected) return;
        auto const what = path + (found || found.error().code == Errc::too_large
                                      ? " has other bytes than follow from the log"
                                      : " cannot be read: " + found.error().context);
        if (!repair_) return problem(what);
        auto const target = join_path(directory_, path);
        auto const info = files_.info(target);
        if (info && info->kind != FileKind::regular) static_cast<void>(files_.remove_tree(target));
        auto const made = files_.make_directories(parent_path(target));
        auto const written = made ? files_.write_file_atomic(target, expected, Sync::durable) : made;
        if (!written) return problem(what + "; it could not be written: " + written.error().context);
        report_.repaired.push_back(path);
    }

    /// Nothing may be derived from entries that do not lead to the signed root.
    bool check_entries() {
        auto const root = merkle::recompute_root(
            [this](std::string const& path, std::uint64_t bytes_max) { return read(path, bytes_max); },
            checkpoint_.checkpoint.size);
        if (!root) {
            problem("the entries cannot be read: " + root.error().context);
            return false;
        }
        if (*root == checkpoint_.checkpoint.root) return true;
        problem("the stored entries do not lead to the signed root; restore tile/entries from a mirror");
        return false;
    }

    bool replay() {
        auto const store = [this](merkle::TileId const& id, Bytes const& content) {
            if (id.level != merkle::TileId::k_entries_level) check_derived(id.path(), content);
            return ok();
        };
        detail::TileEdge edge;
        auto const size = checkpoint_.checkpoint.size;
        for (std::uint64_t begin = 0; begin < size; begin += merkle::k_tile_width) {
            auto const width =
                static_cast<unsigned>(std::min<std::uint64_t>(merkle::k_tile_width, size - begin));
            merkle::TileId const id{merkle::TileId::k_entries_level, begin / merkle::k_tile_width, width};
            auto const bytes = read(id.path(), merkle::k_bundle_bytes_max);
            auto const entries =
                bytes ? merkle::decode_bundle(*bytes, width) : Result<std::vector<Bytes>>{bytes.error()};
            if (!entries) {
                problem(id.path() + ": " + entries.error().context);
                return false;
            }
            for (auto const& entry : *entries) {
                check_entry(entry);
                if (!edge.append(entry, store)) return false;
            }
        }
        return edge.emit_partial(store).has_value() && last_is_state_leaf_;
    }

    void check_entry(Bytes const& entry) {
        auto const index = state_.size();
        auto const outcome = state_.apply(entry);
        auto const record = parse_record(entry);
        last_is_state_leaf_ = outcome.effect == EntryEffect::state_leaf;
        last_entry_ = entry;
        if (!record) {
            problem("entry " + std::to_string(index) + ": " + record.error().context);
            return;
        }
        if (std::holds_alternative<StateLeaf>(record->record) && !last_is_state_leaf_) {
            problem("entry " + std::to_string(index) + ": " + outcome.why);
        }
        auto const* const release = std::get_if<ReleaseRecord>(&record->record);
        if (release == nullptr || outcome.effect != EntryEffect::applied) return;
        ++report_.releases;
        auto const label = release->name.text() + " " + release->version.text();
        check_blob(label + ": its manifest", release->manifest);
        check_blob(label + ": its archive", release->archive);
    }

    void check_blob(std::string const& what, BlobRef const& blob) {
        if (!seen_blobs_.insert(blob.digest).second) return;
        auto const path = blob_path(blob.digest);
        Sha256 digest;
        std::uint64_t bytes = 0;
        FolderSource folder{files_, directory_};
        auto const read = folder.stream_blob(blob.digest, 0, std::min(blob.bytes, k_blob_bytes_max),
                                             [&](BytesView piece) {
                                                 digest.update(piece);
                                                 bytes += piece.size();
                                                 return ok();
                                             });
        if (!read) return problem(what + " cannot be read: " + read.error().context);
        if (bytes != blob.bytes || digest.finish() != blob.digest) {
            return problem(what + " has other bytes than its record promises (" + path + ")");
        }
        ++report_.blobs;
        report_.blob_bytes += blob.bytes;
    }

    void check_state_objects() {
        for (auto const& [address, bytes] : state_.objects(state_.time())) {
            check_derived("state/" + address.hex(), bytes);
        }
    }

    void check_head(RootFile const& root) {
        auto const bytes = read("state/head", merkle::LogProof::k_bytes_max);
        auto const head =
            bytes ? detail::open_state_head(as_text(*bytes), root) : Result<detail::StateHead>{bytes.error()};
        bool const is_current = head && head->checkpoint.checkpoint.size >= checkpoint_.checkpoint.size;
        if (is_current) return;
        merkle::TileReader tiles{
            checkpoint_.checkpoint,
            [this](std::string const& path, std::uint64_t bytes_max) { return read(path, bytes_max); }};
        merkle::LogProof proof{last_entry_, checkpoint_.checkpoint.size - 1, {}, checkpoint_.note};
        auto hashes = tiles.prove_inclusion(proof.index);
        if (!hashes) return problem("state/head cannot be made: " + hashes.error().context);
        proof.hashes = std::move(hashes).value();
        check_derived("state/head", to_bytes(proof.print()));
    }

    FileSystem& files_;
    std::string directory_;
    merkle::VerifierKey log_key_;
    bool repair_;
    merkle::SignedCheckpoint checkpoint_;
    RegistryState state_;
    bool last_is_state_leaf_ = false;
    Bytes last_entry_;
    std::set<Digest> seen_blobs_;
    FsckReport report_;
};

}  // namespace

Result<FsckReport> fsck_registry(FileSystem& files, std::string const& directory,
                                 merkle::VerifierKey const& log_key, bool repair) {
    return Fsck{files, directory, log_key, repair}.run();
}

}  // namespace ggen
