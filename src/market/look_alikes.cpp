#include "market/look_alikes.hpp"

#include "spec/similar_names.hpp"

namespace ggen::detail {
namespace {

constexpr std::size_t k_shown_max = 3;
constexpr std::size_t k_edit_bytes_min = 5;

bool may_be_mistaken(PackageName const& a, std::string const& a_skeleton, PackageName const& b) {
    auto const shorter = std::min(a.text().size(), b.text().size());
    auto const longer = std::max(a.text().size(), b.text().size());
    // Skeletons drop separators and join pairs: lengths may differ more than by one edit, but not wildly.
    if (longer > 2 * shorter + 1) return false;
    if (longer - shorter <= 1 && a.base().size() >= k_edit_bytes_min && edit_distance(a.text(), b.text(), 1) <= 1) {
        return true;
    }
    return b.skeleton() == a_skeleton;
}

}  // namespace

std::vector<std::string> look_alikes(PackageName const& name, std::map<PackageName, NameState> const& names,
                                     std::function<bool(NameState const&)> const& is_ours) {
    auto const skeleton = name.skeleton();
    std::vector<std::string> out;
    for (auto const& [other, state] : names) {
        if (other == name || !may_be_mistaken(name, skeleton, other) || is_ours(state)) continue;
        out.push_back(other.text());
        if (out.size() == k_shown_max) break;
    }
    return out;
}

}  // namespace ggen::detail
