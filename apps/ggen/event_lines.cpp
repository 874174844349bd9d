#include "event_lines.hpp"

#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "codec/json.hpp"

namespace ggen::cli {
namespace {

std::string_view kind_name(ProgressEvent::Kind kind) {
    switch (kind) {
        case ProgressEvent::Kind::phase: return "phase";
        case ProgressEvent::Kind::fetch_started: return "fetch_started";
        case ProgressEvent::Kind::fetch_progress: return "fetch_progress";
        case ProgressEvent::Kind::fetch_shares: return "fetch_shares";
        case ProgressEvent::Kind::fetch_done: return "fetch_done";
        case ProgressEvent::Kind::package_done: return "package_done";
        case ProgressEvent::Kind::warning: break;
    }
    return "warning";
}

void write_line(std::string_view bytes) {
    while (!bytes.empty()) {
        auto const n = ::write(STDERR_FILENO, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;  // Nobody reads any more; the work goes on.
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

}  // namespace

void EventLines::on_event(ProgressEvent const& event) {
    auto const at = std::chrono::steady_clock::now() - started_;
    auto json = Json::object();
    json.set("schema", "ggen.event/1");
    json.set("at_us", static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(at).count()));
    json.set("kind", kind_name(event.kind));
    json.set("text", event.text);
    json.set("done", event.done);
    json.set("total", event.total);
    json.set("bytes", event.bytes);
    if (!event.source.empty()) json.set("source", event.source);
    if (!event.blob.empty()) json.set("blob", event.blob);
    if (!event.shares.empty()) {
        auto shares = Json::array();
        for (auto const& [from, bytes] : event.shares) {
            shares.push(Json::object().set("from", from).set("bytes", bytes));
        }
        json.set("shares", std::move(shares));
    }
    std::lock_guard const guard{mutex_};
    write_line(json.dump() + "\n");
}

}  // namespace ggen::cli
