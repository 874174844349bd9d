// What a pair of connections costs in memory of one process, without a network: handshake pairs per CPU second,
// MiB per CPU second over one stream and over 64, resident bytes of an idle end.
//   connection_bench [handshakes|stream|streams|idle]
#include <fmt/format.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): clock_gettime is POSIX.

#include <cstdio>
#include <cstring>
#include <memory>

#include "base/random.hpp"
#include "p2p/wire/testing/connection_pair.hpp"

namespace {

using ggen::Bytes;
using ggen::BytesView;
using ggen::p2p::Connection;
using ggen::p2p::ConnectionConfig;
using ggen::p2p::StreamId;
using ggen::p2p::Yamux;
namespace testing = ggen::p2p::testing;

constexpr ggen::TimePoint k_now{std::chrono::seconds{1000}};
constexpr std::size_t k_flight_bytes = std::size_t{128} * 1024;

double cpu_seconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::size_t resident_bytes() {
    std::size_t pages = 0;
    std::size_t resident = 0;
    if (auto* const file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%zu %zu", &pages, &resident) != 2) resident = 0;
        std::fclose(file);
    }
    return resident * 4096;
}

struct Pair {
    ggen::p2p::WindowBudget budget{ggen::p2p::k_host_window_bytes_max};
    Connection dialer;
    Connection listener;
    std::size_t received = 0;

    explicit Pair(ggen::Random& random, Yamux::Role = Yamux::Role::dialer)
        : dialer(config(random, Yamux::Role::dialer), budget, k_now),
          listener(config(random, Yamux::Role::listener), budget, k_now) {}

    static ConnectionConfig config(ggen::Random& random, Yamux::Role role) {
        static auto const names = testing::names({"/bench/1"});
        static auto const dialer_key = testing::identity_of(1);
        static auto const listener_key = testing::identity_of(2);
        static auto const channel_key = testing::channel_key_of(11);
        return {role, role == Yamux::Role::dialer ? dialer_key : listener_key, channel_key,
                ggen::X25519PrivateKey::generate(random), std::nullopt, names, true};
    }
    bool fly(Connection& from, Connection& to) {
        Bytes const out = from.take_output(k_flight_bytes);
        poll(from);
        if (out.empty()) return false;
        GGEN_ASSERT(to.on_bytes(out, k_now).has_value());
        poll(to);
        return true;
    }
    void poll(Connection& end) {
        while (auto event = end.poll_event()) {
            auto* const bytes = std::get_if<ggen::p2p::StreamBytes>(&*event);
            if (bytes == nullptr) continue;
            received += bytes->bytes.size();
            end.consume(bytes->stream, bytes->bytes.size(), k_now);
        }
    }
    void settle() {
        for (bool is_busy = true; is_busy;) {
            is_busy = fly(dialer, listener);
            is_busy = fly(listener, dialer) || is_busy;
        }
    }
};

void bench_handshakes() {
    ggen::SystemRandom random;
    constexpr int k_pairs = 2000;
    double const start = cpu_seconds();
    for (int i = 0; i < k_pairs; ++i) {
        Pair pair{random};
        pair.settle();
        GGEN_ASSERT(pair.dialer.is_confirmed() && pair.listener.is_confirmed());
    }
    fmt::print("handshake pairs per CPU second: {:.0f}\n", k_pairs / (cpu_seconds() - start));
}

void bench_streams(std::size_t count) {
    ggen::SystemRandom random;
    Pair pair{random};
    pair.settle();
    std::vector<StreamId> streams;
    streams.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        streams.push_back(pair.dialer.open_stream_lazily("/bench/1", k_now).value());
    }
    pair.settle();
    constexpr std::size_t k_total = std::size_t{2} * 1024 * 1024 * 1024;
    Bytes const block(std::size_t{64} * 1024, 7);
    double const start = cpu_seconds();
    pair.received = 0;
    for (std::size_t written = 0; written < k_total;) {
        for (auto const stream : streams) {
            for (int i = 0; i < 4; ++i) written += pair.dialer.write(stream, block).value();
        }
        pair.settle();
    }
    fmt::print("MiB per CPU second, both ends, {} streams: {:.0f}\n", count,
               static_cast<double>(pair.received) / (1024.0 * 1024.0) / (cpu_seconds() - start));
}

void bench_idle() {
    ggen::SystemRandom random;
    constexpr std::size_t k_pairs = 1000;
    std::vector<std::unique_ptr<Pair>> pairs;
    pairs.reserve(k_pairs);
    std::size_t const start = resident_bytes();
    for (std::size_t i = 0; i < k_pairs; ++i) {
        auto& pair = *pairs.emplace_back(std::make_unique<Pair>(random));
        pair.settle();
        // What identify does on every connection: a stream with an answer of 2 KiB, then quiet.
        auto const stream = pair.dialer.open_stream_lazily("/bench/1", k_now).value();
        (void)pair.dialer.write(stream, Bytes(2048, 1));
        pair.dialer.finish(stream);
        pair.settle();
        (void)pair.listener.write(stream, Bytes(2048, 1));
        pair.listener.finish(stream);
        pair.settle();
    }
    fmt::print("resident bytes per idle connection end: {}\n", (resident_bytes() - start) / (2 * k_pairs));
}

}  // namespace

int main(int argc, char** argv) {
    auto const wants = [&](char const* name) { return argc < 2 || std::strcmp(argv[1], name) == 0; };
    if (wants("handshakes")) bench_handshakes();
    if (wants("stream")) bench_streams(1);
    if (wants("streams")) bench_streams(64);
    if (wants("idle")) bench_idle();
    return 0;
}
