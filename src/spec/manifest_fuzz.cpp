// Any text: a manifest that was read is read again with another version and nothing else changed.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "spec/manifest.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text{reinterpret_cast<char const*>(data), size};
    auto const manifest = ggen::Manifest::parse(text);
    if (!manifest) return 0;
    if (manifest->source_text != text) std::abort();
    auto const changed = manifest->with_version(ggen::Version{7, 8, 9});
    if (!changed) std::abort();
    bool const is_same = changed->name == manifest->name && changed->description == manifest->description &&
                         changed->dependencies == manifest->dependencies &&
                         changed->exclude == manifest->exclude;
    if (!is_same || changed->version.text() != "7.8.9") std::abort();
    return 0;
}
