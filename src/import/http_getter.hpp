#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ggen {

/// Port: fetches a document of a foreign server. Implemented in `net`; fakes in tests.
class HttpGetter {
public:
    virtual ~HttpGetter() = default;
    /// The body of a 200 answer. `accept` is the Accept header, "" for none. Blocks; thread-safe.
    /// Errors: not_found, too_large (over `bytes_max`), unavailable, timed_out, invalid (url_invalid),
    /// cancelled.
    virtual Result<Bytes> get(std::string const& url, std::uint64_t bytes_max, std::string const& accept) = 0;
};

}  // namespace ggen
