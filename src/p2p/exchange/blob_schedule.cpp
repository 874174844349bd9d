#include <algorithm>
#include <utility>

#include "merkle/tree.hpp"
#include "p2p/exchange/blob_fetch.hpp"

namespace ggen::p2p {
namespace {

constexpr std::size_t k_silence_growth = 2;
/// Peers that have not given a right chunk yet, asked beside those that have.
constexpr std::size_t k_newcomers_beside_proven = 3;
/// Chunks that a peer has under way: what it sends in this time, so that a slow one does not hold many.
constexpr double k_ahead_seconds = 2;
constexpr std::size_t k_source_reads_max = 4;
/// A far source helps when no peer has given anything for so long.
constexpr std::chrono::milliseconds k_far_source_delay{1500};
/// Of everybody, a list this short is asked for before chunks once somebody has lied: it costs little to give.
constexpr std::size_t k_cheap_list_chunks = 1024;
/// Those who vouch for a list have so long to give the next chunk when others vouch for another.
constexpr std::chrono::seconds k_vouched_patience{10};

}  // namespace

bool BlobFetch::is_silent(std::size_t peer, TimePoint now) const {
    auto const heard = context_.channels.view(providers_.at(peer).provider.peer).heard_at;
    return now - std::max(heard, work_[peer].asked_at) >= context_.channels.patience();
}

BlobFetch::Counts BlobFetch::count(TimePoint now) {
    Counts counts;
    for (auto const peer : asked_) {
        auto& work = work_[peer];
        bool const has_requests = !work.chunks.empty() || work.is_list_under_way || work.is_have_under_way;
        if (has_requests && is_silent(peer, now)) {
            ++counts.silent;
            if (!std::exchange(work.was_silent, true) && !work.is_proven) disappoint(k_silence_growth);
            continue;
        }
        ++counts.active;
        if (work.is_proven) ++counts.proven;
        counts.requests += work.chunks.size();
    }
    for (auto const& source : sources_) counts.requests += source.reads.size();
    return counts;
}

void BlobFetch::schedule(TimePoint now) {
    if (is_over_) return;
    scheduled_at_ = now;
    digest_some(now);
    if (is_over_) return;
    if (now >= request_.deadline) {
        fail(Error{Errc::timed_out, "the time was over; " + story()}, now);
        return;
    }
    if (has_all()) return;
    providers_.wake(now);
    adopt_vouched_list(now);
    auto counts = count(now);
    refresh_have(now);
    ask_sources(counts, now);
    ask_proven(counts, now);
    ask_more_peers(counts, now);
    check_hope(now);
}

std::size_t BlobFetch::peer_requests_max() const {
    auto const share = static_cast<std::size_t>(static_cast<double>(k_exchange_parallel_requests) * k_peer_share_max);
    bool const has_others = asked_.size() > 1 || providers_.count(ProviderSet::State::idle) != 0;
    return has_others ? share : k_exchange_requests_per_peer_max - 2;  // a list and a look at what it has beside
}

void BlobFetch::ask_proven(Counts& counts, TimePoint now) {
    // The fast ones take first.
    auto order = asked_;
    std::erase_if(order, [&](std::size_t peer) { return !work_[peer].is_proven; });
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return work_[a].bytes_per_second > work_[b].bytes_per_second;
    });
    for (auto const peer : order) {
        auto& work = work_[peer];
        if (!work.chunks.empty() && is_silent(peer, now)) continue;
        auto const chunks = work.bytes_per_second * k_ahead_seconds / static_cast<double>(merkle::k_chunk_bytes);
        auto const most = std::min(peer_requests_max(), 1 + static_cast<std::size_t>(std::min(chunks, 1e3)));
        while (work.chunks.size() < most && counts.requests < k_exchange_parallel_requests) {
            auto const chunk = pick_chunk(peer, counts, now);
            if (!chunk) break;
            ask_chunk(peer, *chunk, counts, now);
        }
        if (!work.chunks.empty() || work.is_have_under_way || !work.is_partial) continue;
        if (has_needed(peer)) continue;
        providers_.let_nap(peer, std::max(work.have_at, work.done_at));
        std::erase(asked_, peer);
    }
}

