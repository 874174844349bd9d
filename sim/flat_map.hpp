#pragma once

#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/dice.hpp"

namespace ggen::sim {

/// A hash map from 64-bit keys that are not 0, open addressing, at most 3/4 full. Never iterated: nothing in a run may
/// depend on the order of a hash. A pointer from `find` lives until the next insert or erase.
template <class Value>
class FlatMap {
public:
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] Value* find(std::uint64_t key) {
        if (slots_.empty()) return nullptr;
        for (auto at = home(key);; at = next(at)) {
            if (slots_[at].key == key) return &slots_[at].value;
            if (slots_[at].key == 0) return nullptr;
        }
    }
    [[nodiscard]] Value const* find(std::uint64_t key) const { return const_cast<FlatMap*>(this)->find(key); }
    /// The value of `key`, made from nothing when it is new.
    Value& operator[](std::uint64_t key) {
        if ((size_ + 1) * 4 > slots_.size() * 3) grow();
        auto at = home(key);
        while (slots_[at].key != 0 && slots_[at].key != key) at = next(at);
        if (slots_[at].key == 0) {
            slots_[at].key = key;
            ++size_;
        }
        return slots_[at].value;
    }
    void erase(std::uint64_t key) {
        if (slots_.empty()) return;
        auto at = home(key);
        while (slots_[at].key != key) {
            if (slots_[at].key == 0) return;
            at = next(at);
        }
        --size_;
        close_gap(at);
    }

private:
    struct Slot {
        std::uint64_t key = 0;
        Value value{};
    };

    [[nodiscard]] std::size_t home(std::uint64_t key) const { return mix(key) & (slots_.size() - 1); }
    [[nodiscard]] std::size_t next(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }
    /// Moves later entries of the run back, so that no tombstones are needed.
    void close_gap(std::size_t gap) {
        for (auto at = next(gap); slots_[at].key != 0; at = next(at)) {
            auto const from_home = (at - home(slots_[at].key)) & (slots_.size() - 1);
            auto const from_gap = (at - gap) & (slots_.size() - 1);
            if (from_home < from_gap) continue;
            slots_[gap] = std::move(slots_[at]);
            gap = at;
        }
        slots_[gap] = Slot{};
    }
    void grow() {
        auto old = std::exchange(slots_, std::vector<Slot>(slots_.empty() ? 8 : slots_.size() * 2));
        for (auto& slot : old) {
            if (slot.key == 0) continue;
            auto at = home(slot.key);
            while (slots_[at].key != 0) at = next(at);
            slots_[at] = std::move(slot);
        }
    }

    std::vector<Slot> slots_;
    std::size_t size_ = 0;
};

}  // namespace ggen::sim
