// What the node of this profile knows of its peers, and whom it is to connect to.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "codec/multiaddr.hpp"
#include "context.hpp"
#include "handlers.hpp"
#include "node_link.hpp"
#include "shapes.hpp"
#include "yaml.hpp"

namespace ggen::cli {
namespace {

constexpr std::uint64_t k_timeout_seconds_max = 3600;
constexpr std::uint64_t k_list_max = 10'000;

Result<double> decimal_flag(Context& context, std::string_view flag, double fallback) {
    if (!context.args().has(flag)) return fallback;
    auto const text = context.args().value(flag);
    double value = 0;
    auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{} || end != text.data() + text.size()) {
        return usage_error(fmt::format("--{} needs a number, not `{}`", flag, text));
    }
    return value;
}

/// The peers that the flags of peer-list leave, best first.
Result<Json::Array> chosen_peers(Context& context, Json const& answer) {
    constexpr double k_lowest = -1e9;
    ASSIGN_OR_RETURN(auto const least, decimal_flag(context, "min-reputation", k_lowest));
    ASSIGN_OR_RETURN(auto const limit, context.number("limit", k_list_max, k_list_max));
    Json::Array chosen;
    for (auto const& peer : list_of(answer, "peers")) {
        if (decimal_of(peer, "reputation") >= least) chosen.push_back(peer);
    }
    std::stable_sort(chosen.begin(), chosen.end(), [](Json const& a, Json const& b) {
        return decimal_of(a, "reputation") > decimal_of(b, "reputation");
    });
    if (chosen.size() > limit) chosen.resize(limit);
    return chosen;
}

std::string count_text(Json const& document, std::string_view key, std::string_view singular) {
    return count_of(static_cast<std::uint64_t>(number_of(document, key)), singular);
}

std::string round_trip_text(Json const& peer) {
    auto const time = number_of(peer, "round_trip_us", -1);
    return time < 0 ? "-" : format_duration(static_cast<std::uint64_t>(time));
}

void show_table(Context& context, Json::Array const& peers) {
    bool const is_verbose = context.args().has("verbose");
    Table table{{"PEER", "REPUTATION", "ROUND TRIP", "DIRECTION", "ADDRESS"}, {}};
    if (is_verbose) table.headings.insert(table.headings.end() - 1, {"STREAMS", "SINCE"});
    for (auto const& peer : peers) {
        table.rows.push_back({text_of(peer, "peer"), fmt::format("{:.1f}", decimal_of(peer, "reputation")),
                              round_trip_text(peer), text_of(peer, "direction"), text_of(peer, "address")});
        if (!is_verbose) continue;
        auto& row = table.rows.back();
        auto const since = fmt::format("{} s", number_of(peer, "connected_seconds"));
        row.insert(row.end() - 1, {number_text(peer, "streams"), since});
    }
    context.out().table(table);
    if (peers.empty()) context.out().note("no peer; `ggen p2p connect MULTIADDR` brings one in");
}

/// Sentences on how others reach this node, and what to do about it.
std::pair<std::string, std::string> reachability_text(Json const& status) {
    auto const reach = member_of(status, "reachability");
    if (is_set(reach, "reachable")) {
        return {fmt::format("yes: {} connected from outside {} s ago", text_of(reach, "checked_by"),
                            number_of(reach, "seconds_ago")),
                ""};
    }
    if (number_of(status, "peers") == 0) {
        return {"not known: no peer is connected", "ggen p2p connect MULTIADDR, or start with --bootstrap MULTIADDR"};
    }
    return {"not known: nobody has connected from another machine yet",
            "if others cannot connect, open the port of a listening address in your router or firewall"};
}

/// What it provides, what it follows, and how much came and went.
void show_market(Output& out, Json const& market) {
    auto const own = member_of(market, "own");
    out.field("publishes", fmt::format("{}, {} entries", text_of(own, "origin"), number_of(own, "size")));
    for (auto const& followed : list_of(market, "followed")) {
        out.field("follows", fmt::format("{}, {} entries, {} releases, {} held", text_of(followed, "origin"),
                                         number_of(followed, "size"), number_of(followed, "releases"),
                                         count_text(followed, "archives", "archive")));
        auto const evidence = text_of(followed, "evidence");
        auto const problem = text_of(followed, "problem");
        if (!evidence.empty()) out.warning("it signed two histories that contradict each other: " + evidence);
        else if (!problem.empty()) out.warning(problem);
    }
    out.field("from peers", format_bytes(static_cast<std::uint64_t>(number_of(market, "received_bytes"))));
    out.field("to peers", format_bytes(static_cast<std::uint64_t>(number_of(market, "served_bytes"))));
}

Result<Json> connect_one(Context& context, std::string const& address, std::uint64_t seconds) {
    auto arguments = Json::object();
    arguments.set("address", address);
    arguments.set("timeout", seconds);
    return ask_node(context, "connect", std::move(arguments));
}

Result<std::vector<std::string>> peer_addresses(Context& context) {
    for (auto const& text : context.args().positionals) {
        ASSIGN_OR_RETURN(auto const address, context.argument(Multiaddr::parse(text), "MULTIADDR"));
        if (!address.peer_id() || address.parts().size() < 2) {
            return usage_error(text + " does not say where and who", "an address ends in /p2p/PEER");
        }
    }
    return context.args().positionals;
}

}  // namespace

