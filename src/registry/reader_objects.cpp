// Questions to a verified checkpoint: names, releases, blobs, proofs, entries.
#include <algorithm>
#include <set>
#include <utility>

#include "base/error_id.hpp"
#include "base/parallel.hpp"
#include "merkle/tree.hpp"
#include "registry/log_reader.hpp"

namespace ggen::detail {
namespace {

constexpr std::uint64_t k_state_object_bytes_max = std::uint64_t{64} << 20U;
constexpr std::size_t k_bundles_max = 32;  // A bundle has about 100 KiB, 1 MiB at most.
constexpr std::uint64_t k_cached_blob_bytes_max = std::uint64_t{1} << 20U;
constexpr std::uint64_t k_blob_bytes_max = std::uint64_t{2} << 30U;

Digest hash_in_node(BytesView node, std::size_t index) {
    Digest digest;
    auto const bytes = node.subspan(index * Digest::k_bytes, Digest::k_bytes);
    std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
    return digest;
}

bool is_state_node(BytesView bytes, Digest const& address) {
    if (bytes.size() != k_state_node_bytes) return false;
    std::vector<Digest> hashes;
    hashes.reserve(bytes.size() / Digest::k_bytes);
    for (std::size_t i = 0; i < bytes.size() / Digest::k_bytes; ++i) hashes.push_back(hash_in_node(bytes, i));
    return merkle::root_of(hashes) == address;
}

bool is_genuine(BytesView bytes, BlobRef const& blob) {
    return bytes.size() == blob.bytes && sha256(bytes) == blob.digest;
}

Error explain_blob(Error error, std::string const& path) {
    if (error.code != Errc::too_large) return wrap(std::move(error), path);
    return Error{Errc::corrupt, ErrorId::blob_mismatch, path + " has more bytes than its record says"};
}

bool is_state_object(BytesView bytes, Digest const& address, bool is_node) {
    return is_node ? is_state_node(bytes, address) : merkle::leaf_hash(bytes) == address;
}

std::uint64_t state_object_bytes_max(bool is_node) { return is_node ? k_state_node_bytes : k_bucket_bytes_max; }

Error state_mismatch(std::string text) {
    return Error{Errc::refused, ErrorId::state_mismatch, std::move(text)};
}

}  // namespace

Result<std::optional<NameState>> LogReader::lookup(PackageName const& name) {
    if (!has_head()) return offline_missing("the checkpoint of " + root_.registry);
    auto const bucket = bucket_of(name, head_.leaf.bucket_bits);
    ASSIGN_OR_RETURN(auto const address, bucket_address(bucket));
    ASSIGN_OR_RETURN(auto const bytes, state_object(address, false));
    ASSIGN_OR_RETURN(auto names, decode_bucket(bytes));
    auto const found =
        std::find_if(names.begin(), names.end(), [&](auto const& state) { return state.name == name; });
    if (found == names.end()) return std::optional<NameState>{};
    for (auto const& version : found->versions) {
        if (version.index >= head_.leaf.size)
            return state_mismatch("the state names entries that the log lacks");
    }
    return std::optional<NameState>{std::move(*found)};
}

Result<Digest> LogReader::bucket_address(std::uint32_t bucket) {
    ASSIGN_OR_RETURN(auto const top, state_object(head_.leaf.root, true));
    if (head_.leaf.bucket_bits == 8) return hash_in_node(top, bucket);
    ASSIGN_OR_RETURN(auto const node, state_object(hash_in_node(top, bucket >> 8U), true));
    return hash_in_node(node, bucket & 0xffU);
}

/// A bucket or a node; its address is its hash, so any cache may serve it.
Result<Bytes> LogReader::state_object(Digest const& address, bool is_node) {
    if (auto const known = state_objects_.find(address); known != state_objects_.end()) return known->second;
    auto const path = "state/" + address.hex();
    if (auto bytes = cache_.read(path, state_object_bytes_max(is_node))) {
        if (is_state_object(*bytes, address, is_node)) {
            keep_state_object(address, *bytes);
            return std::move(*bytes);
        }
        warn("damaged files of the cache of " + root_.registry + " were fetched again");
    }
    ASSIGN_OR_RETURN(auto bytes, fetch_state_object(address, is_node));
    cache_.write_object(path, bytes);
    keep_state_object(address, bytes);
    return bytes;
}

/// From the source, and checked. Thread-safe.
Result<Bytes> LogReader::fetch_state_object(Digest const& address, bool is_node) const {
    auto const path = "state/" + address.hex();
    if (options_.offline) return offline_missing(path);
    auto fetched = source_.read(path, state_object_bytes_max(is_node));
    if (!fetched && fetched.error().code == Errc::not_found) {
        return Error{Errc::unavailable, ErrorId::state_mismatch,
                     source_.describe() + " lacks " + path + "; it may have moved on, try again"};
    }
    if (!fetched && fetched.error().code == Errc::too_large)
        return state_mismatch(path + " has more bytes than belong there");
    if (fetched && !is_state_object(*fetched, address, is_node))
        return state_mismatch(path + " has other bytes than its address promises");
    return fetched;
}

void LogReader::keep_state_object(Digest const& address, Bytes bytes) {
    if (state_object_bytes_ + bytes.size() > k_state_object_bytes_max) {
        state_objects_.clear();
        state_object_bytes_ = 0;
    }
    state_object_bytes_ += bytes.size();
    state_objects_.insert_or_assign(address, std::move(bytes));
}

void LogReader::prefetch(std::vector<PackageName> const& names, unsigned parallel) {
    if (!has_head() || options_.offline || names.size() < 2) return;
    std::vector<Digest> addresses;
    auto const top = state_object(head_.leaf.root, true);
    if (!top) return;
    if (head_.leaf.bucket_bits != 8) {
        for (auto const& name : names)
            addresses.push_back(hash_in_node(*top, bucket_of(name, head_.leaf.bucket_bits) >> 8U));
        prefetch_state_objects(addresses, true, parallel);
        addresses.clear();
    }
    for (auto const& name : names) {
        if (auto const address = bucket_address(bucket_of(name, head_.leaf.bucket_bits)))
            addresses.push_back(*address);
    }
    prefetch_state_objects(addresses, false, parallel);
}

void LogReader::prefetch_state_objects(std::vector<Digest> const& addresses, bool is_node, unsigned parallel) {
    std::set<Digest> wanted;
    for (auto const& address : addresses) {
        if (!state_objects_.contains(address) && !cache_.holds("state/" + address.hex())) wanted.insert(address);
    }
    std::vector<Digest> const missing{wanted.begin(), wanted.end()};
    std::vector<std::optional<Bytes>> fetched(missing.size());
    run_parallel(missing.size(), parallel, [&](std::size_t i) {
        if (auto bytes = fetch_state_object(missing[i], is_node)) fetched[i] = *std::move(bytes);
    });
    for (std::size_t i = 0; i < missing.size(); ++i) {
        if (!fetched[i]) continue;
        cache_.write_object("state/" + missing[i].hex(), *fetched[i]);
        keep_state_object(missing[i], *std::move(fetched[i]));
    }
}

Result<ReleaseRecord> LogReader::release(VersionState const& version) {
    ASSIGN_OR_RETURN(auto const entry, entry_at(version.index));
    if (merkle::leaf_hash(entry) != version.leaf) {
        return state_mismatch("entry " + std::to_string(version.index) + " of " + root_.registry +
                              " is not the release that the state names");
    }
    ASSIGN_OR_RETURN(auto record, parse_record(entry));
    auto* const release = std::get_if<ReleaseRecord>(&record.record);
    if (release == nullptr || release->registry != root_.registry ||
        release->version.text() != version.version.text()) {
        return state_mismatch("entry " + std::to_string(version.index) + " of " + root_.registry +
                              " is not a release of " + version.version.text());
    }
    ASSIGN_OR_RETURN(auto const is_signed, is_signed_by_owner(record, version));
    if (!is_signed) RETURN_IF_ERROR(check_by_replay(*release, version));
    return std::move(*release);
}

Result<Bytes> LogReader::entry_at(std::uint64_t index) {
    if (!has_head()) return offline_missing("the checkpoint of " + root_.registry);
    if (index >= head_.checkpoint.checkpoint.size)
        return state_mismatch("the log has no entry " + std::to_string(index));
    ASSIGN_OR_RETURN(auto const* const bundle, bundle_at(index / merkle::k_tile_width));
    return (*bundle)[index % merkle::k_tile_width];
}

/// Releases of one project lie all over the log, and their order is not that of the log.
Result<std::vector<Bytes> const*> LogReader::bundle_at(std::uint64_t index) {
    if (auto const known = bundles_.find(index); known != bundles_.end()) return &known->second;
    ASSIGN_OR_RETURN(auto entries, tiles_->ask([&](merkle::TileReader& log) { return log.entries(index); }));
    if (bundles_.size() >= k_bundles_max) bundles_.clear();
    return &bundles_.emplace(index, std::move(entries)).first->second;
}

/// The quick way: the present owner's keys signed it, and the state lists it under its name.
Result<bool> LogReader::is_signed_by_owner(SignedRecord const& record, VersionState const& version) {
    auto const& release = std::get<ReleaseRecord>(record.record);
    ASSIGN_OR_RETURN(auto const state, lookup(release.name));
    auto const is_listed = [&](VersionState const& other) {
        return other.index == version.index && other.leaf == version.leaf;
    };
    if (!state || std::none_of(state->versions.begin(), state->versions.end(), is_listed)) {
        return state_mismatch("the state of " + release.name.text() + " does not list entry " +
                              std::to_string(version.index));
    }
    auto const signatures = merkle::verify_note(record.note, state->owner.keys);
    if (!signatures) return false;  // Former keys, perhaps: the replay decides.
    std::set<Ed25519PublicKey> distinct;
    for (auto const& signature : *signatures) distinct.insert(signature.key.key);
    return state->owner.threshold >= 1 && distinct.size() >= state->owner.threshold;
}

/// The thorough way, when the owner's keys changed since: replays the whole log once per checkpoint.
Result<void> LogReader::check_by_replay(ReleaseRecord const& release, VersionState const& version) {
    if (!replayed_) {
        RegistryState state{root_.registry};
        ApplyOutcome last;
        RETURN_IF_ERROR(each_entry(0, head_.checkpoint.checkpoint.size, [&](std::uint64_t, BytesView entry) {
            last = state.apply(entry);
            return ok();
        }));
        if (last.effect != EntryEffect::state_leaf) {
            return state_mismatch("the state of " + root_.registry +
                                  " does not follow from its log: " + last.why);
        }
        replayed_ = std::move(state);
    }
    auto const* const state = replayed_->find(release.name);
    auto const is_it = [&](VersionState const& other) {
        return other.index == version.index && other.leaf == version.leaf;
    };
    if (state != nullptr && std::any_of(state->versions.begin(), state->versions.end(), is_it)) return ok();
    return Error{
        Errc::refused, ErrorId::not_owner,
        release.name.text() + " " + release.version.text() + " was not signed by the owner of the name"};
}

Result<Bytes> LogReader::blob(BlobRef const& blob) {
    auto const path = blob_path(blob.digest);
    bool const is_cacheable = blob.bytes <= k_cached_blob_bytes_max;
    if (is_cacheable) {
        auto cached = cache_.read(path, blob.bytes);
        if (cached && is_genuine(*cached, blob)) return std::move(*cached);
    }
    auto fetched = archive(blob);
    if (fetched && is_cacheable) cache_.write_object(path, *fetched);
    return fetched;
}

Result<Bytes> LogReader::archive(BlobRef const& blob) {
    auto const path = blob_path(blob.digest);
    RETURN_IF_ERROR(check_blob(blob));
    auto fetched = source_.read_blob(blob.digest, blob.bytes);
    if (!fetched) return explain_blob(std::move(fetched).error(), path);
    if (is_genuine(*fetched, blob)) return fetched;
    return Error{Errc::corrupt, ErrorId::blob_mismatch, path + " has other bytes than its record promises"};
}

Result<void> LogReader::stream_archive(BlobRef const& blob, std::uint64_t from, TakeBytes const& take) {
    RETURN_IF_ERROR(check_blob(blob));
    auto done = source_.stream_blob(blob.digest, from, blob.bytes, take);
    if (!done) return explain_blob(std::move(done).error(), blob_path(blob.digest));
    return done;
}

Result<void> LogReader::check_blob(BlobRef const& blob) const {
    auto const path = blob_path(blob.digest);
    if (blob.bytes > k_blob_bytes_max)
        return Error{Errc::too_large, ErrorId::blob_mismatch, path + ": over 2 GiB"};
    if (options_.offline) return offline_missing(path);
    return ok();
}

Result<merkle::LogProof> LogReader::prove(std::uint64_t index) {
    if (!has_head()) return offline_missing("the checkpoint of " + root_.registry);
    auto const& checkpoint = head_.checkpoint.checkpoint;
    merkle::LogProof proof;
    proof.index = index;
    ASSIGN_OR_RETURN(proof.hashes,
                     tiles_->ask([&](merkle::TileReader& log) { return log.prove_inclusion(index); }));
    ASSIGN_OR_RETURN(auto const leaf, tiles_->ask([&](merkle::TileReader& log) { return log.leaf(index); }));
    RETURN_IF_ERROR(merkle::check_inclusion(leaf, index, checkpoint.size, proof.hashes, checkpoint.root));
    proof.checkpoint_note = head_.checkpoint.note;
    return proof;
}

Result<void> LogReader::each_entry(
    std::uint64_t begin, std::uint64_t end,
    std::function<Result<void>(std::uint64_t index, BytesView entry)> const& visit) {
    if (!has_head()) return offline_missing("the checkpoint of " + root_.registry);
    if (begin > end || end > head_.checkpoint.checkpoint.size) {
        return Error{Errc::invalid, ErrorId::proof_invalid, "these entries are outside the log"};
    }
    if (end - begin == 1) {
        ASSIGN_OR_RETURN(auto const entry, entry_at(begin));
        return visit(begin, entry);
    }
    for (auto at = begin; at < end;) {
        auto const bundle = at / merkle::k_tile_width;
        ASSIGN_OR_RETURN(auto const entries,
                         tiles_->ask([&](merkle::TileReader& log) { return log.entries(bundle); }));
        auto const bundle_end = std::min(end, (bundle + 1) * merkle::k_tile_width);
        for (; at < bundle_end; ++at) RETURN_IF_ERROR(visit(at, entries[at % merkle::k_tile_width]));
    }
    return ok();
}

std::unique_ptr<VerifiedTiles> LogReader::make_tiles(merkle::Checkpoint const& checkpoint) {
    return std::make_unique<VerifiedTiles>(checkpoint, options_.offline ? nullptr : &source_, cache_);
}

Error LogReader::offline_missing(std::string const& what) const {
    if (!options_.offline)
        return Error{Errc::internal, "refresh() was not called: no checkpoint of " + root_.registry};
    return Error{Errc::offline, ErrorId::offline_missing, what + " is not in the cache"};
}

}  // namespace ggen::detail
