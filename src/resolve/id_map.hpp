#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace ggen::solver {

/// From 64-bit keys to 32-bit numbers, in one block of memory. The key 2^64 - 1 is reserved.
class IdMap {
public:
    /// The place for the number of `key`; `absent` stands in it when it was not there. Valid until
    /// the next call.
    [[nodiscard]] std::uint32_t& at(std::uint64_t key, std::uint32_t absent) {
        if ((count_ + 1) * 2 > slots_.size()) grow();
        auto& slot = find(key);
        if (slot.key == k_free) {
            slot = {key, absent};
            ++count_;
        }
        return slot.value;
    }
    [[nodiscard]] std::size_t size() const { return count_; }

private:
    static constexpr std::uint64_t k_free = ~std::uint64_t{0};
    static constexpr std::size_t k_first_slots = 128;
    struct Slot {
        std::uint64_t key = k_free;
        std::uint32_t value = 0;
    };

    [[nodiscard]] Slot& find(std::uint64_t key) {
        auto const mixed = key * 0x9E3779B97F4A7C15U;
        auto at = static_cast<std::size_t>(mixed ^ (mixed >> 32));
        while (true) {
            auto& slot = slots_[at & (slots_.size() - 1)];
            if (slot.key == key || slot.key == k_free) return slot;
            ++at;
        }
    }
    void grow() {
        auto old = std::move(slots_);
        slots_.assign(old.empty() ? k_first_slots : old.size() * 2, {});
        for (auto const& slot : old) {
            if (slot.key != k_free) find(slot.key) = slot;
        }
    }

    std::vector<Slot> slots_;
    std::size_t count_ = 0;
};

}  // namespace ggen::solver
