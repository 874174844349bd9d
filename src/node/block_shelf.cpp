#include "node/block_shelf.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "registry/source.hpp"

namespace ggen::p2p {
namespace {

constexpr std::uint64_t k_shelved_bytes_max = std::uint64_t{2} << 30U;
constexpr std::string_view k_blobs_folder = "blob/sha256";

std::string key_of(Digest const& digest) { return {digest.bytes.begin(), digest.bytes.end()}; }

Error not_here() { return Error{Errc::not_found, "no such block is here"}; }

std::size_t leaf_count(std::uint64_t bytes) {
    return static_cast<std::size_t>((bytes + k_dag_leaf_bytes - 1) / k_dag_leaf_bytes);
}

/// An index as it stands on disk: the digests of the leaves, one after the other.
std::vector<Digest> decode_index(BytesView bytes) {
    std::vector<Digest> leaves(bytes.size() / Digest::k_bytes);
    for (std::size_t i = 0; i < leaves.size(); ++i) {
        auto const from = bytes.subspan(i * Digest::k_bytes, Digest::k_bytes);
        std::copy(from.begin(), from.end(), leaves[i].bytes.begin());
    }
    return leaves;
}

}  // namespace

std::map<Digest, std::string> BlockShelf::served_blobs() const {
    std::map<Digest, std::string> found;
    for (auto const& [log, folder] : served_.all()) {
        auto const blobs = join_path(folder, k_blobs_folder);
        auto const listed = files_.list(blobs);
        if (!listed) continue;
        for (auto const& entry : *listed) {
            auto const digest = Digest::from_hex(entry.name);
            if (digest && entry.kind == FileKind::regular) found.try_emplace(*digest, join_path(blobs, entry.name));
        }
    }
    return found;
}

Result<std::vector<Digest>> BlockShelf::leaves_of(Digest const& digest, std::string const& path, std::uint64_t bytes,
                                                  std::function<bool()> const& goes_on) {
    auto const index_path = join_path(index_folder_, digest.hex());
    auto const index_bytes = leaf_count(bytes) * Digest::k_bytes;
    auto const index = files_.read_file(index_path, index_bytes);
    if (index && index->size() == index_bytes) return decode_index(*index);
    ASSIGN_OR_RETURN(auto const file, files_.map(path, bytes));
    if (file->bytes().size() != bytes) return not_here();
    std::vector<Digest> leaves;
    leaves.reserve(leaf_count(bytes));
    Bytes encoded;
    encoded.reserve(index_bytes);
    Bytes leaf;
    for (std::uint64_t at = 0; at < bytes; at += k_dag_leaf_bytes) {
        if (!goes_on()) return Error{Errc::cancelled, "stopped on request"};
        leaf.resize(static_cast<std::size_t>(std::min<std::uint64_t>(k_dag_leaf_bytes, bytes - at)));
        RETURN_IF_ERROR(file->read_at(at, leaf));
        leaves.push_back(sha256(leaf));
        encoded.insert(encoded.end(), leaves.back().bytes.begin(), leaves.back().bytes.end());
    }
    // A cache: without it the next start digests again.
    static_cast<void>(files_.make_directories(index_folder_, 0700));
    static_cast<void>(files_.write_file_atomic(index_path, encoded, Sync::none));
    return leaves;
}

Result<void> BlockShelf::scan(std::function<bool()> const& goes_on) {
    std::lock_guard const one_at_a_time{one_scan_};
    auto const served = served_blobs();
    std::set<Digest> known;
    for (auto const& blob : blobs()) known.insert(blob.digest);
    for (auto const& digest : known) {
        if (served.contains(digest)) continue;
        forget(digest);
        static_cast<void>(files_.remove_file(join_path(index_folder_, digest.hex())));
    }
    for (auto const& [digest, path] : served) {
        if (!goes_on()) return Error{Errc::cancelled, "stopped on request"};
        if (known.contains(digest)) continue;
        auto const info = files_.info(path);
        if (!info || info->size_bytes == 0 || info->size_bytes > k_shelved_bytes_max) continue;
        Blob blob{path, info->size_bytes, raw_cid(digest), {}, {}};
        if (blob.bytes > k_dag_leaf_bytes) {
            auto leaves = leaves_of(digest, path, blob.bytes, goes_on);
            if (!leaves && leaves.error().code == Errc::cancelled) return leaves.error();
            if (!leaves) continue;
            blob.leaves = *std::move(leaves);
        }
        shelve(digest, std::move(blob));
    }
    std::lock_guard const guard{mutex_};
    is_ready_ = true;
    is_wanted_ = false;
    return ok();
}

void BlockShelf::shelve(Digest const& digest, Blob blob) {
    std::lock_guard const guard{mutex_};
    if (leaves_.size() + blob.leaves.size() > k_shelf_leaves_max) return;
    if (!blob.leaves.empty()) {
        auto dag = make_archive_dag(blob.bytes, blob.leaves);
        blob.root = dag.root;
        for (auto& node : dag.nodes) {
            auto key = key_of(*digest_of(node.cid, k_codec_dag_pb));
            auto& shelved = nodes_.try_emplace(key, std::move(node.bytes), 0).first->second;
            ++shelved.second;
            blob.nodes.push_back(std::move(key));
        }
        // Of equal leaves one place is enough.
        for (std::size_t i = 0; i < blob.leaves.size(); ++i) {
            leaves_.try_emplace(key_of(blob.leaves[i]), Leaf{digest, i});
        }
    }
    blobs_.insert_or_assign(digest, std::move(blob));
}

void BlockShelf::forget(Digest const& digest) {
    std::lock_guard const guard{mutex_};
    auto const at = blobs_.find(digest);
    if (at == blobs_.end()) return;
    for (auto const& leaf : at->second.leaves) {
        auto const place = leaves_.find(key_of(leaf));
        if (place != leaves_.end() && place->second.blob == digest) leaves_.erase(place);
    }
    for (auto const& key : at->second.nodes) {
        auto const node = nodes_.find(key);
        if (node != nodes_.end() && --node->second.second == 0) nodes_.erase(node);
    }
    blobs_.erase(at);
}

std::vector<ShelvedBlob> BlockShelf::blobs() const {
    std::lock_guard const guard{mutex_};
    std::vector<ShelvedBlob> out;
    out.reserve(blobs_.size());
    for (auto const& [digest, blob] : blobs_) out.push_back({digest, blob.bytes, blob.root});
    return out;
}

bool BlockShelf::is_ready() {
    bool was_wanted = false;
    bool is_ready = false;
    {
        std::lock_guard const guard{mutex_};
        was_wanted = std::exchange(is_wanted_, true);
        is_ready = is_ready_;
    }
    if (!was_wanted && wanted_) wanted_();
    return is_ready;
}

void BlockShelf::rest() {
    std::lock_guard const guard{mutex_};
    is_ready_ = false;
    is_wanted_ = false;
}

bool BlockShelf::is_wanted() const {
    std::lock_guard const guard{mutex_};
    return is_wanted_;
}

/// A leaf; or a whole blob that is no larger than a block may be.
std::optional<BlockShelf::Place> BlockShelf::find(Digest const& digest) const {
    if (auto const leaf = leaves_.find(key_of(digest)); leaf != leaves_.end()) {
        auto const& blob = blobs_.at(leaf->second.blob);
        auto const offset = leaf->second.index * k_dag_leaf_bytes;
        auto const bytes = std::min<std::uint64_t>(k_dag_leaf_bytes, blob.bytes - offset);
        return Place{blob.path, offset, static_cast<std::size_t>(bytes), leaf->second.blob};
    }
    auto const blob = blobs_.find(digest);
    if (blob == blobs_.end() || blob->second.bytes > k_bitswap_block_bytes_max) return std::nullopt;
    return Place{blob->second.path, 0, static_cast<std::size_t>(blob->second.bytes), digest};
}

bool BlockShelf::has(Cid const& cid) {
    std::lock_guard const guard{mutex_};
    if (auto const digest = digest_of(cid, k_codec_raw)) return find(*digest).has_value();
    auto const digest = digest_of(cid, k_codec_dag_pb);
    return digest && nodes_.contains(key_of(*digest));
}

Result<Bytes> BlockShelf::read(Cid const& cid) {
    auto const digest = digest_of(cid, k_codec_raw);
    std::optional<Place> place;
    {
        std::lock_guard const guard{mutex_};
        if (!digest) {
            auto const node_digest = digest_of(cid, k_codec_dag_pb);
            auto const node = node_digest ? nodes_.find(key_of(*node_digest)) : nodes_.end();
            if (node == nodes_.end()) return not_here();
            return node->second.first;
        }
        place = find(*digest);
    }
    if (!place) return not_here();
    Bytes out(place->bytes);
    auto const file = files_.map(place->path, k_shelved_bytes_max);
    bool const is_read = file && (*file)->read_at(place->offset, out) && sha256(out) == *digest;
    if (is_read) return out;
    // Gone, damaged, or its index was: the next scan digests it again.
    forget(place->blob);
    static_cast<void>(files_.remove_file(join_path(index_folder_, place->blob.hex())));
    return not_here();
}

}  // namespace ggen::p2p
