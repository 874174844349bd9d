#pragma once

#include <memory>
#include <string>

#include "base/file_system.hpp"
#include "market/market.hpp"
#include "net/http_client.hpp"
#include "net/mirror_source.hpp"

namespace ggen {

/// Opens folders (a path or file://), web addresses (http://, https://), and what the node of this profile mirrors
/// (p2p:).
class LocationOpener final : public SourceOpener {
public:
    /// Both outlive the opener and every source it opens.
    /// `state_directory` is that of the profile; "" = there is none.
    LocationOpener(FileSystem& files, HttpClient& client, std::string state_directory, CancelToken const& cancel)
        : files_(files), client_(client), state_directory_(std::move(state_directory)), cancel_(cancel) {}
    /// Told how blobs of peers come in. From any thread.
    void set_peer_progress(PeerProgress progress) { progress_ = std::move(progress); }
    /// Errors: invalid (url_invalid) for another scheme or a malformed address.
    Result<std::unique_ptr<RegistrySource>> open(std::string const& location) override;
    /// Peers are asked by the node of this profile. Errors: as above, and p2p_no_node.
    Result<WitnessAnswer> ask_witness(std::string const& place, std::string const& body) override;

private:
    FileSystem& files_;
    HttpClient& client_;
    std::string state_directory_;
    CancelToken const& cancel_;
    PeerProgress progress_;
};

}  // namespace ggen
