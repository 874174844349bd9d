#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "registry/root_file.hpp"

/// A root file that is accepted prints the text that was signed, and its counts stay within their bounds.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const root = ggen::RootFile::parse(ggen::as_text({data, size}));
    if (!root) return 0;
    GGEN_ASSERT(ggen::as_text({data, size}).substr(0, root->text().size()) == root->text());
    GGEN_ASSERT(root->threshold >= 1 && root->threshold <= root->keys.size());
    static_cast<void>(root->verify_signed_by(*root).has_value());
    static_cast<void>(root->check_expiry({1'800'000'000}).has_value());
    return 0;
}
