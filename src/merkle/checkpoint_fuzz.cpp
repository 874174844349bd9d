// A checkpoint that parses prints to the same bytes; only the signed text opens.
#include <cstdint>
#include <string_view>

#include "merkle/checkpoint.hpp"
#include "merkle/testing/memory_log.hpp"

namespace ggen::merkle {

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static auto const k_signer = testing::test_signer("log.example/test", 1);
    static auto const k_text = testing::MemoryLog{300}.checkpoint().text();
    std::string_view const bytes{reinterpret_cast<char const*>(data), size};
    if (auto const checkpoint = Checkpoint::parse_text(bytes)) GGEN_ASSERT(checkpoint->text() == bytes);
    if (auto const opened = open_checkpoint(bytes, k_signer.verifier())) {
        GGEN_ASSERT(opened->note == bytes && opened->checkpoint.text() == k_text);
    }
    return 0;
}

}  // namespace ggen::merkle
