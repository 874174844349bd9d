#include "sim/byzantine.hpp"

#include <algorithm>
#include <utility>

namespace ggen::sim {

Misbehaving::Misbehaving(Crowd const& crowd, std::unique_ptr<p2p::Protocol> inner, std::uint64_t seed)
    : crowd_(crowd), inner_(std::move(inner)), dice_(seed, Purpose::byzantine, 1) {}
Misbehaving::~Misbehaving() = default;

void Misbehaving::take_outputs(TimePoint now) {
    do {
        while (auto output = inner_->poll_output()) {
            if (auto* const write = std::get_if<p2p::WriteStream>(&*output)) {
                take_write(std::move(*write), now);
            } else if (held_.empty()) {
                put(std::move(*output));
            } else {
                held_.push_back({held_.back().at, std::move(*output)});  // Order is kept.
            }
        }
        auto const dropped = std::exchange(dropped_, {});
        for (auto const& write : dropped) inner_->on_stream_sent(write.stream, write.bytes->size(), now);
        if (dropped.empty()) break;
    } while (true);
}

void Misbehaving::take_write(p2p::WriteStream write, TimePoint now) {
    if (write.bytes == nullptr || write.bytes->empty()) return;
    switch (crowd_.program) {
        case Program::mute:
            if (write.bytes->size() >= crowd_.bytes_min) {
                drop(std::move(write));
                return;
            }
            break;
        case Program::late:
            held_.push_back({now + std::chrono::nanoseconds{crowd_.delay}, std::move(write)});
            return;
        case Program::slow: {
            auto const time = std::chrono::nanoseconds{transfer_time(write.bytes->size(),
                std::uint64_t{crowd_.bytes_per_second} * 8)};
            free_at_ = std::max(free_at_, now) + time;
            held_.push_back({free_at_, std::move(write)});
            return;
        }
        case Program::invalid:
            if (++writes_ % crowd_.every == 0) {
                auto spoiled = *write.bytes;
                auto const at = static_cast<std::size_t>(dice_.below(spoiled.size()));
                spoiled[at] ^= static_cast<std::uint8_t>(1 + dice_.below(255));
                write.bytes = std::make_shared<Bytes const>(std::move(spoiled));
            }
            break;
        default: break;
    }
    put(std::move(write));
}

std::optional<TimePoint> Misbehaving::next_deadline() const {
    auto deadline = inner_->next_deadline();
    if (!held_.empty() && (!deadline || held_.front().at < *deadline)) deadline = held_.front().at;
    return deadline;
}

void Misbehaving::on_deadline(TimePoint now) {
    while (!held_.empty() && held_.front().at <= now) {
        put(std::move(held_.front().output));
        held_.pop_front();
    }
    auto const deadline = inner_->next_deadline();
    if (deadline && *deadline <= now) inner_->on_deadline(now);
    take_outputs(now);
}

void Misbehaving::on_host_changed(p2p::HostInfo const& info, TimePoint now) {
    inner_->on_host_changed(info, now);
    take_outputs(now);
}
void Misbehaving::on_peer_connected(p2p::PeerInfo const& info, TimePoint now) {
    inner_->on_peer_connected(info, now);
    take_outputs(now);
}
void Misbehaving::on_peer_disconnected(PeerId const& peer, TimePoint now) {
    inner_->on_peer_disconnected(peer, now);
    take_outputs(now);
}
void Misbehaving::on_dial_failed(PeerId const& peer, Error const& error, TimePoint now) {
    inner_->on_dial_failed(peer, error, now);
    take_outputs(now);
}
void Misbehaving::on_peer_addresses(PeerId const& peer, std::span<Multiaddr const> addresses, bool is_certified,
                                    TimePoint now) {
    inner_->on_peer_addresses(peer, addresses, is_certified, now);
    take_outputs(now);
}
void Misbehaving::on_peer_protocols(PeerId const& peer, std::span<std::string const> names, TimePoint now) {
    inner_->on_peer_protocols(peer, names, now);
    take_outputs(now);
}
void Misbehaving::on_stream_opened(p2p::StreamKey stream, std::string const& name, TimePoint now) {
    inner_->on_stream_opened(stream, name, now);
    take_outputs(now);
}
void Misbehaving::on_stream_refused(p2p::StreamKey stream, Error const& error, TimePoint now) {
    inner_->on_stream_refused(stream, error, now);
    take_outputs(now);
}
void Misbehaving::on_inbound_stream(p2p::StreamKey stream, PeerId const& peer, std::string const& name, TimePoint now) {
    inner_->on_inbound_stream(stream, peer, name, now);
    take_outputs(now);
}
void Misbehaving::on_stream_bytes(p2p::StreamKey stream, BytesView bytes, TimePoint now) {
    inner_->on_stream_bytes(stream, bytes, now);
    take_outputs(now);
}
void Misbehaving::on_stream_finished(p2p::StreamKey stream, TimePoint now) {
    inner_->on_stream_finished(stream, now);
    take_outputs(now);
}
void Misbehaving::on_stream_reset(p2p::StreamKey stream, TimePoint now) {
    inner_->on_stream_reset(stream, now);
    take_outputs(now);
}
void Misbehaving::on_stream_sent(p2p::StreamKey stream, std::size_t bytes, TimePoint now) {
    inner_->on_stream_sent(stream, bytes, now);
    take_outputs(now);
}

std::unique_ptr<p2p::Protocol> make_conduct(World& world, NodeId node, std::unique_ptr<p2p::Protocol> inner) {
    auto const* const crowd = world.crowd(node);
    if (crowd == nullptr) return inner;
    switch (crowd->program) {
        case Program::mute:
        case Program::late:
        case Program::slow:
        case Program::invalid: return std::make_unique<Misbehaving>(*crowd, std::move(inner), mix(world.seed(), node));
        default: return inner;
    }
}

p2p::Protocol& inner_protocol(p2p::Protocol& protocol) {
    auto* const wrapper = dynamic_cast<Misbehaving*>(&protocol);
    return wrapper == nullptr ? protocol : wrapper->inner();
}

}  // namespace ggen::sim
