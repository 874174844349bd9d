// A path that is accepted is valid everywhere it is used: it encodes, its key is stable, and no text
// gets past the escape as a control character.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "archive/archive.hpp"
#include "archive/path_rules.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const path{reinterpret_cast<char const*>(data), size};
    auto const shown = ggen::escape_for_terminal(path);
    if (std::any_of(shown.begin(), shown.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; })) {
        std::abort();
    }
    auto const key = ggen::collision_key(path);
    if (!ggen::check_archive_path(path)) return 0;
    if (ggen::collision_key(key) != key) std::abort();
    if (shown != path) std::abort();
    if (!ggen::path_rules::check_collisions({path})) return 0;  // Grew too long.
    auto const tree = ggen::encode_tree("p", {{std::string{path}, false, {}}});
    if (!tree) return tree.error().id == ggen::ErrorId::archive_too_large ? 0 : (std::abort(), 0);
    auto const decoded = ggen::decode_tree(*tree);
    if (!decoded || decoded->files.size() != 1 || decoded->files[0].path != path) std::abort();
    return 0;
}
