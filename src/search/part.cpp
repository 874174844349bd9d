#include "search/part.hpp"

#include <string>

namespace ggen::search_index {

std::uint64_t Parts::document_count() const {
    std::uint64_t count = 0;
    for (auto const& part : live) count += part.live_count();
    return count;
}

std::uint64_t Parts::df(std::string_view text) const {
    std::uint64_t found = 0;
    auto const df_in = [&](SegmentReader const& segment) -> std::uint64_t {
        auto const term = segment.view().find(text);
        return term == k_none ? 0 : segment.view().term_df(term);
    };
    for (auto const& part : live) {
        found += df_in(*part.segment);
        for (auto const& grave : part.graves) found -= df_in(*grave);
    }
    return found;
}

bool comes_before(Parts const& parts, std::uint32_t part_a, DocId a, std::uint32_t part_b, DocId b) {
    if (part_a == part_b) return a < b;
    auto const& one = parts.live[part_a].view();
    auto const& other = parts.live[part_b].view();
    if (one.downloads(a) != other.downloads(b)) return one.downloads(a) > other.downloads(b);
    if (one.stars(a) != other.stars(b)) return one.stars(a) > other.stars(b);
    if (one.released(a) != other.released(b)) return one.released(a) > other.released(b);
    thread_local std::string name_a;
    thread_local std::string name_b;
    auto const order = one.name(a, name_a).compare(other.name(b, name_b));
    if (order != 0) return order < 0;
    TermBuffer origin_a;
    TermBuffer origin_b;
    return one.filter_text(FilterField::origin, one.origin(a), origin_a) <
           other.filter_text(FilterField::origin, other.origin(b), origin_b);
}

}  // namespace ggen::search_index
