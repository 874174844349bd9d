#include "p2p/exchange/exchange.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "p2p/exchange/blob_fetch.hpp"
#include "p2p/exchange/channels.hpp"
#include "p2p/exchange/content_server.hpp"
#include "p2p/exchange/question.hpp"

namespace ggen::p2p {
namespace {

bool is_ours(StreamKey stream) { return stream % 2 == 1; }

Result<Bytes> bytes_of(ChannelAnswer answer, ObjectRequest const& request, std::string const& what) {
    switch (answer.status) {
        case ExchangeStatus::ok: break;
        case ExchangeStatus::not_found: return Error{Errc::not_found, what + ": the peer does not have it"};
        case ExchangeStatus::busy: return Error{Errc::unavailable, what + ": the peer is busy"};
        case ExchangeStatus::no_range: return Error{Errc::not_found, what + ": it ends before that"};
        case ExchangeStatus::refused: return Error{Errc::refused, what + ": the peer does not serve it to us"};
    }
    if (answer.total - request.offset > request.bytes_max) {
        return Error{Errc::too_large, what + ": it has " + std::to_string(answer.total) + " bytes, more than " +
                                          std::to_string(request.offset + request.bytes_max)};
    }
    return std::move(answer.bytes);
}

Result<void> check(ObjectRequest const& request) {
    auto const kind = kind_of_path(request.path);
    if (!kind) return Error{Errc::invalid, "\"" + request.path + "\" is no path of a registry"};
    if (*kind == ObjectKind::log && !request.log) return Error{Errc::invalid, request.path + ": of which log?"};
    if (request.bytes_max == 0) return Error{Errc::invalid, request.path + ": a request for nothing"};
    if (request.bytes_max > k_exchange_object_bytes_max) return Error{Errc::too_large, request.path + ": over 2 MiB"};
    return ok();
}

Result<void> check(BlobRequest const& request) {
    auto const invalid = [&](char const* what) { return Error{Errc::invalid, "blob " + request.digest.hex() + what}; };
    if (request.store == nullptr) return invalid(": nowhere to put it");
    if (request.bytes == 0) return invalid(": an empty blob needs no fetching");
    if (request.bytes > k_exchange_blob_bytes_max) return Error{Errc::too_large, "a blob over 2 GiB"};
    if (request.sources.size() > k_exchange_sources_max) return Error{Errc::too_large, "over 8 further sources"};
    return ok();
}

}  // namespace

struct Exchange::Impl final : Outbox {
    Impl(Exchange& core, ExchangeOptions const& options)
        : owner(core), ledger(*options.ledger), random(options.seed), channels(*this),
          server(*this, *options.ledger, options.content, [this](Digest const& blob) { return find_partial(blob); },
                 [this](Digest const& blob, PeerId const& by) { note_wanted(blob, by); }) {}

    void put_output(ProtocolOutput output) override { owner.put(std::move(output)); }
    [[nodiscard]] StreamKey new_stream() override { return owner.new_stream_key(); }

    [[nodiscard]] FetchContext context() { return {*this, channels, ledger, random, events}; }
    [[nodiscard]] Multiaddr const* where(PeerId const& peer) const {
        auto const at = connected.find(peer);
        return at == connected.end() ? nullptr : &at->second;
    }
    [[nodiscard]] std::optional<PartialBlob> find_partial(Digest const& blob) const {
        for (auto const& [id, fetch] : blobs) {
            if (fetch.blob() != blob) continue;
            if (auto partial = fetch.partial()) return partial;
        }
        return std::nullopt;
    }
    /// Who fetches what we fetch has parts of it soon.
    void note_wanted(Digest const& blob, PeerId const& by) {
        for (auto& [id, fetch] : blobs) {
            if (fetch.blob() == blob) fetch.add_interested({by, {}}, where(by));
        }
    }
    template <class Fetch>
    void add_providers(Fetch& fetch, std::vector<ContentHolder> const& providers) {
        for (auto const& provider : providers) fetch.add_provider(provider, where(provider.peer));
    }
    void take_outcomes(TimePoint now);
    void turn(TimePoint now, std::uint64_t only = 0);

    struct Object {
        PeerId peer;
        ObjectRequest request;
    };

