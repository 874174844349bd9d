#pragma once

#include "context.hpp"

namespace ggen::cli {

/// Has the node ask its peers for what this profile's registry lacks, after `why` kept it from signing. Succeeds when
/// one of them had a copy. Errors: `why` with what to do next, those of the node's call.
[[nodiscard]] Result<void> recover_from_peers(Context& context, Error const& why);

}  // namespace ggen::cli
