#pragma once

#include <chrono>
#include <mutex>

#include "market/market.hpp"

namespace ggen::cli {

/// What an operation is doing, for programs: one JSON object a line on standard error (`ggen.event/1`,
/// docs/install.md), each written at once. Thread-safe.
class EventLines final : public Observer {
public:
    EventLines() : started_(std::chrono::steady_clock::now()) {}
    void on_event(ProgressEvent const& event) override;

private:
    std::chrono::steady_clock::time_point started_;
    std::mutex mutex_;  // One line at a time.
};

}  // namespace ggen::cli
