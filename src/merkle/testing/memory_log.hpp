#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/testing/fakes.hpp"
#include "merkle/checkpoint.hpp"
#include "merkle/note.hpp"
#include "merkle/tile_store.hpp"

namespace ggen::merkle::testing {

/// "entry 17", the bytes of a test log's entry 17.
inline Bytes test_entry(std::uint64_t index) { return to_bytes("entry " + std::to_string(index)); }

/// The same signer for the same seed.
inline SignerKey test_signer(std::string name, std::uint64_t seed, KeyType type = KeyType::note_ed25519) {
    ggen::testing::SeededRandom random{seed};
    return SignerKey::create(std::move(name), Ed25519PrivateKey::generate(random), type).value();
}

/// A log in memory, with the partial tiles of every size that it had.
class MemoryLog {
public:
    explicit MemoryLog(std::uint64_t size = 0) { grow_to(size); }

    void grow_to(std::uint64_t size) {
        std::vector<Bytes> entries;
        for (auto i = edge_.size; i < size; ++i) entries.push_back(test_entry(i));
        auto growth = grow_log(std::move(edge_), entries).value();
        for (auto& file : growth.files) files[file.path] = std::move(file.bytes);
        edge_ = std::move(growth.edge);
        root_ = growth.root;
    }
    [[nodiscard]] std::uint64_t size() const { return edge_.size; }
    [[nodiscard]] LogEdge const& edge() const { return edge_; }
    [[nodiscard]] Checkpoint checkpoint() const { return {"log.example/test", edge_.size, root_}; }

    /// Serves `files`, but for those in `overlay`.
    [[nodiscard]] ReadFile source() {
        return [this](std::string const& path, std::uint64_t bytes_max) -> Result<Bytes> {
            auto const forged = overlay.find(path);
            auto const found = forged != overlay.end() ? forged : files.find(path);
            if (found == files.end()) return Error{Errc::not_found, path};
            if (found->second.size() > bytes_max) return Error{Errc::too_large, path};
            return found->second;
        };
    }

    std::map<std::string, Bytes> files;
    std::map<std::string, Bytes> overlay;  ///< What an attacker serves instead.

private:
    LogEdge edge_;
    Digest root_ = empty_root();
};

}  // namespace ggen::merkle::testing
