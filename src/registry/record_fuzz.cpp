#include <cstddef>
#include <cstdint>

#include "registry/records.hpp"

/// A record that is accepted has one spelling: printing it gives the same bytes.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const record = ggen::parse_record({data, size});
    if (!record) return 0;
    bool const is_leaf = record->note.signatures.empty();
    auto const printed = is_leaf ? record->note.text : record->note.print();
    GGEN_ASSERT(printed == ggen::as_text({data, size}));
    GGEN_ASSERT(ggen::print_record(record->record) == record->note.text);
    return 0;
}
