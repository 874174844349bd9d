#include "p2p/wire/connection.hpp"

#include <algorithm>
#include <array>

namespace ggen::p2p {
namespace {

constexpr char const* k_security = "/noise";
constexpr char const* k_muxer = "/yamux/1.0.0";

Error refused(char const* why) { return Error{Errc::refused, std::string{"connection: "} + why}; }
Error timed_out(char const* why) { return Error{Errc::timed_out, std::string{"connection: "} + why}; }

NoiseConfig noise_config(ConnectionConfig const& config) {
    bool const is_dialer = config.role == Yamux::Role::dialer;
    return {is_dialer ? NoiseXx::Role::initiator : NoiseXx::Role::responder, config.identity, config.static_key,
            config.ephemeral_key, config.expected_peer,
            config.has_early_muxer ? std::vector<std::string>{k_muxer} : std::vector<std::string>{},
            config.static_key_signature};
}

/// Precondition: the name is a good one.
Multistream propose(char const* protocol) { return Multistream::dial({protocol}).value(); }

/// About what `plain` bytes take with the heads of both layers.
std::size_t with_frames(std::size_t plain) { return plain + plain / 256 + 128; }

void append(Bytes& out, BytesView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

}  // namespace

Connection::Connection(ConnectionConfig config, WindowBudget& budget, TimePoint now)
    : config_(std::move(config)), budget_(budget), now_(now), upgrade_deadline_(now + k_upgrade_timeout) {
    GGEN_ASSERT(config_.protocols != nullptr);
    noise_.emplace(noise_config(config_));
    config_.ephemeral_key = config_.static_key;  // the handshake alone keeps it
    if (config_.role == Yamux::Role::listener) {
        select_.emplace(Multistream::listen({k_security}));
        return;
    }
    // Every peer speaks Noise, so its first message travels with the proposal.
    select_.emplace(propose(k_security));
    output_ = select_->take_output();
    append(output_, noise_->take_output());
}

Result<void> Connection::on_bytes(BytesView bytes, TimePoint now) {
    if (failed_) return *failed_;
    now_ = now;
    auto done = take_bytes(bytes);
    return done ? std::move(done) : fail(std::move(done).error());
}

Error Connection::fail(Error error) {
    phase_ = Phase::failed;
    failed_ = std::move(error);
    negotiations_.clear();
    negotiation_deadlines_.clear();
    return *failed_;
}

Result<void> Connection::take_bytes(BytesView bytes) {
    // Of the stack, so that no connection holds one: a frame is opened in it and handed on at once.
    std::array<std::uint8_t, k_noise_frame_bytes_max> buffer;  // NOLINT(*-member-init): written before it is read
    while (!bytes.empty()) {
        if (phase_ == Phase::security) {
            ASSIGN_OR_RETURN(bytes, select_security(bytes));
            if (phase_ == Phase::security) return ok();
            continue;
        }
        auto const frame = noise_->next_frame(bytes, buffer);
        if (phase_ == Phase::handshake) append(output_, noise_->take_output());
        if (!frame) return frame.error();
        bytes = bytes.subspan(frame->taken);
        if (phase_ == Phase::handshake) {
            if (noise_->is_complete()) RETURN_IF_ERROR(on_secured());
            continue;
        }
        BytesView plain = frame->plain;
        if (phase_ == Phase::muxer) {
            ASSIGN_OR_RETURN(plain, select_muxer(plain));
        }
        if (phase_ != Phase::open || plain.empty()) continue;
        is_confirmed_ = true;
        RETURN_IF_ERROR(yamux_->on_bytes(plain, now_));
    }
    return ok();
}

/// What is left of `bytes` for the next layer.
Result<BytesView> Connection::select_security(BytesView bytes) {
    ASSIGN_OR_RETURN(std::size_t const taken, select_->on_bytes(bytes));
    // A listener keeps its header back until the dialer has spoken, so that it leaves with the answer.
    append(output_, select_->take_output());
    if (select_->state() == Multistream::State::refused) return refused("the peer does not speak /noise");
    if (select_->state() == Multistream::State::agreed) {
        select_.reset();
        phase_ = Phase::handshake;
    }
    return bytes.subspan(taken);
}

Result<void> Connection::on_secured() {
    bool const is_dialer = config_.role == Yamux::Role::dialer;
    if (noise_->muxer()) {
        // The listener spoke second and the dialer third: only the dialer does not know yet whether the other
        // end has the connection.
        is_confirmed_ = !is_dialer;
        phase_ = Phase::open;
        start_yamux();
        return ok();
    }
    phase_ = Phase::muxer;
    if (!is_dialer) {
        select_.emplace(Multistream::listen({k_muxer}));
        return ok();
    }
    select_.emplace(propose(k_muxer));
    plain_output_ = select_->take_output();
    start_yamux();
    return ok();
}

/// What is left of `plain` behind the negotiation.
Result<BytesView> Connection::select_muxer(BytesView plain) {
    ASSIGN_OR_RETURN(std::size_t const taken, select_->on_bytes(plain));
    append(plain_output_, select_->take_output());
    if (select_->state() == Multistream::State::refused) return refused("the peer does not speak /yamux/1.0.0");
    plain = plain.subspan(taken);
    if (select_->state() == Multistream::State::negotiating) return plain;
    select_.reset();
    phase_ = Phase::open;
    is_confirmed_ = true;
    if (!yamux_) start_yamux();
    return plain;
}

/// A dialer does not wait for the answer about the muxer: every peer speaks yamux.
void Connection::start_yamux() {
    yamux_.emplace(config_.role, budget_);
    yamux_->ping(now_);
    ping_sent_ = now_;
    next_ping_ = now_ + k_yamux_ping_interval;
    events_.emplace_back(Established{noise_->remote_peer()});
}

std::optional<ConnectionEvent> Connection::poll_event() {
    while (events_.empty() && yamux_) {
        auto event = yamux_->poll_event();
        if (!event) break;
        translate(std::move(*event));
    }
    if (events_.empty()) return std::nullopt;
    ConnectionEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
}

void Connection::translate(YamuxEvent event) {
    if (auto const* opened = std::get_if<StreamOpened>(&event)) {
        on_opened(opened->stream);
    } else if (auto* data = std::get_if<StreamData>(&event)) {
        on_data(std::move(*data));
    } else if (auto const* finished = std::get_if<StreamFinished>(&event)) {
        auto const at = negotiations_.find(finished->stream);
        if (at == negotiations_.end()) {
            events_.emplace_back(*finished);
        } else {
            refuse(at, Error{Errc::invalid, "connection: a stream ended before its protocol was agreed"});
        }
    } else if (auto const* reset = std::get_if<StreamReset>(&event)) {
        on_reset(*reset);
    } else if (auto const* writable = std::get_if<StreamWritable>(&event)) {
        events_.emplace_back(*writable);
    } else if (auto* sent = std::get_if<StreamSent>(&event)) {
        auto const own = own_unsent_.find(sent->stream);
        if (own != own_unsent_.end()) {
            auto const bytes = std::min(own->second, sent->bytes);
            sent->bytes -= bytes;
            own->second -= bytes;
            if (own->second == 0) own_unsent_.erase(own);
        }
        if (sent->bytes > 0) events_.emplace_back(*sent);
    } else if (auto const* pong = std::get_if<Ponged>(&event)) {
        round_trip_ = pong->round_trip;
        ping_sent_.reset();
    } else if (auto const* gone = std::get_if<GoneAway>(&event)) {
        events_.emplace_back(*gone);
    }
}

void Connection::on_opened(StreamId stream) {
    if (failed_) return;
    yamux_->accept(stream);
    negotiations_.try_emplace(stream, Negotiation{Multistream::listen(config_.protocols)});
    watch(stream);
}

void Connection::on_data(StreamData data) {
    auto const at = negotiations_.find(data.stream);
    if (at == negotiations_.end()) {
        if (!failed_) events_.emplace_back(StreamBytes{data.stream, std::move(data.bytes)});
        return;
    }
    Negotiation& negotiation = at->second;
    auto const taken = negotiation.select.on_bytes(data.bytes);
    if (!taken) return refuse(at, taken.error());
    yamux_->consume(data.stream, *taken, now_);
    write_own(data.stream, negotiation.select.take_output());
    if (negotiation.select.state() == Multistream::State::refused) {
        return refuse(at, refused("the peer speaks none of the protocols"));
    }
    if (negotiation.select.state() == Multistream::State::negotiating) return;
    on_agreed(at);
    data.bytes.erase(data.bytes.begin(), data.bytes.begin() + static_cast<std::ptrdiff_t>(*taken));
    if (!data.bytes.empty()) events_.emplace_back(StreamBytes{data.stream, std::move(data.bytes)});
}

void Connection::on_agreed(Negotiations::iterator at) {
    StreamId const stream = at->first;
    Negotiation const negotiation = std::move(at->second);
    negotiations_.erase(at);
    forget_decided();
    if (!negotiation.is_outbound) {
        events_.emplace_back(StreamRequested{stream, negotiation.select.protocol()});
        return;
    }
    // At most as much as waits here fits into the queue of a stream that has nothing else.
    if (!negotiation.held.empty()) (void)yamux_->write(stream, negotiation.held);
    if (negotiation.is_finishing) yamux_->finish(stream);
    events_.emplace_back(StreamNegotiated{stream, negotiation.select.protocol()});
    if (negotiation.is_cut_short) events_.emplace_back(StreamWritable{stream});
}

void Connection::on_reset(StreamReset const& reset) {
    own_unsent_.erase(reset.stream);
    auto const at = negotiations_.find(reset.stream);
    if (at == negotiations_.end()) {
        events_.emplace_back(reset);
    } else {
        refuse(at, refused("the peer reset the stream"));
    }
}

/// Ends a stream whose protocol was not agreed; its opener is told when that is us.
void Connection::refuse(Negotiations::iterator at, Error error) {
    StreamId const stream = at->first;
    bool const is_outbound = at->second.is_outbound;
    negotiations_.erase(at);
    forget_decided();
    own_unsent_.erase(stream);
    yamux_->reset(stream);
    if (is_outbound) events_.emplace_back(StreamRefused{stream, std::move(error)});
}

void Connection::write_own(StreamId stream, BytesView bytes) {
    if (bytes.empty()) return;
    auto const written = yamux_->write(stream, bytes);
    if (written) own_unsent_[stream] += *written;
}

void Connection::watch(StreamId stream) {
    negotiation_deadlines_.emplace_back(now_ + k_stream_negotiation_timeout, stream);
}

/// Keeps a stream that is not decided at the front, so that `next_deadline` is one look.
void Connection::forget_decided() {
    while (!negotiation_deadlines_.empty() && !negotiations_.contains(negotiation_deadlines_.front().second)) {
        negotiation_deadlines_.pop_front();
    }
}

Bytes Connection::take_output(std::size_t bytes_max) {
    Bytes out = std::exchange(output_, {});
    if (!yamux_ && plain_output_.empty()) return out;
    NoiseChannel::Sealer sealer{*noise_, out};
    sealer.put(std::exchange(plain_output_, {}));
    if (yamux_ && out.size() < bytes_max) {
        auto const room = bytes_max - out.size();
        out.reserve(out.size() + with_frames(yamux_->sendable_bytes(room)));
        yamux_->append_output(room, sealer);
    }
    if (auto const sealed = sealer.finish(); !sealed) (void)fail(sealed.error());
    return out;
}

TimePoint Connection::next_deadline() const {
    if (phase_ != Phase::open) return upgrade_deadline_;
    if (negotiation_deadlines_.empty()) return next_ping_;
    return std::min(next_ping_, negotiation_deadlines_.front().first);
}

Result<void> Connection::on_deadline(TimePoint now) {
    if (failed_) return *failed_;
    now_ = now;
    if (phase_ != Phase::open) {
        if (now < upgrade_deadline_) return ok();
        return fail(timed_out("the handshake took more than 10 s"));
    }
    while (!negotiation_deadlines_.empty() && negotiation_deadlines_.front().first <= now) {
        auto const at = negotiations_.find(negotiation_deadlines_.front().second);
        negotiation_deadlines_.pop_front();
        if (at != negotiations_.end()) refuse(at, timed_out("the protocol of a stream was not agreed within 10 s"));
    }
    if (now < next_ping_) return ok();
    if (ping_sent_ && now - *ping_sent_ >= k_yamux_pong_timeout) return fail(timed_out("no answer to a ping for 30 s"));
    if (!ping_sent_) {
        yamux_->ping(now);
        ping_sent_ = now;
    }
    next_ping_ = now + k_yamux_ping_interval;
    return ok();
}

Result<StreamId> Connection::open_stream(std::vector<std::string> protocols, TimePoint now) {
    return open(std::move(protocols), false, now);
}

Result<StreamId> Connection::open_stream_lazily(std::string protocol, TimePoint now) {
    return open({std::move(protocol)}, true, now);
}

Result<StreamId> Connection::open(std::vector<std::string> protocols, bool is_lazy, TimePoint now) {
    if (failed_) return *failed_;
    if (!yamux_) return refused("streams can be opened after the handshake");
    now_ = now;
    ASSIGN_OR_RETURN(Multistream select, Multistream::dial(std::move(protocols)));
    ASSIGN_OR_RETURN(StreamId const stream, yamux_->open_stream());
    write_own(stream, select.take_output());
    negotiations_.try_emplace(stream, Negotiation{std::move(select), true, is_lazy});
    watch(stream);
    return stream;
}

Result<std::size_t> Connection::write(StreamId stream, std::shared_ptr<Bytes const> const& block) {
    auto const at = negotiations_.find(stream);
    bool const is_agreed = at == negotiations_.end() || at->second.is_lazy;
    if (failed_ || !yamux_ || !is_agreed) return write(stream, BytesView{*block});
    return yamux_->write(stream, block);
}

Result<std::size_t> Connection::write(StreamId stream, BytesView bytes) {
    if (failed_) return *failed_;
    auto const at = negotiations_.find(stream);
    if (at == negotiations_.end() || at->second.is_lazy) {
        if (yamux_) return yamux_->write(stream, bytes);
        return Error{Errc::not_found, "connection: no stream was opened yet"};
    }
    Negotiation& negotiation = at->second;
    if (!negotiation.is_outbound) return Error{Errc::not_found, "connection: the stream is not agreed yet"};
    if (negotiation.is_finishing) return refused("a stream that we finished takes no more");
    std::size_t const size = std::min(bytes.size(), k_stream_held_bytes_max - negotiation.held.size());
    append(negotiation.held, bytes.first(size));
    negotiation.is_cut_short = size < bytes.size();
    return size;
}

void Connection::finish(StreamId stream) {
    auto const at = negotiations_.find(stream);
    if (at != negotiations_.end() && !at->second.is_lazy) {
        at->second.is_finishing = at->second.is_outbound;
    } else if (yamux_) {
        yamux_->finish(stream);
    }
}

void Connection::reset(StreamId stream) {
    negotiations_.erase(stream);
    forget_decided();
    own_unsent_.erase(stream);
    if (yamux_ && !failed_) yamux_->reset(stream);
}

void Connection::consume(StreamId stream, std::size_t bytes, TimePoint now) {
    if (yamux_ && !failed_) yamux_->consume(stream, bytes, now);
}

void Connection::go_away() {
    if (yamux_) yamux_->go_away();
}

std::uint64_t Connection::held_bytes() const {
    std::uint64_t bytes = output_.size() + plain_output_.size() + noise_->held_bytes();
    for (auto const& [id, negotiation] : negotiations_) bytes += negotiation.held.size();
    return bytes + (yamux_ ? yamux_->receive_bytes() + yamux_->unsent_bytes() : 0);
}

}  // namespace ggen::p2p