void BlobFetch::ask_more_peers(Counts& counts, TimePoint now) {
    auto const limit = counts.proven == 0 ? width_ : std::min(width_, k_newcomers_beside_proven);
    for (;;) {
        auto const newcomers = counts.active - counts.proven;
        if (newcomers >= limit || counts.silent >= k_exchange_silent_peers_max) return;
        if (counts.proven != 0 && counts.requests >= k_exchange_parallel_requests) return;
        std::vector<std::size_t> busy;
        busy.reserve(asked_.size());
        for (auto const peer : asked_) {
            if (!work_[peer].was_silent) busy.push_back(peer);
        }
        bool const has_list = !needs_list() || !list_.empty();
        if (has_list && !pick_chunk(std::nullopt, counts, now)) return;  // nothing is left to give
        // Of one chunk, those who are known are asked first, and the other slot is a stranger's.
        auto const of_one_chunk = busy.empty() ? std::size_t{2} : busy.size();
        auto const slots = needs_list() ? std::max(limit, busy.size() + 1) : of_one_chunk;
        auto const peer = providers_.pick(context_.ledger, busy, slots, context_.random, now);
        if (!peer) return;
        if (adopted_ && work_[*peer].vouched && work_[*peer].vouched != adopted_) {
            providers_.set_aside(*peer);
            continue;
        }
        engage(*peer, counts, now);
    }
}

void BlobFetch::engage(std::size_t peer, Counts& counts, TimePoint now) {
    auto& work = work_[peer];
    if (providers_.at(peer).times_asked == 0) {
        ++tried_;
        work.met_at = now;
    }
    providers_.mark_asked(peer);
    asked_.push_back(peer);
    work.asked_at = now;
    work.was_silent = false;
    ++counts.active;
    if (work.is_proven) ++counts.proven;
    bool const is_hostile = !suspects_.empty() && here_.size() <= k_cheap_list_chunks;
    bool const wants_list = needs_list() && !work.vouched && (list_.empty() || !request_.chunk_root || is_hostile);
    if (wants_list) {
        work.is_list_under_way = true;
        send(peer, Purpose::list, 0, now);
    }
    if (is_large()) {
        work.is_have_under_way = true;
        work.have_at = now;
        send(peer, Purpose::have, 0, now);
    }
    // Without a signed root its list says first whether its chunks are of use. With one, the chunk travels with the
    // list.
    if (needs_list() && !request_.chunk_root && (!adopted_ || work.vouched != adopted_)) return;
    if (auto const chunk = pick_chunk(peer, counts, now)) ask_chunk(peer, *chunk, counts, now);
    release_if_unused(peer);
}

void BlobFetch::send(std::size_t peer, Purpose purpose, std::uint64_t chunk, TimePoint now) {
    ExchangeRequest request;
    request.log = request_.log;
    if (purpose == Purpose::chunk) {
        request.path = exchange_path(ObjectKind::blob, request_.digest);
        request.offset = chunk * merkle::k_chunk_bytes;
        request.length = chunk_bytes(chunk);
    } else if (purpose == Purpose::list) {
        request.path = exchange_path(ObjectKind::chunks, request_.digest);
        request.length = here_.size() * Digest::k_bytes;
    } else {
        request.path = exchange_path(ObjectKind::have, request_.digest);
        request.length = here_.size() / 8 + 1;
    }
    context_.channels.send(providers_.at(peer).provider, request, {id_, purpose, chunk}, floor_, now);
}

void BlobFetch::ask_chunk(std::size_t peer, std::uint64_t chunk, Counts& counts, TimePoint now) {
    auto& work = work_[peer];
    if (work.chunks.empty()) work.asked_at = now;
    work.chunks.push_back(chunk);
    ++copies_[static_cast<std::size_t>(chunk)];
    since_.try_emplace(chunk, now);
    ++counts.requests;
    send(peer, Purpose::chunk, chunk, now);
}

bool BlobFetch::can_give(std::size_t peer, std::uint64_t chunk) const {
    auto const& work = work_[peer];
    if (!request_.chunk_root && needs_list() && (!adopted_ || work.vouched != adopted_)) return false;
    if (work.is_partial && !work.have[static_cast<std::size_t>(chunk)]) return false;
    return std::find(work.chunks.begin(), work.chunks.end(), chunk) == work.chunks.end();
}

