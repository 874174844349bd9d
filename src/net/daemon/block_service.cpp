#include "net/daemon/block_service.hpp"

#include <chrono>
#include <set>
#include <utility>

#include "net/daemon/arguments.hpp"
#include "net/daemon/node_thread.hpp"

namespace ggen::p2p {
namespace {

constexpr std::chrono::milliseconds k_look{100};
constexpr std::chrono::seconds k_scan_interval{5};  ///< while blocks are wanted
constexpr std::chrono::minutes k_rest_after{10};    ///< without anybody who wants any

}  // namespace

BlockService::BlockService(Node& node, FileSystem& files, ServedFolders const& served, std::string index_folder)
    : node_(node), shelf_(files, served, std::move(index_folder)), core_(node.ledger(), shelf_) {}

BlockService::~BlockService() { finish(); }

void BlockService::start() {
    node_.add(core_);
    thread_ = std::thread{[this] { loop(); }};
}

void BlockService::finish() {
    stop();
    if (thread_.joinable()) thread_.join();
}

void BlockService::loop() {
    auto wanted_at = steady_now();
    auto scan_at = steady_now();
    while (!stopping_.is_cancelled()) {
        std::this_thread::sleep_for(k_look);
        auto const now = steady_now();
        if (shelf_.is_wanted()) wanted_at = now;
        else if (now >= wanted_at + k_rest_after) shelf_.rest();
        if (!shelf_.is_wanted() || now < scan_at) continue;
        if (!shelf_.scan([this] { return !stopping_.is_cancelled(); })) continue;
        scan_at = steady_now() + k_scan_interval;
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