    Exchange& owner;
    Ledger& ledger;
    SeededRandom random;
    std::deque<ExchangeEvent> events;
    Channels channels;
    ContentServer server;
    std::map<PeerId, Multiaddr> connected;
    std::map<FetchId, Object> objects;
    std::map<FetchId, Question> questions;
    std::map<FetchId, BlobFetch> blobs;
    FetchId next_id = 1;
};

Exchange::Exchange(ExchangeOptions options) : impl_(std::make_unique<Impl>(*this, options)) {}
Exchange::~Exchange() = default;

void Exchange::Impl::take_outcomes(TimePoint now) {
    while (auto outcome = channels.poll_outcome()) {
        auto const id = outcome->tag.fetch;
        if (auto const object = objects.find(id); object != objects.end()) {
            auto const& request = object->second.request;
            auto bytes = outcome->result ? bytes_of(std::move(*outcome->result), request, request.path)
                                         : Result<Bytes>{wrap(outcome->result.error(), request.path)};
            if (bytes) ledger.on_useful_bytes(outcome->peer, 0, outcome->took, now);
            events.emplace_back(ObjectFetched{id, outcome->peer, std::move(bytes)});
            objects.erase(object);
        } else if (auto const question = questions.find(id); question != questions.end()) {
            question->second.on_outcome(std::move(*outcome), now);
        } else if (auto const blob = blobs.find(id); blob != blobs.end()) {
            blob->second.on_outcome(*outcome, now);
        }
    }
}

/// What follows from a call: outcomes, what is asked next, and what is over. `only`: nothing else can have changed.
void Exchange::Impl::turn(TimePoint now, std::uint64_t only) {
    take_outcomes(now);
    auto const visit = [&](auto& fetches) {
        for (auto at = fetches.begin(); at != fetches.end();) {
            if (only == 0 || only == at->first) at->second.schedule(now);
            at = at->second.is_over() ? fetches.erase(at) : std::next(at);
        }
    };
    visit(questions);
    visit(blobs);
    take_outcomes(now);  // a request that could not even be made
}

FetchId Exchange::fetch(ContentHolder const& provider, ObjectRequest const& request, TimePoint now) {
    auto const id = impl_->next_id++;
    auto checked = check(request);
    if (checked && impl_->objects.size() >= k_exchange_fetches_max) {
        checked = Error{Errc::too_large, request.path + ": 1,024 fetches are under way"};
    }
    if (!checked) {
        impl_->events.emplace_back(ObjectFetched{id, provider.peer, checked.error()});
        return id;
    }
    impl_->objects.emplace(id, Impl::Object{provider.peer, request});
    impl_->channels.send(provider, {request.log, request.path, request.offset, request.bytes_max},
                         {id, FetchTag::Purpose::object, 0}, k_exchange_floor_bytes_per_second, now);
    impl_->take_outcomes(now);
    return id;
}

FetchId Exchange::ask(ObjectQuestion question, TimePoint now) {
    auto const id = impl_->next_id++;
    auto checked = check(question.object);
    if (checked && impl_->questions.size() >= k_exchange_races_max) {
        checked = Error{Errc::too_large, question.object.path + ": 256 questions are under way"};
    }
    if (!checked) {
        impl_->events.emplace_back(QuestionFailed{id, checked.error()});
        return id;
    }
    auto const providers = std::move(question.providers);
    auto const at = impl_->questions.try_emplace(id, id, std::move(question), impl_->context(), now).first;
    impl_->add_providers(at->second, providers);
    impl_->turn(now, id);
    return id;
}

void Exchange::accept(FetchId question, TimePoint now) {
    auto const at = impl_->questions.find(question);
    if (at == impl_->questions.end()) return;
    at->second.accept(now);
    impl_->turn(now, question);
}

void Exchange::reject(FetchId question, AnswerFault fault, TimePoint now) {
    auto const at = impl_->questions.find(question);
    if (at == impl_->questions.end()) return;
    at->second.reject(fault, now);
    impl_->turn(now, question);
}

FetchId Exchange::fetch_blob(BlobRequest request, TimePoint now) {
    auto const id = impl_->next_id++;
    auto checked = check(request);
    if (checked && impl_->blobs.size() >= k_exchange_blobs_max) {
        checked = Error{Errc::too_large, "blob " + request.digest.hex() + ": 64 are under way"};
    }
    if (!checked) {
        impl_->events.emplace_back(BlobFetched{id, checked.error()});
        return id;
    }
    auto const providers = std::move(request.providers);
    auto const at = impl_->blobs.try_emplace(id, id, std::move(request), impl_->context(), now).first;
    impl_->add_providers(at->second, providers);
    impl_->turn(now, id);
    return id;
}

void Exchange::add_providers(FetchId id, std::vector<ContentHolder> const& providers, TimePoint now) {
    if (auto const question = impl_->questions.find(id); question != impl_->questions.end()) {
        impl_->add_providers(question->second, providers);
    } else if (auto const blob = impl_->blobs.find(id); blob != impl_->blobs.end()) {
        impl_->add_providers(blob->second, providers);
    }
    impl_->turn(now, id);
}

void Exchange::close_providers(FetchId blob, TimePoint now) {
    auto const at = impl_->blobs.find(blob);
    if (at == impl_->blobs.end()) return;
    at->second.close_providers();
    impl_->turn(now, blob);
}

void Exchange::on_source_read(FetchId id, std::uint64_t read, Result<Bytes> const& bytes, TimePoint now) {
    auto const at = impl_->blobs.find(id);
    if (at == impl_->blobs.end()) return;
    at->second.on_source_read(read, bytes, now);
    impl_->turn(now, id);
}

void Exchange::cancel(FetchId id, TimePoint now) {
    bool const is_known = impl_->objects.erase(id) + impl_->questions.erase(id) + impl_->blobs.erase(id) != 0;
    if (is_known) impl_->channels.cancel_fetch(id, now);
}

std::optional<ExchangeEvent> Exchange::poll_event() {
    if (impl_->events.empty()) return std::nullopt;
    auto event = std::move(impl_->events.front());
    impl_->events.pop_front();
    return event;
}

ExchangeStatusReport Exchange::status() const {
    return {impl_->objects.size(),        impl_->questions.size(),          impl_->blobs.size(),
            impl_->channels.stream_count(), impl_->channels.request_count(), impl_->server.stream_count(),
            impl_->server.unsent_bytes(), impl_->server.list_bytes(),       impl_->server.served_bytes(),
            impl_->channels.received_bytes()};
}

std::vector<std::string> Exchange::protocols() const { return {std::string{k_exchange_protocol}}; }

void Exchange::on_peer_connected(PeerInfo const& info, TimePoint /*now*/) {
    impl_->connected.insert_or_assign(info.peer, info.address);
}

void Exchange::on_peer_disconnected(PeerId const& peer, TimePoint now) {
    impl_->connected.erase(peer);
    impl_->server.on_peer_disconnected(peer);
    impl_->turn(now);
}

void Exchange::on_stream_opened(StreamKey stream, std::string const& /*protocol*/, TimePoint now) {
    impl_->channels.on_opened(stream, now);
}

void Exchange::on_stream_refused(StreamKey stream, Error const& error, TimePoint now) {
    impl_->channels.on_refused(stream, error, now);
    impl_->turn(now);
}

void Exchange::on_inbound_stream(StreamKey stream, PeerId const& peer, std::string const& /*protocol*/,
                                 TimePoint now) {
    impl_->server.on_stream(stream, peer, now);
}

void Exchange::on_stream_bytes(StreamKey stream, BytesView bytes, TimePoint now) {
    if (!is_ours(stream)) {
        impl_->server.on_bytes(stream, bytes, now);
        return;
    }
    // Most bytes are of the middle of a chunk and change nothing for anybody.
    if (impl_->channels.on_bytes(stream, bytes, now)) impl_->turn(now);
}

void Exchange::on_stream_finished(StreamKey stream, TimePoint now) {
    if (!is_ours(stream)) {
        impl_->server.on_finished(stream, now);
        return;
    }
    impl_->channels.on_finished(stream, now);
    impl_->turn(now);
}

void Exchange::on_stream_reset(StreamKey stream, TimePoint now) {
    if (!is_ours(stream)) {
        impl_->server.on_reset(stream, now);
        return;
    }
    impl_->channels.on_reset(stream, now);
    impl_->turn(now);
}

void Exchange::on_stream_sent(StreamKey stream, std::size_t bytes, TimePoint now) {
    if (!is_ours(stream)) impl_->server.on_sent(stream, bytes, now);
}

std::optional<TimePoint> Exchange::next_deadline() const {
    std::optional<TimePoint> next;
    auto const at = [&](std::optional<TimePoint> when) {
        if (when && (!next || *when < *next)) next = when;
    };
    at(impl_->channels.next_deadline());
    at(impl_->server.next_deadline());
    for (auto const& [id, question] : impl_->questions) at(question.next_deadline());
    for (auto const& [id, blob] : impl_->blobs) at(blob.next_deadline());
    return next;
}

void Exchange::on_deadline(TimePoint now) {
    impl_->channels.on_deadline(now);
    impl_->server.on_deadline(now);
    impl_->turn(now);
}

}  // namespace ggen::p2p