std::optional<std::uint64_t> BlobFetch::pick_chunk(std::optional<std::size_t> peer, Counts const& counts,
                                                   TimePoint now) {
    // The rarest of what nobody is asked for; equals by lot, so that peers which fetch the same blob differ in what
    // they have for each other.
    std::optional<std::uint64_t> best;
    std::uint64_t ties = 0;
    for (std::size_t chunk = 0; chunk < here_.size(); ++chunk) {
        if (here_[chunk] || copies_[chunk] != 0 || (peer && !can_give(*peer, chunk))) continue;
        auto const holders = partial_holders_[chunk];
        if (best && holders > partial_holders_[static_cast<std::size_t>(*best)]) continue;
        if (best && holders < partial_holders_[static_cast<std::size_t>(*best)]) ties = 0;
        ++ties;
        if (ties == 1 || context_.random.below(ties) == 0) best = chunk;
    }
    return best ? best : pick_hedge(peer, counts, now);
}

std::chrono::nanoseconds BlobFetch::hedge_after() const {
    auto const usual = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(2 * chunk_seconds_));
    return std::max(context_.channels.patience(), usual);
}

/// A chunk that is under way and late, or with nobody but the silent.
std::optional<std::uint64_t> BlobFetch::pick_hedge(std::optional<std::size_t> peer, Counts const& counts,
                                                   TimePoint now) {
    std::map<std::uint64_t, std::size_t> live;  // copies with peers that are not silent, and with sources
    for (auto const asked : asked_) {
        if (work_[asked].was_silent) continue;
        for (auto const chunk : work_[asked].chunks) ++live[chunk];
    }
    for (auto const& source : sources_) {
        for (auto const& [read, chunk] : source.reads) ++live[chunk];
    }
    std::optional<std::uint64_t> best;
    std::size_t best_live = 0;
    auto const after = hedge_after();
    for (auto const& [chunk, since] : since_) {
        if (here_[static_cast<std::size_t>(chunk)] || (peer && !can_give(*peer, chunk))) continue;
        auto const copies = live.contains(chunk) ? live.at(chunk) : 0;
        bool const nobody_is_proven = counts.proven == 0 && copies < width_;
        bool const is_late = copies < k_exchange_copies_max && now - since >= after;
        if (copies != 0 && !nobody_is_proven && !is_late) continue;
        if (best && copies >= best_live) continue;
        best = chunk;
        best_live = copies;
    }
    return best;
}

void BlobFetch::refresh_have(TimePoint now) {
    for (auto const peer : asked_) {
        auto& work = work_[peer];
        if (!work.is_partial || work.is_have_under_way || now - work.have_at < k_exchange_have_interval) continue;
        work.is_have_under_way = true;
        work.have_at = now;
        send(peer, Purpose::have, 0, now);
    }
}

void BlobFetch::ask_sources(Counts& counts, TimePoint now) {
    bool const has_peers = !asked_.empty() || providers_.count(ProviderSet::State::idle) != 0;
    bool const is_patient = has_peers && now - got_at_ < k_far_source_delay;
    // Without a list nothing can be checked before the end: one source gives all, when no peer is left for a list.
    bool const is_unlisted = needs_list() && list_.empty();
    if (is_unlisted && has_peers) return;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
        auto& source = sources_[i];
        if (source.is_out || (is_patient && !request_.sources[i].is_near)) continue;
        bool const is_another = is_unlisted_ && source.verified_bytes == 0 && source.reads.empty() && here_count_ != 0;
        if (is_unlisted && is_another) continue;
        if (is_unlisted) is_unlisted_ = true;
        if (source.rests_until <= now) read_source(i, counts, now);
        if (is_unlisted) return;
    }
}

void BlobFetch::read_source(std::size_t index, Counts& counts, TimePoint now) {
    auto& source = sources_[index];
    while (source.reads.size() < k_source_reads_max && counts.requests < k_exchange_parallel_requests) {
        auto const chunk = pick_chunk(std::nullopt, counts, now);
        if (!chunk || copies_[static_cast<std::size_t>(*chunk)] >= k_exchange_copies_max) return;
        bool const is_read = std::any_of(source.reads.begin(), source.reads.end(),
                                         [&](auto const& one) { return one.second == *chunk; });
        if (is_read) return;
        ++copies_[static_cast<std::size_t>(*chunk)];
        since_.try_emplace(*chunk, now);
        ++counts.requests;
        auto const read = next_read_++;
        source.reads.emplace(read, *chunk);
        context_.events.emplace_back(SourceRead{id_, read, index, request_.digest, *chunk * merkle::k_chunk_bytes,
                                                chunk_bytes(*chunk)});
    }
}

