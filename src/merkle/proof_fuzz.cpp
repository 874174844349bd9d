// A proof that parses prints to the same bytes, and proves nothing but the committed entries.
#include <cstdint>
#include <string_view>

#include "merkle/checkpoint.hpp"
#include "merkle/testing/memory_log.hpp"
#include "merkle/tree.hpp"

namespace ggen::merkle {

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static auto const k_checkpoint = testing::MemoryLog{300}.checkpoint();
    std::string_view const bytes{reinterpret_cast<char const*>(data), size};
    auto const proof = LogProof::parse(bytes);
    if (!proof) return 0;
    GGEN_ASSERT(proof->print() == bytes);
    auto const leaf = leaf_hash(proof->extra);
    if (check_inclusion(leaf, proof->index, k_checkpoint.size, proof->hashes, k_checkpoint.root)) {
        GGEN_ASSERT(proof->extra == testing::test_entry(proof->index));
    }
    return 0;
}

}  // namespace ggen::merkle
