#include "node/peer_exchange.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "node/chunk_file.hpp"
#include "p2p/exchange/exchange.hpp"

namespace ggen::p2p {
namespace {

BlobCourse course_of(std::uint64_t done, std::uint64_t total, std::vector<SourceShare> const& shares) {
    BlobCourse out{done, total, {}};
    for (auto const& share : shares) {
        out.shares.emplace_back(share.peer ? share.peer->text() : share.source, share.bytes);
    }
    return out;
}

std::vector<ContentHolder> providers_of(std::vector<Holder> holders) {
    std::vector<ContentHolder> out;
    out.reserve(holders.size());
    for (auto& holder : holders) out.push_back({std::move(holder.peer), std::move(holder.addresses)});
    return out;
}

}  // namespace

struct PeerExchange::Impl {
    Impl(Ledger& ledger, ContentProvider& content, std::uint64_t seed)
        : exchange(ExchangeOptions{.seed = seed, .ledger = &ledger, .content = &content}) {}

    struct Blob {
        std::function<void(BlobCourse const&)> progress;
        BlobDone done;
        std::uint64_t bytes = 0;
        std::function<void(BlobRead const&)> read;
    };
    void on_event(ExchangeEvent const& event) {
        if (auto const* const fetched = std::get_if<ObjectFetched>(&event)) {
            auto const at = fetches.extract(fetched->id);
            if (!at.empty()) at.mapped()(fetched->bytes);
        } else if (auto const* const progress = std::get_if<BlobProgress>(&event)) {
            auto const at = blobs.find(progress->id);
            if (at != blobs.end() && at->second.progress) {
                at->second.progress(course_of(progress->bytes, progress->total, progress->shares));
            }
        } else if (auto const* const read = std::get_if<SourceRead>(&event)) {
            auto const at = blobs.find(read->id);
            BlobRead const wanted{read->id, read->read, read->source, read->offset, read->length};
            if (at != blobs.end() && at->second.read) at->second.read(wanted);
        } else if (auto const* const blob = std::get_if<BlobFetched>(&event)) {
            auto const at = blobs.extract(blob->id);
            if (at.empty()) return;
            auto const& wanted = at.mapped();
            if (blob->report) wanted.done(course_of(wanted.bytes, wanted.bytes, blob->report->shares));
            else wanted.done(blob->report.error());
        }
    }

    Exchange exchange;
    std::map<FetchId, FetchDone> fetches;
    std::map<FetchId, Blob> blobs;
};

PeerExchange::PeerExchange(Ledger& ledger, ContentProvider& content, std::uint64_t seed)
    : impl_(std::make_unique<Impl>(ledger, content, seed)) {}
PeerExchange::~PeerExchange() = default;

Protocol& PeerExchange::protocol() { return impl_->exchange; }

bool PeerExchange::turn(TimePoint /*now*/) {
    bool is_any = false;
    while (auto const event = impl_->exchange.poll_event()) {
        is_any = true;
        impl_->on_event(*event);
    }
    return is_any;
}

void PeerExchange::fetch(Holder const& from, Digest const& log, std::string path, std::uint64_t bytes_max,
                         TimePoint now, FetchDone done) {
    ObjectRequest request{log, std::move(path), 0, std::min<std::uint64_t>(bytes_max, k_exchange_object_bytes_max)};
    auto const id = impl_->exchange.fetch(ContentHolder{from.peer, from.addresses}, request, now);
    impl_->fetches.emplace(id, std::move(done));
}

std::uint64_t PeerExchange::fetch_blob(BlobWish wish, TimePoint now,
                                       std::function<void(BlobCourse const&)> progress, BlobDone done) {
    auto store = ChunkFile::open(wish.path, wish.bytes);
    if (!store) {
        done(std::move(store).error());
        return 0;
    }
    BlobRequest request;
    request.digest = wish.digest;
    request.bytes = wish.bytes;
    request.chunk_root = wish.chunk_root;
    request.store = *std::move(store);
    request.deadline = wish.deadline;
    request.providers = providers_of(std::move(wish.holders));
    for (auto& place : wish.places) request.sources.push_back({std::move(place.name), place.is_near});
    auto const bytes = wish.bytes;
    auto const id = impl_->exchange.fetch_blob(std::move(request), now);
    impl_->blobs.emplace(id, Impl::Blob{std::move(progress), std::move(done), bytes, std::move(wish.read)});
    return id;
}

void PeerExchange::add_holders(std::uint64_t blob, std::vector<Holder> holders, TimePoint now) {
    impl_->exchange.add_providers(blob, providers_of(std::move(holders)), now);
}

void PeerExchange::close_holders(std::uint64_t blob, TimePoint now) { impl_->exchange.close_providers(blob, now); }

void PeerExchange::on_read(BlobRead const& read, Result<Bytes> const& bytes, TimePoint now) {
    impl_->exchange.on_source_read(read.blob, read.read, bytes, now);
}

void PeerExchange::cancel(std::uint64_t blob, TimePoint now) {
    if (impl_->blobs.erase(blob) > 0) impl_->exchange.cancel(blob, now);
}

PeerExchange::Figures PeerExchange::figures() const {
    auto const status = impl_->exchange.status();
    return {status.served_bytes, status.received_bytes};
}

}  // namespace ggen::p2p
