#include "p2p/exchange/blob_fetch.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "merkle/tree.hpp"

namespace ggen::p2p {
namespace {

constexpr std::size_t k_failure_growth = 2;
constexpr std::size_t k_lie_growth = 4;
constexpr std::uint64_t k_floor_least = k_kib;
constexpr std::size_t k_too_slow_in_a_row = 4;
constexpr double k_rate_weight = 0.3;
constexpr unsigned k_bits = 8;
/// Since its last chunk, or since it was asked first. Whoever gives nothing for so long has nothing.
constexpr std::chrono::seconds k_withheld_at_most = 4 * k_exchange_spread;

}  // namespace

BlobFetch::BlobFetch(FetchId id, BlobRequest request, FetchContext context, TimePoint now)
    : id_(id), request_(std::move(request)), context_(context), started_at_(now), got_at_(now) {
    auto const count = static_cast<std::size_t>(merkle::chunk_count(request_.bytes));
    here_.assign(count, false);
    copies_.assign(count, 0);
    partial_holders_.assign(count, 0);
    for (std::size_t chunk = 0; chunk < count; ++chunk) {
        if (!request_.store->has(chunk)) continue;
        here_[chunk] = true;
        ++here_count_;
        before_bytes_ += chunk_bytes(chunk);
    }
    from_before_ = here_;
    here_bytes_ = before_bytes_;
    sources_.resize(request_.sources.size());
    // One peer gives a blob of one chunk; a stranger gets his share of such blobs beside one that is known, so that
    // nobody waits for him.
    width_ = std::min(k_exchange_first_peers, count);
    if (count == 1 && context_.random.chance(k_stranger_share)) width_ = 2;
    if (here_[0]) digest_at_ = now;
}

void BlobFetch::add_provider(ContentHolder const& provider, Multiaddr const* connected_at) {
    if (!providers_.add(provider, connected_at)) return;
    work_.emplace_back();
    nobody_since_.reset();
}

void BlobFetch::add_interested(ContentHolder const& peer, Multiaddr const* connected_at) {
    if (interested_ >= k_exchange_interested_max || !is_large() || !providers_.add(peer, connected_at)) return;
    ++interested_;
    work_.emplace_back();
    nobody_since_.reset();
}

std::optional<PartialBlob> BlobFetch::partial() const {
    // Before the list is here nothing is, and `have` says so: whoever asks looks again soon.
    bool const is_proven = request_.chunk_root && needs_list();
    if (is_over_ || !is_proven || before_bytes_ != 0) return std::nullopt;
    return PartialBlob{request_.bytes, request_.store, encoded_list_};
}

bool BlobFetch::is_large() const { return here_.size() >= k_exchange_parallel_requests; }

void BlobFetch::on_outcome(ChannelOutcome const& outcome, TimePoint now) {
    auto const found = providers_.find(outcome.peer);
    if (is_over_ || !found || providers_.at(*found).state != ProviderSet::State::asked) return;
    auto const peer = *found;
    auto& work = work_[peer];
    auto const chunk = outcome.tag.chunk;
    bool const is_chunk = outcome.tag.purpose == Purpose::chunk;
    if (is_chunk && std::find(work.chunks.begin(), work.chunks.end(), chunk) == work.chunks.end()) return;
    if (!outcome.result) {
        on_failure(peer, outcome.result.error(), now);
        return;
    }
    auto const& answer = *outcome.result;
    if (outcome.tag.purpose == Purpose::list) work.is_list_under_way = false;
    if (outcome.tag.purpose == Purpose::have) work.is_have_under_way = false;
    if (answer.status != ExchangeStatus::ok) {
        if (outcome.tag.purpose == Purpose::have) {  // it does not say, so it is asked
            release_if_unused(peer);
            return;
        }
        on_refusal(peer, answer.status, is_chunk ? std::optional(chunk) : std::nullopt, now);
        return;
    }
    switch (outcome.tag.purpose) {
        case Purpose::list: on_list(peer, answer, now); break;
        case Purpose::have: on_have(peer, answer); break;
        case Purpose::chunk: on_chunk(peer, chunk, outcome, now); break;
        default: break;
    }
}

void BlobFetch::on_list(std::size_t peer, ChannelAnswer const& answer, TimePoint now) {
    auto list = merkle::decode_chunk_list(answer.bytes, request_.bytes);
    auto const root = list ? std::optional(merkle::root_of(*list)) : std::nullopt;
    if (!list || (request_.chunk_root && *root != *request_.chunk_root)) {
        wasted_bytes_ += answer.bytes.size();
        suspect(peer, now);
        return;
    }
    work_[peer].vouched = root;
    if (request_.chunk_root) {
        if (list_.empty()) {
            encoded_list_ = std::make_shared<Bytes const>(answer.bytes);
            list_ = std::move(*list);
        }
    } else {
        auto& vouched = vouched_[*root];
        if (vouched.by.empty()) vouched.since = now;
        vouched.by.push_back(peer);
        vouched.list = std::move(*list);
    }
    release_if_unused(peer);
    if (!request_.chunk_root) adopt_vouched_list(now);
}

void BlobFetch::on_have(std::size_t peer, ChannelAnswer const& answer) {
    auto& work = work_[peer];
    if (answer.bytes.size() != (here_.size() + k_bits - 1) / k_bits) return;
    for (std::size_t chunk = 0; chunk < work.have.size(); ++chunk) {
        if (work.is_partial && work.have[chunk]) --partial_holders_[chunk];
    }
    work.have.assign(here_.size(), false);
    for (std::size_t chunk = 0; chunk < here_.size(); ++chunk) {
        work.have[chunk] = (answer.bytes[chunk / k_bits] & (0x80U >> (chunk % k_bits))) != 0;
    }
    work.is_partial = std::find(work.have.begin(), work.have.end(), false) != work.have.end();
    for (std::size_t chunk = 0; chunk < here_.size(); ++chunk) {
        if (work.is_partial && work.have[chunk]) ++partial_holders_[chunk];
    }
    release_if_unused(peer);
}

bool BlobFetch::is_right(std::uint64_t chunk, BytesView bytes) const {
    if (bytes.size() != chunk_bytes(chunk)) return false;
    if (here_.size() == 1) return sha256(bytes) == request_.digest;
    return !list_.empty() && merkle::leaf_hash(bytes) == list_[static_cast<std::size_t>(chunk)];
}

void BlobFetch::on_chunk(std::size_t peer, std::uint64_t chunk, ChannelOutcome const& outcome, TimePoint now) {
    auto const& answer = *outcome.result;
    auto& work = work_[peer];
    std::erase(work.chunks, chunk);
    --copies_[static_cast<std::size_t>(chunk)];
    if (needs_list() && list_.empty()) {  // it gave no list, so nothing it gives can be checked
        wasted_bytes_ += answer.bytes.size();
        on_failure(peer, Error{Errc::unavailable, "chunks without a list"}, now);
        return;
    }
    if (!is_right(chunk, answer.bytes)) {
        wasted_bytes_ += answer.bytes.size();
        suspect(peer, now);
        return;
    }
    auto const since = std::max(work.done_at, work.asked_at);
    auto const seconds = std::max(1e-6, std::chrono::duration<double>(now - since).count());
    auto const rate = static_cast<double>(answer.bytes.size()) / seconds;
    auto const mix = [](double old, double fresh) {
        return old == 0 ? fresh : old * (1 - k_rate_weight) + fresh * k_rate_weight;
    };
    work.bytes_per_second = mix(work.bytes_per_second, rate);
    work.done_at = now;
    auto const took = std::chrono::duration<double>(outcome.took).count();
    chunk_seconds_ = mix(chunk_seconds_, took);
    work.is_proven = true;
    providers_.praise(peer);
    context_.ledger.on_useful_bytes(outcome.peer, answer.bytes.size(), now - since, now);
    if (here_[static_cast<std::size_t>(chunk)]) {
        wasted_bytes_ += answer.bytes.size();
    } else {
        work.verified_bytes += answer.bytes.size();
        if (!keep(chunk, answer.bytes, now)) return;
        cancel_copies(chunk, now);
    }
    release_if_unused(peer);
}

bool BlobFetch::keep(std::uint64_t chunk, BytesView bytes, TimePoint now) {
    if (auto stored = request_.store->put(chunk, bytes); !stored) {
        fail(wrap(stored.error(), "blob " + request_.digest.hex()), now);
        return false;
    }
    here_[static_cast<std::size_t>(chunk)] = true;
    ++here_count_;
    here_bytes_ += bytes.size();
    since_.erase(chunk);
    got_at_ = now;
    too_slow_ = 0;
    if (!digest_at_) digest_at_ = now;
    report_progress(false, now);
    return true;
}

/// Hedges of a chunk that came: those who still send it are stopped.
void BlobFetch::cancel_copies(std::uint64_t chunk, TimePoint now) {
    if (copies_[static_cast<std::size_t>(chunk)] == 0) return;
    auto const asked = asked_;
    for (auto const peer : asked) {
        auto& work = work_[peer];
        if (std::erase(work.chunks, chunk) == 0) continue;
        --copies_[static_cast<std::size_t>(chunk)];
        context_.channels.cancel(providers_.at(peer).provider.peer, {id_, Purpose::chunk, chunk}, now);
        release_if_unused(peer);
    }
}

void BlobFetch::release_if_unused(std::size_t peer) {
    auto const& work = work_[peer];
    if (!work.chunks.empty() || work.is_list_under_way || work.is_have_under_way) return;
    if (work.is_proven || providers_.at(peer).state != ProviderSet::State::asked) return;  // it will be asked for more
    std::erase(asked_, peer);
    if (has_needed(peer)) providers_.release(peer);
    else providers_.let_nap(peer, work.have_at);
}

/// As far as it said what it has.
bool BlobFetch::has_needed(std::size_t peer) const {
    auto const& work = work_[peer];
    if (!work.is_partial) return true;
    for (std::size_t chunk = 0; chunk < here_.size(); ++chunk) {
        if (!here_[chunk] && work.have[chunk]) return true;
    }
    return false;
}

void BlobFetch::forget_work(std::size_t peer, TimePoint now) {
    auto& work = work_[peer];
    auto const& id = providers_.at(peer).provider.peer;
    for (auto const chunk : work.chunks) {
        --copies_[static_cast<std::size_t>(chunk)];
        context_.channels.cancel(id, {id_, Purpose::chunk, chunk}, now);
    }
    work.chunks.clear();
    if (std::exchange(work.is_list_under_way, false)) context_.channels.cancel(id, {id_, Purpose::list, 0}, now);
    if (std::exchange(work.is_have_under_way, false)) context_.channels.cancel(id, {id_, Purpose::have, 0}, now);
    work.was_silent = false;
    std::erase(asked_, peer);
}

void BlobFetch::on_refusal(std::size_t peer, ExchangeStatus status, std::optional<std::uint64_t> chunk,
                           TimePoint now) {
    auto& work = work_[peer];
    bool const said_so = work.is_proven || work.vouched || work.is_partial;
    bool const knows_it = status == ExchangeStatus::not_found && chunk && said_so;
    if (knows_it) {  // not this chunk, but it has others
        std::erase(work.chunks, *chunk);
        --copies_[static_cast<std::size_t>(*chunk)];
        if (!work.is_partial) {
            work.is_partial = true;
            work.have.assign(here_.size(), true);
            for (auto& holders : partial_holders_) ++holders;
        }
        if (work.have[static_cast<std::size_t>(*chunk)]) --partial_holders_[static_cast<std::size_t>(*chunk)];
        work.have[static_cast<std::size_t>(*chunk)] = false;
        if (std::find(work.have.begin(), work.have.end(), true) != work.have.end()) {
            release_if_unused(peer);
            return;
        }
        // It fetches it too and has no more yet, or gives to others now what it gives to us a little later
        // (ChunkSpread): that is not to have nothing.
        if (now - std::max(work.met_at, work.done_at) < k_withheld_at_most) {
            forget_work(peer, now);
            providers_.let_nap(peer, now);
            return;
        }
    }
    forget_work(peer, now);
    providers_.put_to_rest(peer, status == ExchangeStatus::not_found || status == ExchangeStatus::no_range, now);
    disappoint(k_failure_growth);
}

void BlobFetch::on_failure(std::size_t peer, Error const& error, TimePoint now) {
    bool const is_too_slow = error.context == k_too_slow;
    bool const is_late = error.code == Errc::timed_out;
    if (is_late || error.code == Errc::unavailable) ++(is_late ? stalled_ : unreached_);
    forget_work(peer, now);
    providers_.put_to_rest(peer, false, now);
    if (!is_late) providers_.mark_gone(peer);
    if (!is_too_slow) {
        disappoint(k_failure_growth);
        return;
    }
    // When everybody is slow, it is our own link: then slow is the best there is.
    if (++too_slow_ < k_too_slow_in_a_row) return;
    too_slow_ = 0;
    floor_ = std::max(floor_ / 2, k_floor_least);
}

void BlobFetch::suspect(std::size_t peer, TimePoint now) {
    auto const id = providers_.at(peer).provider.peer;
    forget_work(peer, now);
    providers_.exclude(peer);
    disappoint(k_lie_growth);
    if (here_.size() == 1) {  // the digest is the name that was asked for: this is a lie, whatever a record says
        suspects_.push_back(peer);
        charge_liars(now);
        return;
    }
    suspects_.push_back(peer);
}

void BlobFetch::on_source_read(std::uint64_t read, Result<Bytes> const& bytes, TimePoint now) {
    if (is_over_) return;
    auto const at = std::find_if(sources_.begin(), sources_.end(), [&](Source const& one) {
        return one.reads.contains(read);
    });
    if (at == sources_.end()) return;
    auto const chunk = at->reads.at(read);
    at->reads.erase(read);
    --copies_[static_cast<std::size_t>(chunk)];
    if (here_[static_cast<std::size_t>(chunk)]) {
        if (bytes) wasted_bytes_ += bytes->size();
        return;
    }
    bool const is_complete = bytes && bytes->size() == chunk_bytes(chunk);
    if (!is_complete) {
        at->rests_until = now + at->rest;
        at->rest = std::min<std::chrono::nanoseconds>(at->rest * 2, k_exchange_retry_max);
        return;
    }
    if (!is_unlisted_ && !is_right(chunk, *bytes)) {
        wasted_bytes_ += bytes->size();
        at->is_out = true;
        return;
    }
    at->rest = k_exchange_retry_first;
    at->verified_bytes += bytes->size();
    if (keep(chunk, *bytes, now)) cancel_copies(chunk, now);
}

}  // namespace ggen::p2p
