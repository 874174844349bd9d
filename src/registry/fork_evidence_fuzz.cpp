#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "registry/fork_evidence.hpp"
#include "registry/testing/registry_fixture.hpp"

/// Evidence that is accepted is spelled as it was given, and its two checkpoints disagree.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static auto const key = ggen::testing::make_key("example/main", 1).verifier();
    auto const text = ggen::as_text({data, size});
    auto const evidence = ggen::check_fork_evidence(text, key);
    if (!evidence) return 0;
    GGEN_ASSERT(evidence->document() == text);
    GGEN_ASSERT(evidence->first.checkpoint.size <= evidence->second.checkpoint.size);
    GGEN_ASSERT(evidence->first.checkpoint.root != evidence->other_root);
    return 0;
}
