#include "sim/scenario.hpp"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <utility>

#include "sim/fields.hpp"

namespace ggen::sim {

namespace {
constexpr std::uint32_t k_permille = 1'000;
constexpr std::uint64_t k_mbit = 1'000'000;
constexpr std::uint64_t k_mbit_max = 100'000;

template <class Enum, std::size_t Count>
Enum choice(Fields& fields, std::string_view name, std::array<std::string_view, Count> const& names) {
    auto const text = fields.text(name, names.front());
    for (std::size_t i = 0; i < Count; ++i) {
        if (names[i] == text) return static_cast<Enum>(i);
    }
    fields.fail(name, fmt::format("one of {} is expected", fmt::join(names, ", ")));
    return Enum{};
}

std::uint32_t permille(Fields& fields, std::string_view name, std::uint32_t absent) {
    return static_cast<std::uint32_t>(fields.number(name, absent, k_permille));
}

std::uint32_t number32(Fields& fields, std::string_view name, std::uint32_t absent) {
    return static_cast<std::uint32_t>(fields.number(name, absent, std::numeric_limits<std::uint32_t>::max()));
}

LinkRate read_rate(Fields& fields) {
    return {.up_bits = fields.number("up_mbit", 0, k_mbit_max) * k_mbit,
            .down_bits = fields.number("down_mbit", 0, k_mbit_max) * k_mbit};
}

Result<void> read_link(Json const* json, Scenario& scenario) {
    Fields fields{json, "link"};
    auto& link = scenario.link;
    link.fidelity = choice<Fidelity, 3>(fields, "fidelity", {"F0", "F1", "F2"});
    link.jitter_permille = permille(fields, "jitter_permille", link.jitter_permille);
    link.loss_ppm = static_cast<std::uint32_t>(fields.number("loss_ppm", 0, 500'000));
    link.dial_timeout = fields.seconds("dial_timeout_s", link.dial_timeout);
    link.silence_timeout = fields.seconds("silence_timeout_s", link.silence_timeout);
    scenario.constant_latency = fields.seconds("constant_latency_s", 0);
    for (auto const& item : fields.list("rates")) {
        Fields rate{&item, "link.rates"};
        scenario.rates.push_back({.share_permille = permille(rate, "share_permille", k_permille), .rate =
            read_rate(rate)});
        RETURN_IF_ERROR(rate.finish());
    }
    return fields.finish();
}

Result<void> read_host(Json const* json, HostOptions& host) {
    Fields fields{json, "host"};
    host.connections_max = number32(fields, "connections_max", host.connections_max);
    host.inbound_per_subnet_max = number32(fields, "inbound_per_subnet_max", host.inbound_per_subnet_max);
    host.idle_timeout = fields.seconds("idle_timeout_s", host.idle_timeout);
    host.has_keys = fields.flag("keys", host.has_keys);
    host.dial_round_trips = static_cast<std::uint32_t>(fields.number("dial_round_trips", host.dial_round_trips, 10));
    return fields.finish();
}

Result<Fault> read_fault(Json const& json) {
    Fields fields{&json, "faults"};
    Fault fault;
    fault.kind = choice<FaultKind, 6>(fields, "kind", {"partition", "isolate", "clog", "flap", "crash", "collapse"});
    fault.at = fields.seconds("at_s", 0);
    fault.lasts = fields.seconds("lasts_s", 0);
    fault.share_permille = permille(fields, "share_permille", k_permille / 2);
    fault.is_one_way = fields.flag("one_way", false);
    fault.is_silent = fields.flag("silent", true);
    fault.keeps_disk = fields.flag("disk", true);
    fault.period = fields.seconds("period_s", fault.period);
    if (fault.period < k_millisecond) fields.fail("period_s", "at least a millisecond is expected");
    fault.rate = read_rate(fields);
    RETURN_IF_ERROR(fields.finish());
    return fault;
}

Result<void> read_churn(Json const* json, Churn& churn) {
    Fields fields{json, "churn"};
    churn.stable_permille = permille(fields, "stable_permille", json == nullptr ? k_permille : 105);
    churn.online_permille = permille(fields, "online_permille", churn.online_permille);
    churn.speed_permille = number32(fields, "speed_permille", churn.speed_permille);
    churn.silent_permille = permille(fields, "silent_permille", churn.silent_permille);
    if (churn.online_permille == 0) fields.fail("online_permille", "more than 0 is expected");
    if (churn.speed_permille == 0) fields.fail("speed_permille", "more than 0 is expected");
    return fields.finish();
}

Result<Crowd> read_crowd(Json const& json) {
    Fields fields{&json, "byzantine"};
    Crowd crowd;
    crowd.program = choice<Program, 8>(fields, "program", {"honest", "mute", "late", "invalid", "slow", "spam",
        "sybil", "eclipse"});
    crowd.share_permille = permille(fields, "share_permille", 0);
    crowd.extra = static_cast<std::uint32_t>(fields.number("extra", 0, k_nodes_max));
    crowd.shares_subnet = fields.flag("one_subnet", false);
    crowd.delay = fields.seconds("delay_s", crowd.delay);
    crowd.bytes_per_second = number32(fields, "bytes_per_second", crowd.bytes_per_second);
    crowd.every = number32(fields, "every", crowd.every);
    crowd.bytes_min = number32(fields, "bytes_min", crowd.bytes_min);
    if (crowd.bytes_per_second == 0 || crowd.every == 0) fields.fail("every", "more than 0 is expected");
    RETURN_IF_ERROR(fields.finish());
    return crowd;
}

Result<void> read_expectations(Json const* json, Scenario& scenario) {
    if (json == nullptr) return ok();
    if (!json->is_object()) return Error{Errc::invalid, "expect: an object is expected"};
    for (auto const& [figure, bounds] : *json->if_object()) {
        Fields fields{&bounds, "expect." + figure};
        scenario.expectations.push_back({.figure = figure,
                                         .least = fields.real("least", -std::numeric_limits<double>::infinity()),
                                         .most = fields.real("most", std::numeric_limits<double>::infinity())});
        RETURN_IF_ERROR(fields.finish());
    }
    return ok();
}

}  // namespace

Result<Scenario> parse_scenario(std::string_view text, std::uint32_t nodes) {
    if (text.size() > k_scenario_bytes_max) return Error{Errc::too_large, "scenario: over 65 MiB"};
    auto parsed = Json::parse(text);
    if (!parsed) return wrap(std::move(parsed).error(), "scenario");
    auto const& json = parsed.value();
    Fields fields{&json, "scenario"};
    Scenario scenario;
    scenario.name = fields.text("name", "unnamed");
    (void)fields.text("about", "");  // For readers.
    scenario.nodes = static_cast<std::uint32_t>(fields.number("nodes", 0, k_nodes_max));
    if (nodes != 0) scenario.nodes = nodes;
    if (scenario.nodes == 0 || scenario.nodes > k_nodes_max) fields.fail("nodes",
        "a number from 1 to 200,000 is expected");
    scenario.duration = fields.seconds("duration_s", 0);
    if (scenario.duration == 0) fields.fail("duration_s", "more than 0 is expected");
    scenario.dead_permille = permille(fields, "dead_permille", 0);
    scenario.check_every = fields.number("check_every", scenario.check_every, 1'000'000'000);
    RETURN_IF_ERROR(read_link(fields.object("link"), scenario));
    RETURN_IF_ERROR(read_host(fields.object("host"), scenario.host));
    RETURN_IF_ERROR(read_churn(fields.object("churn"), scenario.churn));
    auto host = scenario.host;
    host.connections_max = HostOptions{}.connections_max;
    host.has_keys = false;
    if (scenario.link.fidelity == Fidelity::wire && !(host == HostOptions{})) {
        fields.fail("host", "only connections_max and keys can be chosen at F2: the rest is the swarm's own");
    }
    if (scenario.link.fidelity == Fidelity::wire && scenario.nodes > k_wire_nodes_max) {
        fields.fail("nodes", "at most 1,000 at F2");
    }
    scenario.draws_faults = fields.flag("draw_faults", false);
    for (auto const& item : fields.list("faults")) {
        ASSIGN_OR_RETURN(auto const fault, read_fault(item));
        scenario.faults.push_back(fault);
    }
    for (auto const& item : fields.list("byzantine")) {
        ASSIGN_OR_RETURN(auto const crowd, read_crowd(item));
        scenario.crowds.push_back(crowd);
    }
    scenario.workload = fields.text("workload", "");
    if (auto const* const options = fields.object("options")) scenario.options = *options;
    RETURN_IF_ERROR(read_expectations(fields.object("expect"), scenario));
    RETURN_IF_ERROR(fields.finish());
    return scenario;
}

}  // namespace ggen::sim
