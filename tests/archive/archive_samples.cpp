// Writes canonical archives for other programs to list: archive_samples DIRECTORY COUNT SEED
//
// NNNNNN.tar, and beside it NNNNNN.json: what ggen itself decodes, one `{path, mode, size, sha256}` a file.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "archive/archive.hpp"
#include "archive/testing/sample_packs.hpp"
#include "codec/json.hpp"

namespace {

bool write_file(std::string const& path, ggen::BytesView bytes) {
    std::FILE* const file = std::fopen(path.c_str(), "wbe");
    if (file == nullptr) return false;
    bool const is_written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
    return std::fclose(file) == 0 && is_written;
}

std::string listing_of(ggen::DecodedArchive const& decoded) {
    auto list = ggen::Json::array();
    for (auto const& file : decoded.files) {
        list.push(ggen::Json::object()
                      .set("path", decoded.top_directory + "/" + file.path)
                      .set("mode", file.executable ? 0755 : 0644)
                      .set("size", static_cast<std::uint64_t>(file.content.size()))
                      .set("sha256", ggen::sha256(file.content).hex()));
    }
    return list.dump();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "archive_samples DIRECTORY COUNT SEED\n");
        return 2;
    }
    std::mt19937_64 random{std::strtoull(argv[3], nullptr, 10)};
    auto const count = std::strtoull(argv[2], nullptr, 10);
    ggen::ArchiveCodec codec;
    for (std::uint64_t i = 0; i < count; ++i) {
        auto pack = ggen::testing::random_pack(random);
        auto const encoded = codec.encode(pack.top_directory, std::move(pack.files));
        if (!encoded) return 1;
        auto const decoded = codec.decode(encoded->packed);
        if (!decoded) return 1;
        char stem[32];
        std::snprintf(stem, sizeof stem, "/%06llu", static_cast<unsigned long long>(i));
        auto const path = argv[1] + std::string{stem};
        if (!write_file(path + ".tar", decoded->tree_bytes)) return 1;
        if (!write_file(path + ".json", ggen::as_bytes(listing_of(*decoded)))) return 1;
    }
    return 0;
}
