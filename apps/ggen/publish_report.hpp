#pragma once

#include <string_view>

#include "context.hpp"
#include "market/publish.hpp"

namespace ggen::cli {

/// What publish and the imports print.
void render_published(Context& context, std::string_view schema, PublishReport const& report, bool dry_run);
[[nodiscard]] Json json_published(PublishReport const& report, bool dry_run);

}  // namespace ggen::cli
