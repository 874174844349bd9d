#include <cstddef>
#include <cstdint>
#include <string>

#include "market/config_document.hpp"

using ggen::detail::ConfigDocument;

// Whatever stands in a configuration file: reading ends, and an edit that is accepted reads back as
// what was wanted.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string const text{ggen::as_text({data, size})};
    auto const document = ConfigDocument::parse(text, "config.toml");
    if (!document) return 0;
    auto const* const spec = ggen::detail::find_setting_spec("link_mode");
    if (auto const edited = ggen::detail::with_setting(text, *spec, "symlink")) {
        auto const after = ConfigDocument::parse(*edited, "config.toml");
        GGEN_ASSERT(after && after->values.at("link_mode") == "symlink");
        GGEN_ASSERT(after->registries == document->registries);
    }
    if (document->registries.empty()) return 0;
    auto const alias = document->registries.front().alias;
    if (auto const shorter = ggen::detail::without_registry(text, alias)) {
        auto const after = ConfigDocument::parse(*shorter, "config.toml");
        GGEN_ASSERT(after && after->registries.size() + 1 == document->registries.size());
    }
    return 0;
}
