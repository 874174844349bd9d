#include "net/daemon/block_service.hpp"

#include <chrono>
#include <set>
#include <utility>

#include "net/daemon/arguments.hpp"
#include "net/daemon/node_thread.hpp"

namespace ggen::p2p {
namespace {

constexpr std::chrono::seconds k_scan_interval{5};  ///< while blocks are wanted
constexpr std::chrono::minutes k_rest_after{10};    ///< without anybody who wants any

}  // namespace

BlockService::BlockService(Node& node, FileSystem& files, ServedFolders const& served, std::string index_folder)
    : node_(node), shelf_(files, served, std::move(index_folder)), core_(node.ledger(), shelf_) {}

BlockService::~BlockService() { finish(); }

void BlockService::start() {
    shelf_.on_wanted([this] { wake(); });
    node_.add(core_);
    thread_ = std::thread{[this] { loop(); }};
}

void BlockService::stop() {
    stopping_.cancel();
    wake();
}

void BlockService::wake() {
    std::lock_guard const guard{mutex_};
    came_.notify_one();
}

void BlockService::finish() {
    stop();
    if (thread_.joinable()) thread_.join();
}

/// Sleeps until blocks are wanted; while they are, until the next look is due; then until it may rest.
void BlockService::loop() {
    auto rest_at = TimePoint::max();
    auto scan_at = steady_now();
    while (!stopping_.is_cancelled()) {
        {
            std::unique_lock guard{mutex_};
            auto const is_called = [&] { return stopping_.is_cancelled() || shelf_.is_wanted(); };
            if (rest_at == TimePoint::max()) came_.wait(guard, is_called);
            else if (!is_called()) came_.wait_until(guard, rest_at, is_called);
            auto const is_stopped = [&] { return stopping_.is_cancelled(); };
            if (shelf_.is_wanted()) came_.wait_until(guard, scan_at, is_stopped);
        }
        if (!shelf_.is_wanted()) {
            if (steady_now() < rest_at) continue;
            shelf_.rest();
            rest_at = TimePoint::max();
            continue;
        }
        if (!shelf_.scan([this] { return !stopping_.is_cancelled(); })) continue;
        scan_at = steady_now() + k_scan_interval;
        rest_at = steady_now() + k_rest_after;
        node_.post([this] { core_.on_blocks_ready(steady_now()); });
    }
}

Result<Json> BlockService::list(Json const& arguments, ControlSession const& session) {
    std::set<Digest> wanted;
    ASSIGN_OR_RETURN(auto const texts, list_argument(arguments, "digests"));
    for (auto const& text : texts) {
        ASSIGN_OR_RETURN(auto const digest, Digest::parse(text));
        wanted.insert(digest);
    }
    RETURN_IF_ERROR(shelf_.scan([&] { return !stopping_.is_cancelled() && session.check().has_value(); }));
    auto list = Json::array();
    for (auto const& blob : shelf_.blobs()) {
        if (!wanted.empty() && !wanted.contains(blob.digest)) continue;
        list.push(Json::object()
                      .set("digest", blob.digest.text())
                      .set("bytes", blob.bytes)
                      .set("cid", blob.root.text()));
    }
    return Json::object().set("blobs", std::move(list));
}

Json BlockService::status() const {
    auto const status = core_.status();
    return Json::object()
        .set("peers", std::uint64_t{status.peers})
        .set("served_blocks", status.served_blocks)
        .set("served_bytes", status.served_bytes);
}

}  // namespace ggen::p2p
