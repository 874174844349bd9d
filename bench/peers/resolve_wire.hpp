#pragma once

#include <string>

#include "base/result.hpp"

namespace ggen::bench {

/// Prints what the documents of npm's cache cost on the wire (gzip, as its registry sends them) beside the metadata
/// records of the same packages, each compressed alone, and with a dictionary trained on them.
/// Errors: io, those of the index.
Result<void> report_wire(std::string const& npm_cache, std::string const& work, std::string const& scripts);

}  // namespace ggen::bench
