#include <algorithm>
#include <utility>

#include "merkle/tree.hpp"
#include "p2p/exchange/blob_fetch.hpp"

namespace ggen::p2p {
namespace {

constexpr std::chrono::milliseconds k_turn{1};
constexpr double k_soft_charge = 1;

}  // namespace

/// Digests what stands in front without a gap, a part in each turn, while the rest still comes.
void BlobFetch::digest_some(TimePoint now) {
    if (!digest_at_ || *digest_at_ > now) return;
    digest_at_.reset();
    std::uint64_t turn_bytes = 0;
    while (digested_ < request_.bytes && turn_bytes < k_exchange_hashed_per_turn_bytes) {
        auto const chunk = digested_ / merkle::k_chunk_bytes;
        if (!here_[static_cast<std::size_t>(chunk)]) return;  // `keep` starts the next turn
        auto const length = static_cast<std::size_t>(chunk_bytes(chunk));
        auto const bytes = request_.store->read(digested_, length);
        if (!bytes) {
            fail(wrap(bytes.error(), "blob " + request_.digest.hex()), now);
            return;
        }
        whole_.update(*bytes);
        digested_ += length;
        turn_bytes += length;
    }
    if (digested_ < request_.bytes) {
        digest_at_ = now + k_turn;
        return;
    }
    on_whole(now);
}

void BlobFetch::on_whole(TimePoint now) {
    digested_ = 0;
    if (whole_.finish() == request_.digest) {
        // Now the digest vouches for the list: whoever gave another one, or other chunks, lied about this very blob.
        for (auto const& [root, vouched] : vouched_) {
            if (root != adopted_) suspects_.insert(suspects_.end(), vouched.by.begin(), vouched.by.end());
        }
        BlobReport report{shares(), tried_, suspects_.size(), wasted_bytes_, list_};
        charge_liars(now);
        report_progress(true, now);
        context_.channels.cancel_fetch(id_, now);
        context_.events.emplace_back(BlobFetched{id_, std::move(report)});
        is_over_ = true;
        return;
    }
    if (before_bytes_ != 0) {
        refetch_damaged(now);
    } else if (!request_.chunk_root || is_unlisted_) {
        refute_list(now);
    } else {
        fail(Error{Errc::corrupt, ErrorId::blob_mismatch,
                   "its publisher signed a chunk list that is not the blob's"}, now);
    }
}

/// What was in the store from an earlier attempt was not checked when this one began.
void BlobFetch::refetch_damaged(TimePoint now) {
    for (std::size_t chunk = 0; chunk < here_.size(); ++chunk) {
        if (!from_before_[chunk]) continue;
        if (!list_.empty()) {
            auto const bytes = request_.store->read(chunk * merkle::k_chunk_bytes,
                                                    static_cast<std::size_t>(chunk_bytes(chunk)));
            if (bytes && merkle::leaf_hash(*bytes) == list_[chunk]) continue;
        }
        here_[chunk] = false;
        --here_count_;
        here_bytes_ -= chunk_bytes(chunk);
    }
    before_bytes_ = 0;
    from_before_.assign(here_.size(), false);
    if (here_[0]) digest_at_ = now + k_turn;
    if (!has_all()) return;
    if (!request_.chunk_root || is_unlisted_) {
        refute_list(now);
    } else {
        fail(Error{Errc::corrupt, ErrorId::blob_mismatch,
                   "its publisher signed a chunk list that is not the blob's"}, now);
    }
}

void BlobFetch::forget_chunks(TimePoint now) {
    if (auto cleared = request_.store->clear(); !cleared) {
        fail(wrap(cleared.error(), "blob " + request_.digest.hex()), now);
        return;
    }
    here_.assign(here_.size(), false);
    here_count_ = 0;
    wasted_bytes_ += std::exchange(here_bytes_, 0);
    whole_ = Sha256{};
    digested_ = 0;
    digest_at_.reset();
}

/// Every chunk is as the list says and the whole is not the blob: those who vouched for that list lied. Without a
/// list, the further source that was read gave another blob.
void BlobFetch::refute_list(TimePoint now) {
    forget_chunks(now);
    if (is_over_) return;
    list_.clear();
    if (is_unlisted_) {
        for (auto& source : sources_) source.is_out = source.is_out || source.verified_bytes != 0;
        is_unlisted_ = false;
    }
    if (!adopted_) return;
    for (auto const peer : vouched_.at(*adopted_).by) {
        if (providers_.at(peer).state == ProviderSet::State::out) continue;
        suspects_.push_back(peer);
        forget_work(peer, now);
        providers_.exclude(peer);
    }
    charge_liars(now);
    vouched_.erase(*adopted_);
    adopted_.reset();
    providers_.recall();
}

void BlobFetch::charge_liars(TimePoint now) {
    for (auto const index : suspects_) {
        auto const& peer = providers_.at(index).provider.peer;
        if (context_.ledger.is_banned(peer, now)) continue;
        context_.ledger.on_lie(peer, now);
        context_.outbox.put_output(DisconnectPeer{peer});
    }
}

void BlobFetch::fail(Error error, TimePoint now) {
    // Whether a chunk or the record was wrong is not proven: those who contradicted it come last, and that is all.
    for (auto const index : suspects_) {
        auto const& peer = providers_.at(index).provider.peer;
        if (context_.ledger.is_banned(peer, now)) continue;
        context_.outbox.put_output(ReportPeer{peer, Conduct::timeout, k_soft_charge});
    }
    context_.channels.cancel_fetch(id_, now);
    report_progress(true, now);
    context_.events.emplace_back(BlobFetched{id_, wrap(std::move(error), "blob " + request_.digest.hex())});
    is_over_ = true;
}

std::vector<SourceShare> BlobFetch::shares() const {
    std::vector<SourceShare> out;
    if (before_bytes_ != 0) out.push_back({std::nullopt, "here already", before_bytes_});
    for (std::size_t i = 0; i < work_.size(); ++i) {
        if (work_[i].verified_bytes == 0) continue;
        out.push_back({providers_.at(i).provider.peer, "", work_[i].verified_bytes});
    }
    for (std::size_t i = 0; i < sources_.size(); ++i) {
        if (sources_[i].verified_bytes == 0) continue;
        out.push_back({std::nullopt, request_.sources[i].name, sources_[i].verified_bytes});
    }
    std::stable_sort(out.begin(), out.end(), [](auto const& a, auto const& b) { return a.bytes > b.bytes; });
    return out;
}

void BlobFetch::report_progress(bool is_last, TimePoint now) {
    if (!is_last && progress_at_ != TimePoint{} && now - progress_at_ < k_exchange_progress_interval) return;
    progress_at_ = now;
    context_.events.emplace_back(BlobProgress{id_, here_bytes_, request_.bytes, shares(), asked_.size()});
}

std::string BlobFetch::story() const {
    auto const number = [](auto value) { return std::to_string(value); };
    std::string text = number(here_bytes_) + " of " + number(request_.bytes) + " bytes came; " + number(tried_) +
                       " of " + number(providers_.size()) + " peers were asked";
    if (!suspects_.empty()) text += ", " + number(suspects_.size()) + " gave other bytes than the record says";
    if (stalled_ != 0) text += ", " + number(stalled_) + " times one stalled";
    if (unreached_ != 0) text += ", " + number(unreached_) + " times one was not reached";
    return text;
}

}  // namespace ggen::p2p
