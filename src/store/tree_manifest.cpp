#include "store/tree_manifest.hpp"

#include <algorithm>
#include <charconv>

namespace ggen {
namespace {

constexpr std::string_view k_first_line = "ggen-tree 1\n";
constexpr std::size_t k_hex_digits = 64;
constexpr std::size_t k_end_line_bytes = 4 + k_hex_digits + 1;  // "end " + hex + LF

Error damaged(std::string_view what) {
    return Error{Errc::corrupt, ErrorId::store_damaged, "stored file list: " + std::string{what}};
}

Result<TreeManifest::File> parse_file(std::string_view line) {
    // "644 123 <64 hex> path"
    if (line.size() < 4 || line[3] != ' ') return damaged("a line is cut");
    auto const mode = line.substr(0, 3);
    if (mode != "644" && mode != "755") return damaged("unknown mode");
    line.remove_prefix(4);
    TreeManifest::File file;
    file.executable = mode == "755";
    auto const [end, error] = std::from_chars(line.data(), line.data() + line.size(), file.size_bytes);
    if (error != std::errc{}) return damaged("no size");
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    if (line.size() < k_hex_digits + 3 || line[0] != ' ' || line[k_hex_digits + 1] != ' ')
        return damaged("no digest");
    ASSIGN_OR_RETURN(file.digest, Digest::from_hex(line.substr(1, k_hex_digits)));
    file.path = line.substr(k_hex_digits + 2);
    return file;
}

}  // namespace

std::string TreeManifest::print() const {
    std::string out{k_first_line};
    out += "label " + label + "\n";
    for (auto const& file : files) {
        out += file.executable ? "755 " : "644 ";
        out += std::to_string(file.size_bytes) + " " + file.digest.hex() + " " + file.path + "\n";
    }
    return out + "end " + sha256(as_bytes(out)).hex() + "\n";
}

Result<TreeManifest> TreeManifest::parse(std::string_view text) {
    if (text.size() < k_first_line.size() + k_end_line_bytes) return damaged("it is cut");
    auto const body = text.substr(0, text.size() - k_end_line_bytes);
    if (text.substr(body.size()) != "end " + sha256(as_bytes(body)).hex() + "\n")
        return damaged("its checksum differs");
    // From here on the bytes are ours: what follows guards against another version's list.
    if (!body.starts_with(k_first_line)) return damaged("another version of ggen wrote it");
    TreeManifest manifest;
    auto rest = body.substr(k_first_line.size());
    bool is_label_read = false;
    while (!rest.empty()) {
        auto const line_end = rest.find('\n');
        if (line_end == std::string_view::npos) return damaged("a line is cut");
        auto const line = rest.substr(0, line_end);
        rest.remove_prefix(line_end + 1);
        if (!is_label_read) {
            if (!line.starts_with("label ")) return damaged("no label");
            manifest.label = line.substr(6);
            is_label_read = true;
            continue;
        }
        ASSIGN_OR_RETURN(auto file, parse_file(line));
        if (!manifest.files.empty() && !(manifest.files.back().path < file.path))
            return damaged("paths out of order");
        manifest.files.push_back(std::move(file));
    }
    if (!is_label_read) return damaged("no label");
    return manifest;
}

std::uint64_t TreeManifest::total_bytes() const {
    std::uint64_t total = 0;
    for (auto const& file : files) total += file.size_bytes;
    return total;
}

}  // namespace ggen
