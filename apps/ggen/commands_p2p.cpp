#include <fmt/format.h>

#include <algorithm>

#include "base/random.hpp"
#include "context.hpp"
#include "handlers.hpp"
#include "net/p2p/probe.hpp"
#include "shapes.hpp"

namespace ggen::cli {
namespace {

constexpr std::uint64_t k_timeout_seconds_max = 3600;
constexpr std::uint64_t k_interval_ms_max = 3'600'000;
constexpr std::uint64_t k_transfer_mib_max = std::uint64_t{64} * 1024;  // what a server of ours would send
constexpr std::uint64_t k_streams_max = 128;

using std::chrono::nanoseconds;

struct Question {
    Multiaddr address;
    p2p::ProbeOptions options;
};

Result<Question> question_of(Context& context) {
    auto const text = context.args().positional(0);
    ASSIGN_OR_RETURN(auto address, context.argument(Multiaddr::parse(text), "MULTIADDR"));
    if (!address.peer_id() || address.parts().size() < 2) {
        return usage_error(text + " does not say where and who", "an address ends in /p2p/PEER");
    }
    ASSIGN_OR_RETURN(auto const seconds, context.number("timeout", 10, k_timeout_seconds_max));
    if (seconds == 0) return usage_error("--timeout: at least one second");
    p2p::ProbeOptions options;
    options.timeout = std::chrono::seconds{seconds};
    options.cancel = &context.cancel();
    options.agent = "ggen/" GGEN_VERSION;
    return Question{std::move(address), std::move(options)};
}

/// What a peer did or did not: exit code 7 whatever the cause, since the command line was right.
Error peer_error(Error error, Multiaddr const& address) {
    if (error.code != Errc::cancelled && error.code != Errc::timed_out) error.code = Errc::unavailable;
    return wrap(std::move(error), address.text());
}

std::uint64_t microseconds(nanoseconds duration) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

Json json_addresses(std::vector<Multiaddr> const& addresses) {
    auto list = Json::array();
    for (auto const& address : addresses) list.push(address.text());
    return list;
}

std::string rate(std::uint64_t bytes, nanoseconds duration) {
    auto const seconds = std::max(std::chrono::duration<double>(duration).count(), 1e-9);
    return fmt::format("{}/s", format_bytes(static_cast<std::uint64_t>(static_cast<double>(bytes) / seconds)));
}

}  // namespace

Result<ExitCode> run_p2p_ping(Context& context) {
    auto& out = context.out();
    ASSIGN_OR_RETURN(auto const question, question_of(context));
    p2p::PingOptions ping;
    ASSIGN_OR_RETURN(ping.count, context.number("count", 4));
    if (ping.count == 0) return usage_error("--count: at least one ping");
    ASSIGN_OR_RETURN(auto const interval, context.number("interval", 1000, k_interval_ms_max));
    ping.interval = std::chrono::milliseconds{interval};
    if (!out.wants_json()) {
        ping.on_answer = [&](std::uint64_t number, nanoseconds round_trip) {
            out.line(fmt::format("{}  {}", number, format_duration(microseconds(round_trip))));
            static_cast<void>(out.flush());
        };
    }
    SystemRandom random;
    auto const report = p2p::ping_peer(question.address, ping, question.options, random);
    if (!report) return peer_error(report.error(), question.address);
    auto times = *report;
    std::sort(times.begin(), times.end());
    if (out.wants_json()) {
        auto json = Json::object();
        json.set("peer", question.address.peer_id()->text());
        json.set("address", question.address.text());
        auto pings = Json::array();
        for (auto const time : *report) pings.push(Json::object().set("round_trip_us", microseconds(time)));
        json.set("pings", std::move(pings));
        json.set("median_us", microseconds(times[times.size() / 2]));
        out.document("ggen.p2p-ping/1", std::move(json));
        return ExitCode::ok;
    }
    out.note(fmt::format("{} answered, least {}, median {}, most {}", count_of(times.size(), "ping"),
                         format_duration(microseconds(times.front())),
                         format_duration(microseconds(times[times.size() / 2])),
                         format_duration(microseconds(times.back()))));
    return ExitCode::ok;
}

Result<ExitCode> run_p2p_identify(Context& context) {
    auto& out = context.out();
    ASSIGN_OR_RETURN(auto const question, question_of(context));
    SystemRandom random;
    auto const report = p2p::identify_peer(question.address, question.options, random);
    if (!report) return peer_error(report.error(), question.address);
    auto const& identity = report->identity;
    if (out.wants_json()) {
        auto json = Json::object();
        json.set("peer", identity.peer.text());
        json.set("remote", report->remote.text());
        json.set("agent", identity.agent);
        json.set("protocol_version", identity.protocol_version);
        json.set("protocols", json_list(identity.protocols));
        json.set("addresses", json_addresses(identity.addresses));
        json.set("certified", identity.is_certified);
        json.set("observed", identity.observed ? Json{identity.observed->text()} : Json{});
        json.set("connected_us", microseconds(report->connected));
        out.document("ggen.p2p-identify/1", std::move(json));
        return ExitCode::ok;
    }
    out.field("peer", identity.peer.text());
    out.field("reached at", report->remote.text());
    out.field("agent", identity.agent);
    out.field("version", identity.protocol_version);
    out.field("sees us at", identity.observed ? identity.observed->text() : std::string{});
    out.field("connected in", format_duration(microseconds(report->connected)));
    for (auto const& address : identity.addresses) {
        out.field(identity.is_certified ? "address (signed)" : "address", address.text());
    }
    for (auto const& protocol : identity.protocols) out.field("protocol", protocol);
    return ExitCode::ok;
}

Result<ExitCode> run_p2p_perf(Context& context) {
    auto& out = context.out();
    ASSIGN_OR_RETURN(auto const question, question_of(context));
    ASSIGN_OR_RETURN(auto const upload, context.number("upload", 0, k_transfer_mib_max));
    ASSIGN_OR_RETURN(auto const download, context.number("download", 64, k_transfer_mib_max));
    ASSIGN_OR_RETURN(auto const streams, context.number("streams", 1, k_streams_max));
    if (streams == 0) return usage_error("--streams: 1 to 128");
    p2p::PerfOptions const perf{upload * k_mib, download * k_mib, static_cast<std::uint32_t>(streams)};
    SystemRandom random;
    auto const report = p2p::measure_peer(question.address, perf, question.options, random);
    if (!report) return peer_error(report.error(), question.address);
    auto const sent = streams * perf.upload_bytes;
    auto const received = streams * perf.download_bytes;
    if (out.wants_json()) {
        auto json = Json::object();
        json.set("peer", question.address.peer_id()->text());
        json.set("streams", streams);
        json.set("upload_bytes", sent);
        json.set("upload_us", microseconds(report->upload));
        json.set("download_bytes", received);
        json.set("download_us", microseconds(report->download));
        out.document("ggen.p2p-perf/1", std::move(json));
        return ExitCode::ok;
    }
    if (sent > 0) {
        out.field("upload", fmt::format("{} in {}, {}", format_bytes(sent),
                                        format_duration(microseconds(report->upload)), rate(sent, report->upload)));
    }
    if (received > 0) {
        out.field("download", fmt::format("{} in {}, {}", format_bytes(received),
                                          format_duration(microseconds(report->download)),
                                          rate(received, report->download)));
    }
    return ExitCode::ok;
}

}  // namespace ggen::cli
