#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/posix_file.hpp"
#include "base/result.hpp"
#include "p2p/exchange/content.hpp"

namespace ggen::p2p {

/// The verified chunks of one blob in a file that grows into the blob; `<path>.have` notes which are there, so that an
/// attempt that was cut short goes on where it stopped. A chunk is noted after its bytes were written; whoever uses the
/// whole blob digests it. One thread.
class ChunkFile final : public ChunkStore {
public:
    /// Errors: io.
    [[nodiscard]] static Result<std::shared_ptr<ChunkFile>> open(std::string const& path, std::uint64_t bytes);

    [[nodiscard]] bool has(std::uint64_t chunk) const override;
    Result<void> put(std::uint64_t chunk, BytesView bytes) override;
    Result<Bytes> read(std::uint64_t offset, std::size_t length) override;
    Result<void> clear() override;

private:
    ChunkFile(std::string path, std::uint64_t bytes, posix::Fd data, posix::Fd marks, std::vector<std::uint8_t> have);

    std::string path_;
    std::uint64_t bytes_;
    posix::Fd data_;
    posix::Fd marks_;
    std::vector<std::uint8_t> have_;  ///< A byte for each chunk: 1 = here.
};

}  // namespace ggen::p2p
