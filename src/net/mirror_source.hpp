#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.hpp"
#include "base/file_system.hpp"
#include "registry/source.hpp"

namespace ggen {

/// How a blob comes in from peers, and from the other places of its registry.
struct BlobArrival {
    Digest digest;
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    std::vector<std::pair<std::string, std::uint64_t>> shares;  ///< Bytes by source, largest first.
};
using PeerProgress = std::function<void(BlobArrival const& arrival)>;

/// A registry that the node of this profile follows: its log from the node's mirror, with or without a node; archives
/// from the mirror too, else brought there by the running node from its peers. Nothing of it is trusted more than any
/// other source. Thread-safe.
class MirrorSource final : public RegistrySource {
public:
    /// `peer` is whose registry it is. Errors: invalid (url_invalid).
    [[nodiscard]] static Result<std::unique_ptr<MirrorSource>> open(FileSystem& files,
                                                                    std::string const& state_directory,
                                                                    std::string peer, CancelToken const& cancel);
    void set_progress(PeerProgress progress) { progress_ = std::move(progress); }

    /// Errors: not_found (p2p_not_held: not mirrored), and those of FolderSource.
    Result<Bytes> read(std::string const& path, std::uint64_t bytes_max) override;
    /// `bytes_max` is the size of the blob. Errors: unavailable (p2p_no_node: not here, and no node runs), those of the
    /// node and of FolderSource.
    Result<Bytes> read_blob(Digest const& digest, std::uint64_t bytes_max) override;
    Result<void> stream_blob(Digest const& digest, std::uint64_t from, std::uint64_t bytes_max,
                             TakeBytes const& take) override;
    [[nodiscard]] std::string describe() const override { return "p2p:" + peer_; }

private:
    MirrorSource(FileSystem& files, std::string state_directory, std::string peer, CancelToken const& cancel);
    Result<void> bring(Digest const& digest, std::uint64_t bytes);

    FileSystem& files_;
    std::string state_directory_;
    std::string peer_;
    CancelToken const& cancel_;
    std::string folder_path_;
    FolderSource folder_;
    PeerProgress progress_;
};

}  // namespace ggen
