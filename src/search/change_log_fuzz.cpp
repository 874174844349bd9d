#include "search/change_log.hpp"

#include <cstdlib>

/// Any bytes as a file of changes: an error or changes that, written again, are read the same.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    namespace si = ggen::search_index;
    auto const content = si::read_change_log({data, size}, 1);
    if (!content) return 0;
    auto again = si::change_log_header(1);
    if (!si::append_change_record(content->changes, again)) std::abort();
    auto const second = si::read_change_log(again, 1);
    if (!second || second->changes.size() != content->changes.size()) std::abort();
    return 0;
}
