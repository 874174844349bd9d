#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "crypto/digest.hpp"

namespace ggen {

/// The list of files of one stored package, kept beside it (docs/formats/store.md):
///
///   ggen-tree 1
///   label acme/foo@1.2.3
///   <644|755> <size> <sha256 hex> <path>      sorted by path, bytewise
///   end <sha256 hex of everything above>
struct TreeManifest {
    static constexpr std::size_t k_bytes_max = std::size_t{64} * 1024 * 1024;

    struct File {
        std::string path;
        bool executable = false;
        std::uint64_t size_bytes = 0;
        Digest digest;
        friend bool operator==(File const&, File const&) = default;
    };

    std::string label;
    std::vector<File> files;

    [[nodiscard]] std::string print() const;
    /// One spelling only. Errors: corrupt (store_damaged).
    [[nodiscard]] static Result<TreeManifest> parse(std::string_view text);
    [[nodiscard]] std::uint64_t total_bytes() const;
};

}  // namespace ggen