Result<ExitCode> run_p2p_status(Context& context) {
    ASSIGN_OR_RETURN(auto status, ask_node(context, "status", Json::object()));
    auto& out = context.out();
    auto const [reachable, next] = reachability_text(status);
    status.set("next", next);
    if (out.wants_json()) {
        out.document("ggen.p2p-status/1", std::move(status));
        return ExitCode::ok;
    }
    out.field("peer", text_of(status, "peer"));
    out.field("profile", text_of(status, "profile"));
    out.field("runs", fmt::format("{} s, pid {}", number_of(status, "uptime_seconds"), number_of(status, "pid")));
    for (auto const& address : texts_of(status, "addresses")) out.field("address", address);
    out.field("reachable", reachable);
    out.field("peers", fmt::format("{}, {}", count_text(status, "peers", "peer"),
                                   count_text(status, "connections", "connection")));
    if (auto const dht = member_of(status, "dht"); dht.is_object()) {
        out.field("dht", fmt::format("{} in the table, {} provided", count_text(dht, "table_peers", "peer"),
                                     count_text(dht, "provides", "record")));
    }
    show_market(out, member_of(status, "market"));
    if (auto const bitswap = member_of(status, "bitswap"); number_of(bitswap, "served_blocks") > 0) {
        out.field("to ipfs", format_bytes(static_cast<std::uint64_t>(number_of(bitswap, "served_bytes"))));
    }
    for (auto const& warning : texts_of(status, "warnings")) out.warning(warning);
    if (!next.empty()) out.note("next: " + next);
    return ExitCode::ok;
}

Result<ExitCode> run_p2p_blocks(Context& context) {
    auto digests = Json::array();
    for (auto const& text : context.args().positionals) {
        RETURN_IF_ERROR(context.check_argument(Digest::parse(text)));
        digests.push(text);
    }
    bool const wants_some = !context.args().positionals.empty();
    ASSIGN_OR_RETURN(auto answer, ask_node(context, "blocks", Json::object().set("digests", std::move(digests))));
    auto const& blobs = list_of(answer, "blobs");
    if (wants_some && blobs.empty()) {
        return Error{Errc::not_found, ErrorId::p2p_not_held, "this node does not hold " + context.args().positional(0),
                     "install the package, or publish it: what came by peers is served"};
    }
    auto& out = context.out();
    if (out.wants_json()) {
        out.document("ggen.p2p-blocks/1", std::move(answer));
        return ExitCode::ok;
    }
    Table table{{"CID", "SIZE", "ARCHIVE"}, {}};
    for (auto const& blob : blobs) {
        table.rows.push_back({text_of(blob, "cid"), format_bytes(static_cast<std::uint64_t>(number_of(blob, "bytes"))),
                              text_of(blob, "digest")});
    }
    out.table(table);
    if (blobs.empty()) out.note("nothing is held yet; `ggen p2p publish` and installs from peers bring archives");
    return ExitCode::ok;
}

Result<ExitCode> run_p2p_peer_list(Context& context) {
    ASSIGN_OR_RETURN(auto const answer, ask_node(context, "peers", Json::object()));
    ASSIGN_OR_RETURN(auto peers, chosen_peers(context, answer));
    auto& out = context.out();
    auto const format = context.args().value("format");
    auto document = Json::object();
    document.set("total", std::uint64_t{peers.size()});
    if (out.wants_json() || format == "json") {
        document.set("peers", Json{std::move(peers)});
        out.document("ggen.p2p-peer-list/1", std::move(document));
    } else if (format == "yaml") {
        document.set("peers", Json{std::move(peers)});
        out.raw(yaml(document));
    } else {
        show_table(context, peers);
    }
    return ExitCode::ok;
}

