#pragma once

#include <string>

#include "base/result.hpp"

namespace ggen::bench {

/// The store in process, in a fresh directory below `room`: a hit, a miss, a write, and the collection of 10,000
/// packages that nobody needs. Prints a table. Errors: those of the store.
Result<void> run_store_suite(std::string const& room);

}  // namespace ggen::bench
