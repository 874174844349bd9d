#pragma once

#include <algorithm>
#include <chrono>

#include "base/time.hpp"

namespace ggen::p2p {

/// Holds a peer to a rate: a bucket that begins full, gives a token for each request, and fills over time.
class TokenBucket {
public:
    TokenBucket(double burst, double per_second, TimePoint now)
        : burst_(burst), per_second_(per_second), tokens_(burst), filled_at_(now) {}

    /// False when no whole token is there.
    [[nodiscard]] bool take(TimePoint now) {
        auto const seconds = std::chrono::duration<double>(now - filled_at_).count();
        filled_at_ = now;
        tokens_ = std::min(burst_, tokens_ + seconds * per_second_);
        if (tokens_ < 1) return false;
        tokens_ -= 1;
        return true;
    }
    /// The token was taken for nothing.
    void give_back() { tokens_ += 1; }

private:
    double burst_;
    double per_second_;
    double tokens_;
    TimePoint filled_at_;
};

}  // namespace ggen::p2p
