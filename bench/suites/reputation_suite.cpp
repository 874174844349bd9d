// The ledger of what peers did, and the choice of whom to ask.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "p2p/reputation/ledger.hpp"
#include "p2p/reputation/selection.hpp"
#include "suites/suites.hpp"

namespace ggen::bench {
namespace {

using p2p::Candidate;
using p2p::Ledger;

Error wrong(std::string text) { return Error{Errc::internal, std::move(text)}; }

constexpr TimePoint k_start{std::chrono::hours{1'000}};

/// The id of an Ed25519 key that nobody has, drawn from `number`.
PeerId id_of(std::uint64_t number) {
    Bytes bytes{0x00, 0x24, 0x08, 0x01, 0x12, 0x20};
    bytes.resize(bytes.size() + 32);
    p2p::SeededRandom random(number + 1);
    random.fill(std::span(bytes).subspan(6));
    return PeerId::from_bytes(bytes).value();
}

/// Each in a network of its own.
std::vector<Candidate> candidates_of(std::size_t count) {
    std::vector<Candidate> out;
    out.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        auto const address =
            fmt::format("/ip4/{}.{}.{}.9/tcp/4001", 60 + i / 62'500, i / 250 % 250, i % 250);
        out.push_back({id_of(i), Multiaddr::parse(address).value()});
    }
    return out;
}

/// Four of five peers were useful, the fifth lied or failed.
bool is_bad(std::size_t i) { return i % 5 == 4; }

void meet(Ledger& ledger, std::vector<Candidate> const& peers) {
    for (std::size_t i = 0; i < peers.size(); ++i) {
        ledger.on_connected(peers[i].peer, peers[i].address, k_start);
        if (is_bad(i)) {
            ledger.on_lie(peers[i].peer, k_start);
        } else {
            ledger.on_useful_bytes(peers[i].peer, (1 + i % 50) * k_mib, std::chrono::seconds{1}, k_start);
        }
    }
}

enum class LedgerJob : std::uint8_t { update, score, select, save };

class LedgerWork final : public Work {
public:
    LedgerWork(LedgerJob job, std::size_t count) : job_(job), count_(count) {}
    Result<void> prepare(std::string const& /*directory*/) override {
        peers_ = candidates_of(count_);
        meet(ledger_, peers_);
        return ok();
    }
    Result<void> run() override {
        now_ += std::chrono::milliseconds{10};
        auto const i = (turn_ += 5) % count_ / 5 * 5;  // A good one.
        switch (job_) {
            case LedgerJob::update:
                ledger_.on_useful_bytes(peers_[i].peer, k_mib, std::chrono::milliseconds{500}, now_);
                return ok();
            case LedgerJob::score:
                score_ = ledger_.standing(peers_[i].peer, now_).score;
                return ok();
            case LedgerJob::select:
                chosen_ = p2p::select_peers(ledger_, peers_, k_slots, random_, now_);
                return ok();
            case LedgerJob::save:
                image_ = ledger_.encode(now_);
                return ok();
        }
        return ok();
    }
    Result<void> check() override {
        if (!ledger_.is_banned(peers_[4].peer, k_start)) return wrong("a liar is not banned");
        if (ledger_.standing(peers_[0].peer, now_).score <= 0) return wrong("a useful peer has no good name");
        if (job_ == LedgerJob::score && score_ <= 0) return wrong("a useful peer has no good name");
        if (job_ == LedgerJob::select) return check_choice();
        if (job_ == LedgerJob::save) {
            ASSIGN_OR_RETURN(auto const again, Ledger::decode(image_, std::chrono::seconds{0}, now_));
            if (again.peer_count() != ledger_.peer_count()) return wrong("a peer was not written");
        }
        return ok();
    }

private:
    static constexpr std::size_t k_slots = 10;

    [[nodiscard]] Result<void> check_choice() const {
        if (chosen_.size() != k_slots) return wrong(fmt::format("{} were chosen", chosen_.size()));
        std::set<PeerId> const distinct{chosen_.begin(), chosen_.end()};
        if (distinct.size() != k_slots) return wrong("a peer was chosen twice");
        for (std::size_t i = 4; i < count_; i += 5) {
            if (distinct.contains(peers_[i].peer)) return wrong("a liar was chosen");
        }
        return ok();
    }

    LedgerJob job_;
    std::size_t count_;
    std::vector<Candidate> peers_;
    Ledger ledger_;
    TimePoint now_ = k_start;
    std::size_t turn_ = 0;
    double score_ = 0;
    p2p::SeededRandom random_{11};
    std::vector<PeerId> chosen_;
    Bytes image_;
};

void add(Catalogue& catalogue, char const* group, std::string name, LedgerJob job, std::size_t count, char const* what,
         std::vector<std::string> aliases = {}) {
    Test test{group, std::move(name), TestClass::micro, what,
              [job, count] { return std::make_unique<LedgerWork>(job, count); }, std::move(aliases)};
    test.exact_runs = job == LedgerJob::update || job == LedgerJob::score ? 100 : 1;
    catalogue.add(std::move(test));
}

}  // namespace

void add_reputation_suite(Catalogue& catalogue) {
    for (std::size_t const n : {100UL, 1'000UL, 8'000UL}) {
        add(catalogue, "p2p_peer_reputation", fmt::format("update_n{}", n), LedgerJob::update, n,
            "one good act among n known peers, a fifth of them liars",
            n == 100 ? std::vector<std::string>{"peer_reputation/reputation_calculation"} : std::vector<std::string>{});
        add(catalogue, "p2p_peer_selection", fmt::format("ten_of_n{}", n), LedgerJob::select, n,
            "the ten to ask out of n; no liar among them",
            n == 100 ? std::vector<std::string>{"peer_reputation/peer_selection"} : std::vector<std::string>{});
    }
    add(catalogue, "p2p_peer_reputation", "score_n1000", LedgerJob::score, 1'000, "the standing of one peer");
    add(catalogue, "p2p_peer_reputation", "save_n1000", LedgerJob::save, 1'000, "the ledger of 1,000 peers as bytes");
}

}  // namespace ggen::bench
