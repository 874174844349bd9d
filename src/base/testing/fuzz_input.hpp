#pragma once

#include <algorithm>

#include "base/bytes.hpp"

namespace ggen::testing {

/// The bytes of a fuzz target, taken from the front: what decides the next call and its arguments.
class FuzzInput {
public:
    explicit FuzzInput(BytesView bytes) : rest_(bytes) {}
    [[nodiscard]] bool is_empty() const { return rest_.empty(); }
    /// 0 at the end.
    std::uint8_t byte() {
        if (rest_.empty()) return 0;
        auto const value = rest_[0];
        rest_ = rest_.subspan(1);
        return value;
    }
    /// As many as there are, at most `count`.
    BytesView bytes(std::size_t count) {
        auto const out = rest_.first(std::min(count, rest_.size()));
        rest_ = rest_.subspan(out.size());
        return out;
    }

private:
    BytesView rest_;
};

}  // namespace ggen::testing
