#pragma once

#include <memory>
#include <string>

#include "base/file_system.hpp"
#include "market/market.hpp"
#include "net/http_client.hpp"

namespace ggen {

/// Opens folders (a path or file://) and web addresses (http://, https://).
class LocationOpener final : public SourceOpener {
public:
    /// Both outlive the opener and every source it opens.
    LocationOpener(FileSystem& files, HttpClient& client) : files_(files), client_(client) {}
    /// Errors: invalid (url_invalid) for another scheme or a malformed address.
    Result<std::unique_ptr<RegistrySource>> open(std::string const& location) override;

private:
    FileSystem& files_;
    HttpClient& client_;
};

}  // namespace ggen
