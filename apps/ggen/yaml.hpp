#pragma once

#include <string>

#include "codec/json.hpp"

namespace ggen::cli {

/// `document` as YAML 1.2 in block style; texts in double quotes wherever a plain one could be read as something else.
[[nodiscard]] std::string yaml(Json const& document);

}  // namespace ggen::cli
