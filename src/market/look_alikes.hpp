#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "registry/name_state.hpp"
#include "spec/package_name.hpp"

namespace ggen::detail {

/// Names of other people that `name` could be mistaken for: the same skeleton, or one edit away (from five
/// letters on). At most three, by name.
[[nodiscard]] std::vector<std::string> look_alikes(PackageName const& name,
                                                   std::map<PackageName, NameState> const& names,
                                                   std::function<bool(NameState const&)> const& is_ours);

}  // namespace ggen::detail
