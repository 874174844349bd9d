#include "p2p/exchange/chunk_lists.hpp"

#include <algorithm>
#include <utility>

namespace ggen::p2p {
namespace {
constexpr std::chrono::milliseconds k_turn{1};
}  // namespace

ChunkLists::List ChunkLists::find(Digest const& blob) {
    auto const at = lists_.find(blob);
    if (at == lists_.end()) return nullptr;
    at->second.used = ++uses_;
    return at->second.list;
}

bool ChunkLists::is_making(Digest const& blob) const {
    return std::any_of(jobs_.begin(), jobs_.end(), [&](Job const& job) { return job.blob == blob; });
}

Result<void> ChunkLists::make(Digest const& blob, std::shared_ptr<Content> content, TimePoint now) {
    if (is_making(blob)) return ok();
    if (jobs_.size() >= k_exchange_list_jobs_max) return Error{Errc::unavailable, "many chunk lists are being made"};
    jobs_.push_back({blob, std::move(content), {}, 0});
    if (!next_turn_) next_turn_ = now;
    return ok();
}

void ChunkLists::keep(Digest const& blob, Bytes list) {
    bytes_ += list.size();
    lists_[blob] = {std::make_shared<Bytes const>(std::move(list)), ++uses_};
    while (bytes_ > k_exchange_lists_bytes_max) {
        auto const oldest = std::min_element(lists_.begin(), lists_.end(), [](auto const& a, auto const& b) {
            return a.second.used < b.second.used;
        });
        bytes_ -= oldest->second.list->size();
        lists_.erase(oldest);
    }
}

std::vector<Digest> ChunkLists::on_deadline(TimePoint now) {
    std::vector<Digest> ended;
    if (!next_turn_ || now < *next_turn_ || jobs_.empty()) return ended;
    auto& job = jobs_.front();
    auto const left = job.content->size() - job.done_bytes;
    auto const part = static_cast<std::size_t>(std::min<std::uint64_t>(left, k_exchange_hashed_per_turn_bytes));
    auto const bytes = job.content->read(job.done_bytes, part);
    if (bytes) {
        job.hasher.update(*bytes);
        job.done_bytes += part;
    }
    if (!bytes || job.done_bytes == job.content->size()) {
        if (bytes) keep(job.blob, merkle::encode_chunk_list(job.hasher.finish()));
        ended.push_back(job.blob);
        jobs_.pop_front();
    }
    next_turn_ = jobs_.empty() ? std::nullopt : std::optional(now + k_turn);
    return ended;
}

}  // namespace ggen::p2p
