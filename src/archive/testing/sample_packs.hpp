#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "archive/archive.hpp"

/// Random packages that the archive accepts, for round trips and for other programs to list.
namespace ggen::testing {

struct SamplePack {
    std::string top_directory;
    std::vector<ArchiveFile> files;
};

/// One path component of the characters that parsers have stumbled over, but that are allowed.
inline std::string random_component(std::mt19937_64& random, std::size_t bytes_max) {
    static constexpr std::array<std::string_view, 26> k_pieces{
        "a", "b", "Z", "0", "9", "x.y", "-", "_", "+", "=", "@", "%20", "~", "'", "#", "!", "(",
        ")", "é", "ß", "日本", "Ж", "😀", "a b", ",", "\""};
    std::string out = random() % 8 == 0 ? "." : "";
    out += static_cast<char>('a' + random() % 26);
    auto const wanted = 1 + random() % bytes_max;
    while (out.size() + 8 < wanted) out += k_pieces[random() % k_pieces.size()];
    return out + static_cast<char>('a' + random() % 26);
}

inline std::string random_path(std::mt19937_64& random) {
    std::string path = random_component(random, random() % 4 == 0 ? 90 : 20);
    for (auto depth = random() % 5; depth > 0; --depth) {
        auto const more = random_component(random, random() % 4 == 0 ? 60 : 12);
        if (path.size() + 1 + more.size() > 130) break;
        path += '/' + more;
    }
    return path;
}

/// Whether the paths can stand in one archive.
inline bool is_encodable(SamplePack const& pack) {
    std::vector<ArchiveEntry> entries;
    entries.reserve(pack.files.size());
    for (auto const& file : pack.files) entries.push_back({file.path, false, {}});
    std::sort(entries.begin(), entries.end(), [](auto const& a, auto const& b) { return a.path < b.path; });
    return encode_tree(pack.top_directory, entries).has_value();
}

/// Paths that our rules refuse, or that collide, are left out.
inline SamplePack random_pack(std::mt19937_64& random) {
    SamplePack pack;
    pack.top_directory = "pack-" + std::to_string(random() % 100) + ".0." + std::to_string(random() % 10);
    auto const count = 1 + random() % 20;
    while (pack.files.size() < count) {
        ArchiveFile file{random_path(random), random() % 4 == 0, {}};
        static constexpr std::array<std::size_t, 8> k_sizes{0, 1, 511, 512, 513, 1023, 1024, 3000};
        file.content.resize(k_sizes[random() % k_sizes.size()]);
        for (auto& byte : file.content) byte = static_cast<std::uint8_t>(random() % 7 == 0 ? random() : 'x');
        pack.files.push_back(std::move(file));
        if (!is_encodable(pack)) pack.files.pop_back();
    }
    return pack;
}

}  // namespace ggen::testing
