#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "archive/archive.hpp"

namespace ggen::cli {
namespace {

constexpr std::chrono::milliseconds k_redraw_interval{50};

void write_to_terminal(std::string_view bytes) {
    while (!bytes.empty()) {
        auto const n = ::write(STDERR_FILENO, bytes.data(), bytes.size());
        if (n <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

/// "3 sources, most 12D3KooW…", or the one there is.
std::string sources_text(ProgressEvent const& event) {
    if (event.shares.empty()) return "peers";
    if (event.shares.size() == 1) return event.shares.front().first;
    return fmt::format("{} sources, most of it {}", event.shares.size(), event.shares.front().first);
}

double seconds_between(std::chrono::steady_clock::time_point a, std::chrono::steady_clock::time_point b) {
    return std::chrono::duration<double>(b - a).count();
}

}  // namespace

Progress::Progress(Output& out, bool is_shown) : out_(out), is_shown_(is_shown) {
    if (!is_shown_) return;
    out_.set_wiper([](void* self) { static_cast<Progress*>(self)->wipe(); }, this);
}

Progress::~Progress() {
    if (!is_shown_) return;
    wipe();
    out_.set_wiper(nullptr, nullptr);
}

void Progress::wipe() {
    std::lock_guard const lock{mutex_};
    if (lines_drawn_ == 0) return;
    write_to_terminal(fmt::format("\x1b[{}A\r\x1b[J", lines_drawn_));
    lines_drawn_ = 0;
}

void Progress::on_event(ProgressEvent const& event) {
    if (event.kind == ProgressEvent::Kind::warning) {
        out_.warning(event.text);
        return;
    }
    if (!is_shown_) return;
    std::lock_guard const lock{mutex_};
    auto const now = Clock::now();
    bool is_new_phase = false;
    switch (event.kind) {
        case ProgressEvent::Kind::phase:
            is_new_phase = true;
            phase_ = event.text;
            phase_started_ = now;
            transfers_.clear();
            done_ = event.done;
            total_ = event.total;
            bytes_ = 0;
            break;
        case ProgressEvent::Kind::fetch_started:
            transfers_[event.text] = {event.bytes, now, event.source, 0, event.blob};
            break;
        case ProgressEvent::Kind::fetch_shares:
            for (auto& [name, transfer] : transfers_) {
                if (transfer.blob != event.blob) continue;
                transfer.bytes = event.done;
                transfer.source = sources_text(event);
            }
            break;
        case ProgressEvent::Kind::fetch_progress:
            if (auto const at = transfers_.find(event.text); at != transfers_.end()) at->second.bytes = event.done;
            break;
        case ProgressEvent::Kind::fetch_done:
            transfers_.erase(event.text);
            bytes_ += event.bytes;
            [[fallthrough]];
        case ProgressEvent::Kind::package_done:
            done_ = std::max(done_, event.done);
            total_ = std::max(total_, event.total);
            break;
        case ProgressEvent::Kind::warning: break;
    }
    if (is_new_phase || lines_drawn_ == 0 || now - last_drawn_ >= k_redraw_interval) draw();
}

std::string Progress::total_line(Clock::time_point now) const {
    auto const elapsed = seconds_between(phase_started_, now);
    auto line = phase_.empty() ? std::string{"working"} : escape_for_terminal(phase_);
    if (total_ > 0) line += fmt::format(" {}/{}", done_, total_);
    else if (done_ > 0) line += fmt::format(" {}", done_);
    if (bytes_ > 0) line += ", " + format_bytes(bytes_);
    if (bytes_ > 0 && elapsed > 0.2) {
        line += ", " + format_bytes(static_cast<std::uint64_t>(static_cast<double>(bytes_) / elapsed)) + "/s";
    }
    if (done_ > 0 && total_ > done_ && elapsed > 1) {
        line += fmt::format(", {:.0f} s left",
                            elapsed * static_cast<double>(total_ - done_) / static_cast<double>(done_));
    }
    return line;
}

std::string Progress::transfer_line(std::string const& name, Transfer const& transfer, Clock::time_point now) {
    auto const elapsed = seconds_between(transfer.started, now);
    auto line = "  " + escape_for_terminal(name) + "  ";
    if (transfer.bytes > 0) line += format_bytes(transfer.bytes) + " of ";
    if (transfer.total_bytes > 0) line += format_bytes(transfer.total_bytes);
    if (transfer.bytes > 0 && elapsed > 0.2) {
        line += ", " + format_bytes(static_cast<std::uint64_t>(static_cast<double>(transfer.bytes) / elapsed)) + "/s";
    }
    if (!transfer.source.empty()) line += "  from " + escape_for_terminal(transfer.source);
    return line + fmt::format("  {:.1f} s", elapsed);
}

void Progress::draw() {
    auto const now = Clock::now();
    std::string text;
    if (lines_drawn_ > 0) text += fmt::format("\x1b[{}A\r\x1b[J", lines_drawn_);
    lines_drawn_ = 0;
    std::size_t const width = std::max(20U, out_.style().width == 0 ? 80U : out_.style().width) - 1;
    for (auto const& [name, transfer] : transfers_) {
        if (lines_drawn_ == k_transfer_lines_max) break;
        text += cut_to_width(transfer_line(name, transfer, now), width) + "\n";
        ++lines_drawn_;
    }
    text += cut_to_width(total_line(now), width) + "\n";
    ++lines_drawn_;
    write_to_terminal(text);
    last_drawn_ = now;
}

}  // namespace ggen::cli
