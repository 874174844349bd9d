#include "net/mirror_source.hpp"

#include <algorithm>
#include <utility>

#include "net/control_client.hpp"

namespace ggen {
namespace {

constexpr std::size_t k_peer_name_bytes_max = 128;

std::uint64_t number_of(Json const& event, std::string_view key) {
    auto const* const member = event.find(key);
    auto const* const number = member != nullptr ? member->if_integer() : nullptr;
    return number != nullptr && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

BlobArrival arrival_of(Digest const& digest, Json const& event) {
    BlobArrival out{digest, number_of(event, "done"), number_of(event, "total"), {}};
    auto const* const shares = event.find("shares");
    auto const* const list = shares != nullptr ? shares->if_array() : nullptr;
    if (list == nullptr) return out;
    for (auto const& share : *list) {
        auto const* const from = share.find("from");
        auto const* const text = from != nullptr ? from->if_string() : nullptr;
        if (text != nullptr) out.shares.emplace_back(*text, number_of(share, "bytes"));
    }
    return out;
}

}  // namespace

MirrorSource::MirrorSource(FileSystem& files, std::string state_directory, std::string peer, CancelToken const& cancel)
    : files_(files),
      state_directory_(std::move(state_directory)),
      peer_(std::move(peer)),
      cancel_(cancel),
      folder_path_(join_path(state_directory_, "p2p/mirrors/" + peer_)),
      folder_(files, folder_path_) {}

Result<std::unique_ptr<MirrorSource>> MirrorSource::open(FileSystem& files, std::string const& state_directory,
                                                         std::string peer, CancelToken const& cancel) {
    bool const is_word = !peer.empty() && peer.size() <= k_peer_name_bytes_max &&
                         std::all_of(peer.begin(), peer.end(), [](char c) {
                             return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                         });
    if (!is_word || state_directory.empty()) {
        return Error{Errc::invalid, ErrorId::url_invalid, "address p2p:" + peer + ": no peer id", "p2p:12D3Koo…"};
    }
    return std::unique_ptr<MirrorSource>{new MirrorSource{files, state_directory, std::move(peer), cancel}};
}

Result<Bytes> MirrorSource::read(std::string const& path, std::uint64_t bytes_max) {
    auto bytes = folder_.read(path, bytes_max);
    if (bytes || bytes.error().code != Errc::not_found || path != "checkpoint") return bytes;
    return Error{Errc::not_found, ErrorId::p2p_not_held, "the registry of " + peer_ + " is not mirrored here",
                 "ggen follow " + peer_};
}

/// A connection for each blob: installs bring several at once.
Result<void> MirrorSource::bring(Digest const& digest, std::uint64_t bytes) {
    if (files_.info(join_path(folder_path_, blob_path(digest)))) return ok();
    ASSIGN_OR_RETURN(auto node, ControlClient::connect(state_directory_));
    auto arguments = Json::object();
    arguments.set("registry", peer_);
    arguments.set("digest", digest.text());
    arguments.set("bytes", bytes);
    auto const on_event = [&](Json const& event) {
        if (progress_) progress_(arrival_of(digest, event));
    };
    auto const answer = node.call("blob", std::move(arguments), on_event, &cancel_);
    if (!answer) return answer.error();
    return ok();
}

Result<Bytes> MirrorSource::read_blob(Digest const& digest, std::uint64_t bytes_max) {
    RETURN_IF_ERROR(bring(digest, bytes_max));
    return folder_.read_blob(digest, bytes_max);
}

Result<void> MirrorSource::stream_blob(Digest const& digest, std::uint64_t from, std::uint64_t bytes_max,
                                       TakeBytes const& take) {
    RETURN_IF_ERROR(bring(digest, bytes_max));
    return folder_.stream_blob(digest, from, bytes_max, take);
}

}  // namespace ggen
