#pragma once

#include <string>

namespace ggen {

/// Name and version of the library behind this module as it is loaded, for reports: "OpenSSL 3.0.17 1 Jul 2025".
[[nodiscard]] std::string crypto_library_version();

}  // namespace ggen
