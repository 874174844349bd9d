// Our part in libp2p's tests of implementations against each other (libp2p/unified-testing), whose members are told
// by the environment what to do and find each other over Redis:
//   transport  IS_DIALER, TRANSPORT, SECURE_CHANNEL, MUXER, LISTENER_IP, TEST_KEY, REDIS_ADDR
//   kad-dht    ROLE (bootstrap, provider, querier), TEST_KEY, REDIS_ADDR
//   libp2p/test-plans, before: is_dialer, transport, security, muxer, ip, redis_addr
// Results go to standard output, talk to standard error; exit code 0 = passed.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "role_node.hpp"
#include "role_store.hpp"

namespace ggen::p2p::interop {
namespace {

constexpr std::chrono::seconds k_wait{180};

std::string environment(char const* name, char const* old_name = nullptr) {
    auto const* value = std::getenv(name);
    if (value == nullptr && old_name != nullptr) value = std::getenv(old_name);
    return value == nullptr ? std::string{} : std::string{value};
}

std::chrono::seconds patience() {
    auto const text = environment("TEST_TIMEOUT_SECS", "test_timeout_seconds");
    int seconds = 0;
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    return seconds > 0 ? std::chrono::seconds{seconds} : k_wait;
}

double milliseconds(std::chrono::nanoseconds duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

/// What the test asks for and this stack does not have.
Result<void> check_layers() {
    auto const has = [](std::string const& value, std::string_view ours) { return value.empty() || value == ours; };
    auto const transport = environment("TRANSPORT", "transport");
    auto const security = environment("SECURE_CHANNEL", "security");
    auto const muxer = environment("MUXER", "muxer");
    if (!has(transport, "tcp")) return Error{Errc::refused, "transport " + transport + ": this stack has tcp"};
    if (!has(security, "noise")) return Error{Errc::refused, "security " + security + ": this stack has noise"};
    if (!has(muxer, "yamux")) return Error{Errc::refused, "muxer " + muxer + ": this stack has yamux"};
    return ok();
}

/// `own` as others reach it: they cannot dial 0.0.0.0.
std::string reachable(Multiaddr const& own, RoleStore const& store) {
    auto text = own.text();
    constexpr std::string_view any = "/ip4/0.0.0.0/";
    if (text.starts_with(any)) text.replace(0, any.size(), "/ip4/" + store.own_ip() + "/");
    return text;
}

/// Dials what it is told to, and prints what it measured.
Result<void> dial(RoleStore& store, std::string const& key, bool is_old) {
    ASSIGN_OR_RETURN(auto const text, store.take(key, patience()));
    ASSIGN_OR_RETURN(auto const address, Multiaddr::parse(text));
    ASSIGN_OR_RETURN(auto const node, RoleNode::create(std::nullopt));
    ASSIGN_OR_RETURN(auto const first, node->ping(address));
    ASSIGN_OR_RETURN(auto const second, node->ping(address));
    if (is_old) {
        fmt::print("{{\"handshakePlusOneRTTMillis\":{:.3f},\"pingRTTMilllis\":{:.3f}}}\n", milliseconds(first.in_all),
                   milliseconds(second.round_trip));
    } else {
        fmt::print("latency:\n  handshake_plus_one_rtt: {:.3f}\n  ping_rtt: {:.3f}\n  unit: ms\n",
                   milliseconds(first.in_all), milliseconds(second.round_trip));
    }
    return ok();
}

Result<void> play_transport() {
    bool const is_old = std::getenv("IS_DIALER") == nullptr;
    RETURN_IF_ERROR(check_layers());
    ASSIGN_OR_RETURN(auto store, RoleStore::connect(environment("REDIS_ADDR", "redis_addr")));
    auto const key = is_old ? std::string{"listenerAddr"} : environment("TEST_KEY") + "_listener_multiaddr";
    if (environment("IS_DIALER", "is_dialer") == "true") return dial(store, key, is_old);
    auto const ip = environment("LISTENER_IP", "ip");
    ASSIGN_OR_RETURN(auto const node, RoleNode::create(std::nullopt));
    ASSIGN_OR_RETURN(auto const own, node->listen(ip.empty() ? "0.0.0.0" : ip));
    RETURN_IF_ERROR(store.offer(key, reachable(own, store)));
    node->serve();
    return ok();
}

Result<void> play_provider(RoleNode& node, RoleStore& store, std::string const& key) {
    RETURN_IF_ERROR(node.provide("interop-test-key-" + key));
    RETURN_IF_ERROR(node.put("/example/data/" + key, "hello from ggen"));
    RETURN_IF_ERROR(store.set(key + "_provider_done", "done"));
    node.serve();
    return ok();
}

Result<void> play_querier(RoleNode& node, RoleStore& store, std::string const& key) {
    RETURN_IF_ERROR(store.wait(key + "_provider_done", patience()));
    ASSIGN_OR_RETURN(auto const providers, node.find_providers("interop-test-key-" + key));
    ASSIGN_OR_RETURN(auto const value, node.get("/example/data/" + key));
    std::fprintf(stderr, "libp2p_role: %zu providers, value '%s'\n", providers, value.c_str());
    if (value.find("hello from") == std::string::npos) return Error{Errc::corrupt, "no greeting but '" + value + "'"};
    fmt::print("status: pass\n");
    return ok();
}

Result<void> play_kad(std::string const& role) {
    ASSIGN_OR_RETURN(auto store, RoleStore::connect(environment("REDIS_ADDR")));
    auto const key = environment("TEST_KEY");
    ASSIGN_OR_RETURN(auto const node, RoleNode::create(role == "querier" ? KadMode::client : KadMode::server));
    ASSIGN_OR_RETURN(auto const own, node->listen(store.own_ip()));
    if (role == "bootstrap") {
        RETURN_IF_ERROR(store.set(key + "_bootstrap_addr", own.text()));
        node->serve();
        return ok();
    }
    ASSIGN_OR_RETURN(auto const text, store.wait(key + "_bootstrap_addr", patience()));
    ASSIGN_OR_RETURN(auto const address, Multiaddr::parse(text));
    RETURN_IF_ERROR(node->bootstrap(address));
    if (role == "provider") return play_provider(*node, store, key);
    if (role == "querier") return play_querier(*node, store, key);
    return Error{Errc::invalid, "no role " + role};
}

}  // namespace
}  // namespace ggen::p2p::interop

int main() {
    auto const role = ggen::p2p::interop::environment("ROLE");
    auto const done = role.empty() ? ggen::p2p::interop::play_transport() : ggen::p2p::interop::play_kad(role);
    if (done) return 0;
    if (!role.empty()) fmt::print("error: {}\nstatus: fail\n", done.error().context);
    std::fprintf(stderr, "libp2p_role: %s\n", done.error().context.c_str());
    return 1;
}
