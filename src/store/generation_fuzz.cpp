#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "store/generation.hpp"

// Whatever stands in the files of a store: reading ends, and what is accepted has one spelling.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string const text{ggen::as_text({data, size})};
    if (auto const root = ggen::ProjectRoot::parse(text)) GGEN_ASSERT(root->print() == text);
    auto const checks = ggen::parse_checks(text);
    GGEN_ASSERT(checks.size() <= ggen::k_checks_max);
    GGEN_ASSERT(ggen::parse_checks(ggen::print_checks(checks)) == checks);
    if (auto const id = ggen::generation_of_link(text)) GGEN_ASSERT(text.ends_with("/env/" + id->hex() + "/tree"));
    return 0;
}
