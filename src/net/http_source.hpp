#pragma once

#include <memory>
#include <string>

#include "net/http_client.hpp"
#include "registry/source.hpp"

namespace ggen {

/// A registry behind any static web server. Thread-safe.
class HttpSource final : public RegistrySource {
public:
    /// `base_url` as check_base_url returns it. `client` outlives the source.
    HttpSource(HttpClient& client, std::string base_url);
    Result<Bytes> read(std::string const& path, std::uint64_t bytes_max) override;
    Result<Bytes> read_blob(Digest const& digest, std::uint64_t bytes_max) override;
    Result<void> stream_blob(Digest const& digest, std::uint64_t from, std::uint64_t bytes_max,
                             TakeBytes const& take) override;
    [[nodiscard]] std::string describe() const override { return base_url_; }

private:
    HttpClient& client_;
    std::string base_url_;
};

}  // namespace ggen
