#include "sim/virtual_host.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/virtual_host_state.hpp"

namespace ggen::sim {

namespace {
/// So often may a protocol ask for a deadline that is over, at one instant, before it counts as a loop.
constexpr std::uint32_t k_spins_max = 1'000;

template <class... Handlers>
struct Overloaded : Handlers... {
    using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;
}  // namespace

VirtualHost::VirtualHost(Fabric& fabric, NodeId self, HostOptions const& options)
    : fabric_(fabric), self_(self), options_(options) {}

VirtualHost::~VirtualHost() {
    // The other ends learn it from their connections; ours end here.
    for (auto& slot : connections_) {
        for (auto const id : slot.streams) {
            auto* const stream = fabric_.stream(id);
            if (stream == nullptr) continue;
            stream->end[stream->wire.side == slot.wire.side ? 0 : 1].is_open = false;
            if (!stream->end[0].is_open && !stream->end[1].is_open) fabric_.free_stream(id);
        }
    }
    for (auto const& dial : dials_) {
        for (auto const id : dial->streams) {
            if (fabric_.stream(id) != nullptr) fabric_.free_stream(id);
        }
    }
}

void VirtualHost::add(std::unique_ptr<p2p::Protocol> protocol) {
    GGEN_ASSERT(!is_started_ && slots_.size() < k_host_protocols_max);
    slots_.emplace_back().protocol = std::move(protocol);
}

p2p::Protocol& VirtualHost::protocol(std::size_t index) { return *slots_[index].protocol; }
std::size_t VirtualHost::protocol_count() const { return slots_.size(); }

void VirtualHost::on_start() {
    is_started_ = true;
    tell_host_changed();
    next_trim_ = fabric_.now() + k_trim_interval;
    finish_event();
}

void VirtualHost::tell_host_changed() {
    p2p::HostInfo info{.self = fabric_.peer(self_), .protocols = {},
                       .addresses = {Fabric::make_address(fabric_.network().endpoint(self_))}};
    for (auto& slot : slots_) {
        slot.names.clear();
        for (auto& name : slot.protocol->protocols()) {
            slot.names.push_back(fabric_.intern_protocol(name));
            info.protocols.push_back(std::move(name));
        }
    }
    auto const now = to_time_point(fabric_.now());
    call_each([&](p2p::Protocol& protocol) { protocol.on_host_changed(info, now); });
}

void VirtualHost::pump() {
    for (std::size_t i = 0; i < slots_.size(); ++i) drain(static_cast<std::uint8_t>(i));
    finish_event();
}

/// Takes what the protocol says, and what others say when the application called them for it.
void VirtualHost::drain(std::uint8_t index) {
    auto const drain_one = [this](std::uint8_t one) {
        auto& slot = slots_[one];
        bool has_called = false;
        for (;;) {
            while (auto output = slot.protocol->poll_output()) take(one, std::move(*output));
            if (application_ == nullptr || !application_->on_called(*this, one)) break;
            has_called = true;
        }
        auto const deadline = slot.protocol->next_deadline();
        slot.deadline = deadline ? from_time_point(*deadline) : k_never;
        return has_called;
    };
    bool has_called = drain_one(index);
    while (has_called) {  // Any of them, and what they say is news again.
        has_called = false;
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            has_called = drain_one(static_cast<std::uint8_t>(i)) || has_called;
        }
    }
}

void VirtualHost::take(std::uint8_t index, p2p::ProtocolOutput output) {
    std::visit(Overloaded{
        [&](p2p::OpenStream const& request) { open_stream(index, request); },
        [&](p2p::WriteStream const& request) { write(index, request); },
        [&](p2p::FinishStream const& request) { finish(index, request.stream); },
        [&](p2p::ResetStream const& request) { reset(index, request.stream); },
        [&](p2p::PauseStream const& request) { pause(index, request); },
        [&](p2p::ConnectPeer const& request) { connect(index, request); },
        [&](p2p::DisconnectPeer const& request) {
            deferred_.push_back({.what = Deferred::What::disconnect, .index = index,
                                 .peer = fabric_.intern(request.peer)});
        },
        [&](p2p::ValuePeer const& request) {
            if (auto* const peer = find_peer(fabric_.intern(request.peer))) peer->values[index] = request.value;
        },
        [&](p2p::LearnAddresses const& request) {
            auto const peer = fabric_.intern(request.peer);
            for (auto const& address : request.addresses) learn(peer, Fabric::endpoint_of(address));
        },
        [&](p2p::ReportPeer const& report) {
            if (fabric_.on_report) fabric_.on_report(self_, fabric_.intern(report.peer), report);
        },
        [&](p2p::ProtocolsChanged const&) {
            deferred_.push_back({.what = Deferred::What::host_changed, .index = index});
        },
        // A real identify inside: what it learned goes to all, as in the swarm.
        [&](p2p::PeerIdentified const& said) {
            auto* const peer = find_peer(fabric_.intern(said.peer));
            if (peer == nullptr) return;
            peer->protocols.clear();
            for (auto const& name : said.protocols) peer->protocols.push_back(fabric_.intern_protocol(name));
            deferred_.push_back({.what = Deferred::What::identified, .index = index, .peer = peer->id});
        },
        [](p2p::ConfirmAddress const&) {},
    }, output);
}

void VirtualHost::finish_event() {
    for (;;) {
        report_sent();
        if (!dials_.empty()) step_dials();
        if (deferred_.empty()) break;
        auto const deferred = deferred_.front();
        deferred_.pop_front();
        run_deferred(deferred);
    }
    auto wake = next_trim_;
    for (auto const& slot : slots_) wake = std::min(wake, slot.deadline);
    for (auto const& dial : dials_) {
        if (dial->tried < dial->endpoints.size()) wake = std::min(wake, dial->next_step);
    }
    if (!sent_later_.empty()) wake = std::min(wake, sent_later_.top().at);
    fabric_.network().wake_at(self_, wake);
}

void VirtualHost::run_deferred(Deferred const& deferred) {
    auto const now = to_time_point(fabric_.now());
    auto& protocol = *slots_[deferred.index].protocol;
    switch (deferred.what) {
        case Deferred::What::refused:
            protocol.on_stream_refused(deferred.key, Error{deferred.code, deferred.why}, now);
            break;
        case Deferred::What::dial_failed:
            protocol.on_dial_failed(fabric_.peer(deferred.peer), Error{deferred.code, deferred.why}, now);
            break;
        case Deferred::What::disconnect: disconnect(deferred.peer); return;
        case Deferred::What::identified: tell_protocols(deferred.peer); return;
        case Deferred::What::resume: resume(deferred.index, deferred.key); return;
        case Deferred::What::host_changed: {
            tell_host_changed();
            for (auto const& connection : connections_) {
                if (connection.is_used && options_.has_identify) send_identify(connection.wire, false);
            }
            return;
        }
    }
    drain(deferred.index);
}

void VirtualHost::on_timer() {
    auto const now = fabric_.now();
    run_deadlines();
    if (next_trim_ <= now) trim();
    finish_event();
}

void VirtualHost::run_deadlines() {
    auto const now = fabric_.now();
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        auto& slot = slots_[i];
        if (slot.deadline > now) continue;
        slot.spins = slot.spun_at == now ? slot.spins + 1 : 0;
        slot.spun_at = now;
        if (slot.spins > k_spins_max) {
            fabric_.violate(self_, fmt::format("protocol {} asks again and again for a deadline that is over", i));
            return;
        }
        slot.protocol->on_deadline(to_time_point(now));
        drain(static_cast<std::uint8_t>(i));
    }
}

void VirtualHost::on_frame(Wire wire, Frame const& frame) {
    if (static_cast<HostFrame>(frame.kind) == HostFrame::identify) {
        on_identify(wire, frame);
    } else {
        on_stream_frame(wire, frame);
    }
    finish_event();
}

}  // namespace ggen::sim
