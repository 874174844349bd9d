#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "market/market.hpp"
#include "output.hpp"

namespace ggen::cli {

/// What an operation is doing, as lines at the bottom of a terminal: one per transfer, one in all.
/// Off a terminal only warnings are told. The first line stands at the first event, later ones at most
/// every 50 ms.
class Progress final : public Observer {
public:
    static constexpr std::size_t k_transfer_lines_max = 4;

    Progress(Output& out, bool is_shown);
    ~Progress() override;
    void on_event(ProgressEvent const& event) override;
    /// Takes the lines away, before other text is written.
    void wipe();

private:
    using Clock = std::chrono::steady_clock;
    void draw();
    [[nodiscard]] std::string total_line(Clock::time_point now) const;

    struct Transfer {
        std::uint64_t total_bytes = 0;
        Clock::time_point started;
        std::string source;
        std::uint64_t bytes = 0;  ///< So far; only large ones tell.
        std::string blob;         ///< Of its archive.
    };

    [[nodiscard]] static std::string transfer_line(std::string const& name, Transfer const& transfer,
                                                   Clock::time_point now);

    Output& out_;
    bool is_shown_;
    std::mutex mutex_;  // Guards everything below: events come from worker threads.
    std::string phase_;
    Clock::time_point phase_started_;
    std::map<std::string, Transfer> transfers_;
    std::uint64_t done_ = 0;
    std::uint64_t total_ = 0;
    std::uint64_t bytes_ = 0;
    std::size_t lines_drawn_ = 0;
    Clock::time_point last_drawn_;
};

}  // namespace ggen::cli
