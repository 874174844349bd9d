#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "registry/state.hpp"

namespace {

/// The input as entries: each is one length byte (times 16) and bytes.
std::vector<ggen::Bytes> entries_of(ggen::BytesView rest) {
    std::vector<ggen::Bytes> entries;
    while (!rest.empty() && entries.size() < 64) {
        auto const length = std::min<std::size_t>(std::size_t{rest[0]} * 16, rest.size() - 1);
        auto const entry = rest.subspan(1, length);
        entries.emplace_back(entry.begin(), entry.end());
        rest = rest.subspan(1 + length);
    }
    return entries;
}

}  // namespace

/// Any bytes may stand in a log: replay never fails, is deterministic, and a rolled back half leaves no
/// trace. Without signature checks, so that mutated records reach the rules.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const entries = entries_of({data, size});
    ggen::RegistryState one{"example/main", ggen::ReplayChecks::trusted_log};
    ggen::RegistryState two{"example/main", ggen::ReplayChecks::trusted_log};
    for (auto const& entry : entries) {
        auto const record = ggen::parse_record(entry);
        bool const is_leaf = record && std::holds_alternative<ggen::StateLeaf>(record->record);
        if (!is_leaf) {
            two.begin();
            static_cast<void>(two.apply(entry));
            two.roll_back();
        }
        auto const a = one.apply(entry);
        auto const b = two.apply(entry);
        GGEN_ASSERT(a.effect == b.effect && a.why == b.why);
    }
    GGEN_ASSERT(one.make_leaf({1'900'000'000}) == two.make_leaf({1'900'000'000}));
    return 0;
}
