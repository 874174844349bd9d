#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/file_system.hpp"
#include "node/served_folders.hpp"
#include "p2p/bitswap/archive_dag.hpp"
#include "p2p/bitswap/bitswap.hpp"

namespace ggen::p2p {

/// Leaves remembered at once: 64 GiB of archives. What goes past it is not given as blocks.
inline constexpr std::size_t k_shelf_leaves_max = 262'144;

/// A blob as nodes of IPFS know it.
struct ShelvedBlob {
    Digest digest;
    std::uint64_t bytes = 0;
    Cid root;
};

/// The blobs that a node serves, as blocks: leaves are read from the blob itself when they are asked for; only their
/// digests and the nodes above them are kept, the digests in a folder too. Thread-safe.
class BlockShelf final : public BlockProvider {
public:
    /// All outlive it. `index_folder` may be deleted at any time.
    BlockShelf(FileSystem& files, ServedFolders const& served, std::string index_folder)
        : files_(files), served_(served), index_folder_(std::move(index_folder)) {}

    /// Looks at all blobs that are served, and digests the leaves of those that are new: reads whole files, so never on
    /// the network thread. `goes_on` false ends it early. Errors: cancelled.
    Result<void> scan(std::function<bool()> const& goes_on);
    /// After the last scan, by digest.
    [[nodiscard]] std::vector<ShelvedBlob> blobs() const;

    /// Whether it was scanned since `rest()`; asking tells that somebody waits for that.
    bool is_ready() override;
    /// Nobody wants blocks now: the next who does waits for a scan.
    void rest();
    [[nodiscard]] bool is_wanted() const;
    /// Calls `wanted`, on the thread that asks, when a block is wanted for the first time since the last scan or rest.
    /// Before anything is asked.
    void on_wanted(std::function<void()> wanted) { wanted_ = std::move(wanted); }
    bool has(Cid const& cid) override;
    /// Bytes that are no longer those of the CID are not given, and the blob is looked at anew.
    Result<Bytes> read(Cid const& cid) override;

private:
    struct Blob {
        std::string path;
        std::uint64_t bytes = 0;
        Cid root;
        std::vector<Digest> leaves;      // none when it is one leaf
        std::vector<std::string> nodes;  // keys of nodes_
    };
    struct Leaf {
        Digest blob;
        std::size_t index = 0;
    };
    struct Place {
        std::string path;
        std::uint64_t offset = 0;
        std::size_t bytes = 0;
        Digest blob;
    };

    [[nodiscard]] std::map<Digest, std::string> served_blobs() const;
    Result<std::vector<Digest>> leaves_of(Digest const& digest, std::string const& path, std::uint64_t bytes,
                                          std::function<bool()> const& goes_on);
    void shelve(Digest const& digest, Blob blob);
    void forget(Digest const& digest);
    [[nodiscard]] std::optional<Place> find(Digest const& digest) const;

    FileSystem& files_;
    ServedFolders const& served_;
    std::string index_folder_;
    std::function<void()> wanted_;
    std::mutex one_scan_;

    mutable std::mutex mutex_;  // Guards all below.
    std::map<Digest, Blob> blobs_;
    std::unordered_map<std::string, Leaf> leaves_;  // By digest.
    std::unordered_map<std::string, std::pair<Bytes, std::size_t>> nodes_;  // By digest; and how many blobs have it.
    bool is_ready_ = false;
    bool is_wanted_ = false;
};

}  // namespace ggen::p2p
