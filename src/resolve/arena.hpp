#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

namespace ggen::solver {

/// Memory that only grows, until it is cut back to an earlier mark: for things without a destructor.
/// What was allocated stays where it is. Chunks are kept for the next use when cut back.
class Arena {
public:
    struct Mark {
        std::size_t chunk = 0;
        std::size_t used = 0;
    };

    /// Room for `count` objects, not initialised; never null.
    template <class T>
    [[nodiscard]] T* allocate(std::size_t count) {
        static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= alignof(std::uint64_t));
        auto const words = (count * sizeof(T) + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
        if (limit_ - used_ < words) grow(words);
        auto* const out = base_ + used_;
        used_ += words;
        return reinterpret_cast<T*>(out);
    }

    [[nodiscard]] Mark mark() const { return {chunk_, used_}; }
    /// Everything allocated since `mark` is gone.
    void cut(Mark mark) {
        if (chunks_.empty()) return;
        enter(mark.chunk);
        used_ = mark.used;
    }
    /// Memory held, about.
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    struct Chunk {
        std::unique_ptr<std::uint64_t[]> words;
        std::size_t size;
    };
    static constexpr std::size_t k_first_words = 512;
    static constexpr std::size_t k_chunk_words_max = std::size_t{1} << 17;

    void enter(std::size_t chunk) {
        chunk_ = chunk;
        base_ = chunks_[chunk].words.get();
        limit_ = chunks_[chunk].size;
    }
    void grow(std::size_t words) {
        used_ = 0;
        while (chunk_ + 1 < chunks_.size()) {
            enter(chunk_ + 1);
            if (limit_ >= words) return;
        }
        auto size = chunks_.empty() ? k_first_words : std::min(chunks_.back().size * 2, k_chunk_words_max);
        size = std::max(size, words);
        chunks_.push_back({std::make_unique_for_overwrite<std::uint64_t[]>(size), size});
        bytes_ += size * sizeof(std::uint64_t);
        enter(chunks_.size() - 1);
    }

    std::uint64_t* base_ = nullptr;
    std::size_t used_ = 0;
    std::size_t limit_ = 0;
    std::size_t chunk_ = 0;
    std::size_t bytes_ = 0;
    std::vector<Chunk> chunks_;
};

}  // namespace ggen::solver
