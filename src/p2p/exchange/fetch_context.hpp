#pragma once

#include <deque>

#include "p2p/exchange/channels.hpp"
#include "p2p/protocol/outbox.hpp"
#include "p2p/exchange/requests.hpp"
#include "p2p/protocol/seeded_random.hpp"
#include "p2p/reputation/ledger.hpp"

namespace ggen::p2p {

/// What all fetches share; outlives them.
struct FetchContext {
    Outbox& outbox;
    Channels& channels;
    Ledger& ledger;
    SeededRandom& random;
    std::deque<ExchangeEvent>& events;
};

}  // namespace ggen::p2p
