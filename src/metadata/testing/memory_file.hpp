#pragma once

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/file_system.hpp"

namespace ggen::metadata::testing {

/// Bytes as if they were mapped: aligned, not copied again.
class MemoryFile final : public MappedFile {
public:
    explicit MemoryFile(BytesView bytes) : words_(bytes.size() / sizeof(std::uint64_t) + 1), size_(bytes.size()) {
        if (!bytes.empty()) std::memcpy(words_.data(), bytes.data(), bytes.size());
    }
    [[nodiscard]] BytesView bytes() const override {
        return {reinterpret_cast<std::uint8_t const*>(words_.data()), size_};
    }
    Result<void> read_at(std::uint64_t offset, std::span<std::uint8_t> out) const override {
        if (offset > size_ || out.size() > size_ - offset) return Error{Errc::corrupt, "beyond the end"};
        auto const from = bytes().subspan(offset, out.size());
        std::copy(from.begin(), from.end(), out.begin());
        return ok();
    }
    void prefetch() const override {}

private:
    std::vector<std::uint64_t> words_;
    std::size_t size_;
};

}  // namespace ggen::metadata::testing