Result<ExitCode> run_p2p_peer_info(Context& context) {
    auto const wanted = context.args().positional(0);
    ASSIGN_OR_RETURN(auto const peer_id, context.argument(PeerId::parse(wanted), "PEER"));
    ASSIGN_OR_RETURN(auto const answer, ask_node(context, "peers", Json::object()));
    auto const& peers = list_of(answer, "peers");
    auto const at = std::find_if(peers.begin(), peers.end(),
                                 [&](Json const& peer) { return text_of(peer, "peer") == peer_id.text(); });
    if (at == peers.end()) {
        return Error{Errc::not_found, ErrorId::p2p_peer_unreachable, wanted + " is not connected",
                     "ggen p2p peer-list"};
    }
    auto& out = context.out();
    if (out.wants_json()) {
        out.document("ggen.p2p-peer-info/1", *at);
        return ExitCode::ok;
    }
    out.field("peer", text_of(*at, "peer"));
    out.field("address", text_of(*at, "address"));
    out.field("direction", text_of(*at, "direction"));
    out.field("connected", fmt::format("{} s", number_of(*at, "connected_seconds")));
    out.field("reputation", fmt::format("{:.1f}{}", decimal_of(*at, "reputation"),
                                        is_set(*at, "stranger") ? " (a stranger: nothing came from it yet)" : ""));
    out.field("round trip", round_trip_text(*at));
    if (!context.args().has("full")) return ExitCode::ok;
    out.field("streams", number_text(*at, "streams"));
    out.field("holds", format_bytes(static_cast<std::uint64_t>(number_of(*at, "held_bytes"))));
    for (auto const& address : texts_of(*at, "addresses")) out.field("listens at", address);
    for (auto const& protocol : texts_of(*at, "protocols")) out.field("protocol", protocol);
    return ExitCode::ok;
}

Result<ExitCode> run_p2p_connect(Context& context) {
    ASSIGN_OR_RETURN(auto const addresses, peer_addresses(context));
    ASSIGN_OR_RETURN(auto const seconds, context.number("timeout", 10, k_timeout_seconds_max));
    ASSIGN_OR_RETURN(auto const answer, connect_one(context, addresses.front(), seconds));
    if (context.out().wants_json()) context.out().document("ggen.p2p-connect/1", answer);
    else context.out().line("connected to " + text_of(answer, "peer"));
    return ExitCode::ok;
}

Result<ExitCode> run_p2p_bootstrap(Context& context) {
    ASSIGN_OR_RETURN(auto const addresses, peer_addresses(context));
    ASSIGN_OR_RETURN(auto const seconds, context.number("timeout", 60, k_timeout_seconds_max));
    auto connected = Json::array();
    auto failed = Json::array();
    std::optional<Error> first_error;
    for (auto const& address : addresses) {
        auto const answer = connect_one(context, address, seconds);
        if (answer) {
            connected.push(*answer);
            if (!context.out().wants_json()) context.out().line("connected to " + text_of(*answer, "peer"));
            continue;
        }
        if (answer.error().id == ErrorId::p2p_no_node || answer.error().code == Errc::cancelled) return answer.error();
        failed.push(Json::object().set("address", address).set("error", answer.error().context));
        if (first_error) context.out().warning(answer.error().context);
        else first_error = answer.error();
    }
    bool const has_any = !connected.if_array()->empty();
    if (!has_any && first_error) return *first_error;
    if (first_error) context.out().warning(first_error->context);
    if (context.out().wants_json()) {
        auto json = Json::object();
        json.set("connected", std::move(connected));
        json.set("failed", std::move(failed));
        context.out().document("ggen.p2p-bootstrap/1", std::move(json));
    }
    return ExitCode::ok;
}

Result<ExitCode> run_p2p_disconnect(Context& context) {
    ASSIGN_OR_RETURN(auto const peer, context.argument(PeerId::parse(context.args().positional(0)), "PEER"));
    ASSIGN_OR_RETURN(auto const answer, ask_node(context, "disconnect", Json::object().set("peer", peer.text())));
    if (context.out().wants_json()) context.out().document("ggen.p2p-disconnect/1", answer);
    else context.out().line("disconnected from " + text_of(answer, "peer"));
    return ExitCode::ok;
}

}  // namespace ggen::cli