/// Without a signed root: the list that most vouch for, when nobody is asked any more or a moment has passed. Only they
/// are asked for chunks then, so that who gives a wrong one contradicts itself. When they give nothing, the next one.
void BlobFetch::adopt_vouched_list(TimePoint now) {
    if (vouched_.empty() || request_.chunk_root) return;
    if (adopted_) {
        bool const is_given_up = vouched_.size() > 1 && now - std::max(adopted_at_, got_at_) >= k_vouched_patience;
        if (!is_given_up) return;
        drop_adopted_list(now);
        if (is_over_) return;
    }
    auto const best = std::max_element(vouched_.begin(), vouched_.end(), [](auto const& a, auto const& b) {
        if (a.second.times_adopted != b.second.times_adopted) return a.second.times_adopted > b.second.times_adopted;
        return a.second.by.size() < b.second.by.size();
    });
    bool const is_asking = std::any_of(asked_.begin(), asked_.end(), [&](std::size_t peer) {
        return work_[peer].is_list_under_way;
    });
    if (is_asking && now - best->second.since < context_.channels.patience()) return;
    adopted_ = best->first;
    adopted_at_ = now;
    ++best->second.times_adopted;
    list_ = best->second.list;
    for (auto const& [root, vouched] : vouched_) {
        if (root == *adopted_) continue;
        for (auto const peer : vouched.by) {
            if (providers_.at(peer).state == ProviderSet::State::idle) providers_.set_aside(peer);
        }
    }
}

/// Its chunks go too: nobody knows whether they are right.
void BlobFetch::drop_adopted_list(TimePoint now) {
    for (auto const peer : std::vector<std::size_t>{asked_}) {
        forget_work(peer, now);
        providers_.release(peer);
    }
    forget_chunks(now);
    list_.clear();
    adopted_.reset();
    providers_.recall();
}

void BlobFetch::check_hope(TimePoint now) {
    bool const has_source =
        std::any_of(sources_.begin(), sources_.end(), [](Source const& one) { return !one.is_out; });
    bool const is_waiting = !asked_.empty() || providers_.count(ProviderSet::State::idle) != 0 || has_source;
    bool const is_hopeless = !is_waiting &&
                             (providers_.count(ProviderSet::State::resting) == 0 || providers_.have_all_nothing() ||
                              (are_providers_closed_ && !providers_.has_hope()));
    if (!is_hopeless) {
        nobody_since_.reset();
        return;
    }
    if (!nobody_since_) nobody_since_ = now;
    if (!are_providers_closed_ && now - *nobody_since_ < k_exchange_grace) return;
    bool const is_nowhere = suspects_.empty() && providers_.have_all_nothing();
    fail(is_nowhere ? Error{Errc::not_found, "nobody has it; " + story()}
                    : Error{Errc::unavailable, "nobody gave it; " + story()},
         now);
}

std::optional<TimePoint> BlobFetch::next_deadline() const {
    if (is_over_) return std::nullopt;
    auto const now = scheduled_at_;
    auto next = request_.deadline;
    auto const at = [&](std::optional<TimePoint> when) {
        if (when && *when > now) next = std::min(next, *when);
    };
    if (digest_at_) return std::min(next, std::max(*digest_at_, now));
    auto const patience = context_.channels.patience();
    for (auto const peer : asked_) {
        auto const& work = work_[peer];
        auto const heard = context_.channels.view(providers_.at(peer).provider.peer).heard_at;
        if (!work.was_silent) at(std::max(heard, work.asked_at) + patience);
        if (work.is_partial && !work.is_have_under_way) at(work.have_at + k_exchange_have_interval);
    }
    auto const hedge = hedge_after();
    for (auto const& [chunk, since] : since_) at(since + hedge);
    if (adopted_ && vouched_.size() > 1) at(std::max(adopted_at_, got_at_) + k_vouched_patience);
    for (std::size_t i = 0; i < sources_.size(); ++i) {
        if (sources_[i].is_out) continue;
        at(sources_[i].rests_until);
        if (!request_.sources[i].is_near) at(got_at_ + k_far_source_delay);
    }
    at(providers_.next_wake());
    if (nobody_since_) at(*nobody_since_ + k_exchange_grace);
    return next;
}

}  // namespace ggen::p2p
