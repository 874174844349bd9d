#include "net/daemon/place_reader.hpp"

#include <algorithm>
#include <iterator>

namespace ggen::p2p {
namespace {

constexpr std::size_t k_place_threads = 2;

}  // namespace

PlaceReader::PlaceReader(SourceOpener& opener, std::vector<std::string> const& locations, BlobRef const& blob)
    : blob_(blob) {
    for (auto const& location : locations) {
        auto source = opener.open(location);
        if (!source) continue;
        places_.push_back({location, location.find("://") == std::string::npos || location.starts_with("file:")});
        sources_.push_back(*std::move(source));
    }
    if (sources_.empty()) return;
    threads_.reserve(k_place_threads);
    for (std::size_t i = 0; i < k_place_threads; ++i) threads_.emplace_back([this] { loop(); });
}

PlaceReader::~PlaceReader() {
    end();
    for (auto& thread : threads_) thread.join();
}

void PlaceReader::read(BlobRead const& wanted, Done done) {
    std::lock_guard const guard{mutex_};
    if (is_over_) return;
    jobs_.emplace_back(wanted, std::move(done));
    came_.notify_one();
}

void PlaceReader::end() {
    std::lock_guard const guard{mutex_};
    is_over_ = true;
    jobs_.clear();
    came_.notify_all();
}

bool PlaceReader::is_reading() const {
    std::lock_guard const guard{mutex_};
    return reading_ != 0;
}

void PlaceReader::loop() {
    std::unique_lock guard{mutex_};
    for (;;) {
        came_.wait(guard, [&] { return is_over_ || !jobs_.empty(); });
        if (is_over_) return;
        auto const job = std::move(jobs_.front());
        jobs_.pop_front();
        ++reading_;
        guard.unlock();
        auto bytes = part(job.first);
        guard.lock();
        --reading_;
        // Under the lock, so that nobody is told after `end`: what is told may be gone by then.
        if (!is_over_) job.second(job.first, std::move(bytes));
    }
}

/// Any source can be stopped when enough of it has come.
Result<Bytes> PlaceReader::part(BlobRead const& wanted) {
    Bytes out;
    bool is_whole = false;
    auto const take = [&](BytesView piece) -> Result<void> {
        auto const room = static_cast<std::size_t>(wanted.length) - out.size();
        auto const taken = piece.first(std::min(room, piece.size()));
        out.insert(out.end(), taken.begin(), taken.end());
        is_whole = out.size() == wanted.length;
        std::lock_guard const guard{mutex_};
        if (is_whole || is_over_) return Error{Errc::cancelled, "enough"};
        return ok();
    };
    auto const read = sources_[wanted.place]->stream_blob(blob_.digest, wanted.offset, blob_.bytes, take);
    if (is_whole) return out;
    if (!read) return read.error();
    return Error{Errc::not_found, "it ends early there"};
}

void EndedReaders::add(std::shared_ptr<PlaceReader> reader) {
    reader->end();
    std::vector<std::shared_ptr<PlaceReader>> rested;
    {
        std::lock_guard const guard{mutex_};
        readers_.push_back(std::move(reader));
        auto const is_busy = [](auto const& one) { return one->is_reading(); };
        auto const from = std::partition(readers_.begin(), readers_.end(), is_busy);
        std::move(from, readers_.end(), std::back_inserter(rested));
        readers_.erase(from, readers_.end());
    }
    // They go here, outside the lock.
}

std::size_t EndedReaders::size() const {
    std::lock_guard const guard{mutex_};
    return readers_.size();
}

}  // namespace ggen::p2p
