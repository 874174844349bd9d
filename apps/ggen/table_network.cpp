// The commands of the network: the node of a profile, its peers, and questions to a single peer.
#include "handlers.hpp"
#include "table.hpp"

namespace ggen::cli {
namespace {

constexpr std::string_view k_network = "The network";

PositionalSpec peer_positional() {
    return {.name = "MULTIADDR", .doc = "Where and who: ends in /p2p/PEER.", .required = true};
}

FlagSpec timeout_flag() {
    return {.name = "timeout", .value = "SECONDS", .doc = "For the connection, and again for each answer.",
            .fallback = "10"};
}

std::vector<CommandSpec> probe_commands() {
    return {
        {.path = "p2p ping",
         .group = k_network,
         .summary = "Ask a libp2p peer whether it answers",
         .description = "Over one connection with a key made for it. Names are looked up (dns4, dns6, dnsaddr). Exit "
                        "code 7 when a ping is not answered.",
         .examples = {{"p2p ping /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo…", "four pings, one a second"},
                      {"p2p ping /dnsaddr/bootstrap.example.org/p2p/12D3Koo… --count 1", ""}},
         .positionals = {peer_positional()},
         .flags = {{.name = "count", .letter = 'c', .value = "N", .doc = "How many pings.", .fallback = "4"},
                   {.name = "interval", .value = "MS", .doc = "Between two pings.", .fallback = "1000"},
                   timeout_flag()},
         .run = run_p2p_ping},
        {.path = "p2p identify",
         .group = k_network,
         .summary = "Ask a libp2p peer who it is and what it speaks",
         .examples = {{"p2p identify /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo…", ""}},
         .positionals = {peer_positional()},
         .flags = {timeout_flag()},
         .run = run_p2p_identify},
        {.path = "p2p perf",
         .group = k_network,
         .summary = "Measure transfers to and from a libp2p peer",
         .description = "The peer must serve /perf/1.0.0.",
         .examples = {{"p2p perf /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo… --download 256", ""}},
         .positionals = {peer_positional()},
         .flags = {{.name = "upload", .value = "MIB", .doc = "To the peer, on each stream.", .fallback = "0"},
                   {.name = "download", .value = "MIB", .doc = "From the peer, on each stream.", .fallback = "64"},
                   {.name = "streams", .value = "N", .doc = "At once, 1 to 128.", .fallback = "1"},
                   timeout_flag()},
         .run = run_p2p_perf},
    };
}

PositionalSpec peer_id_positional() {
    return {.name = "PEER", .doc = "A peer id, such as 12D3Koo….", .required = true};
}

std::vector<CommandSpec> node_commands() {
    return {
        {.path = "p2p start",
         .group = k_network,
         .summary = "Run the node of this profile",
         .description = "A node has a lasting identity and one log of its own. It serves what it publishes and "
                        "follows to anyone, and takes commands over a Unix socket of this user. One node runs for a "
                        "state directory.",
         .examples = {{"p2p start --daemon", "in the background, until `ggen p2p stop`"},
                      {"p2p start --listen /ip4/0.0.0.0/tcp/4001", "here, until Ctrl-C, at a port of your choice"},
                      {"p2p start --daemon --bootstrap /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo…",
                       "come in by a peer that you know"}},
         .flags = {{.name = "listen", .value = "MULTIADDR", .doc = "Where others can connect to.", .repeatable = true,
                    .fallback = "/ip4/0.0.0.0/tcp/0"},
                   {.name = "bootstrap", .value = "MULTIADDR", .doc = "A peer to come in by; ends in /p2p/PEER.",
                    .repeatable = true},
                   {.name = "daemon", .doc = "Detach, and return when the node takes commands."},
                   {.name = "dht-server", .doc = "Answer lookups of others (the default)."},
                   {.name = "dht-client", .doc = "Only ask: for machines that others cannot reach."},
                   {.name = "no-mdns", .doc = "Neither look for nor tell neighbours of the local network."},
                   {.name = "witness", .value = "IPV4:PORT", .doc = "Be a witness (C2SP tlog-witness) for the logs "
                    "that it follows: over HTTP there, and over libp2p. `p2p`: over libp2p alone."},
                   {.name = "config", .value = "FILE", .doc = "Settings of the node.",
                    .fallback = "p2p.toml of the configuration directory", .complete = Complete::file}},
         .run = run_p2p_start},
        {.path = "p2p stop",
         .group = k_network,
         .summary = "End the node of this profile",
         .examples = {{"p2p stop", "returns when it has ended"}},
         .run = run_p2p_stop},
        {.path = "p2p status",
         .group = k_network,
         .summary = "Show the node: who can reach it, what it provides, what to do next",
         .examples = {{"p2p status", ""}, {"p2p status --json", "for scripts"}},
         .run = run_p2p_status},
        {.path = "p2p unit",
         .group = k_network,
         .summary = "Print a systemd user unit that runs the node",
         .examples = {{"p2p unit", "save it as ~/.config/systemd/user/ggen-p2p.service"}},
         .run = run_p2p_unit},
    };
}

std::vector<CommandSpec> market_commands() {
    return {
        {.path = "p2p publish",
         .group = k_network,
         .summary = "Publish packages in the registry of this node",
         .description = "Its log is signed by the node's own key, so the peer id is all that others need to know. The "
                        "release is durable when this returns; the node tells its followers within a second and "
                        "serves it to anyone. Without a running node it is told when one starts.",
         .examples = {{"p2p publish .", "this directory"}, {"p2p publish packs/a packs/b", "two in one checkpoint"}},
         .positionals = {{.name = "PATH", .doc = "Packages.", .required = true, .repeatable = true,
                          .complete = Complete::directory}},
         .flags = {{.name = "tag", .letter = 't', .value = "VERSION", .doc = "Use this version instead of the "
                    "manifest's; one path only."}},
         .run = run_p2p_publish},
        {.path = "p2p search",
         .group = k_network,
         .summary = "Find packages here and in registries that connected peers know",
         .description = "Searches the registries of this machine, and asks up to 16 connected peers about those that "
                        "are not followed. What they answer is shown only when it comes with a proof that the log "
                        "of its registry holds the release.",
         .examples = {{"p2p search web server", "packages that have to do with both words"},
                      {"p2p search review --tags ai --limit 5 --format yaml", ""}},
         .positionals = {{.name = "QUERY", .doc = "Words to look for.", .required = true, .repeatable = true}},
         .flags = {{.name = "tags", .value = "TAG", .doc = "Only with this tag.", .repeatable = true},
                   {.name = "category", .letter = 'c', .value = "NAME", .doc = "Only this category."},
                   {.name = "limit", .letter = 'l', .value = "N", .doc = "Show at most N.", .fallback = "20"},
                   {.name = "timeout", .value = "MS", .doc = "How long to wait for peers.", .fallback = "2000"},
                   {.name = "format", .value = "FORMAT", .doc = "How to print them.", .choices = "table|json|yaml",
                    .fallback = "table"}},
         .run = run_p2p_search},
        {.path = "p2p blocks",
         .group = k_network,
         .summary = "List what nodes of IPFS can fetch from this node, by CID",
         .description = "The node serves the archives that it holds over bitswap 1.2. The CID of an archive is that "
                        "of a file of raw leaves of 256 KiB, as `ipfs add --cid-version 1` makes it; `ggen info NAME "
                        "--json` tells the digest of a package's archive.",
         .examples = {{"p2p blocks", ""}, {"p2p blocks sha256:…", "the CID of one archive"}},
         .positionals = {{.name = "DIGEST", .doc = "Only these archives.", .repeatable = true}},
         .run = run_p2p_blocks},
        {.path = "p2p recover",
         .group = k_network,
         .summary = "Bring the registry of this node back from peers that mirror it",
         .description = "For a profile that was restored from a backup, copied or damaged: signing on from an old "
                        "state would fork its log, so nothing is signed until this has looked. Entries that are "
                        "missing here come back from any peer that has them, verified. `ggen p2p publish` does the "
                        "same by itself "
                        "while a node runs.",
         .examples = {{"p2p recover", "asks connected peers and the DHT"},
                      {"p2p recover --alone", "nobody ever followed this node: what stands here is all there is"}},
         .flags = {{.name = "alone", .doc = "Ask nobody. If a peer does have more, publishing after this forks the log "
                    "for ever."}},
         .run = run_p2p_recover},
        {.path = "follow",
         .group = k_network,
         .summary = "Follow a registry among peers",
         .description = "The node mirrors its log from any peer that has it, verifies every entry, keeps it fresh and "
                        "serves it to others. Its packages are then found by search and installed like any others. "
                        "PEER follows the registry that a peer publishes in; the alias of a known registry reads it "
                        "from peers first, and from its own place too; a log id, as `p2p search --format json` shows "
                        "it, any other. Namespaces that no other registry has are taken from it.",
         .examples = {{"follow 12D3Koo…", "the registry that this peer publishes in"},
                      {"follow main", "a known registry, from peers too"},
                      {"follow 12D3Koo… --alias alice --namespace alice", "only this namespace"}},
         .positionals = {{.name = "REGISTRY", .doc = "A peer id, the alias or origin of a known registry, or a log id.",
                          .required = true}},
         .flags = {{.name = "alias", .value = "ALIAS", .doc = "How you call it.",
                    .fallback = "the end of the peer id"},
                   {.name = "namespace", .value = "NS", .doc = "Take this namespace from here alone.",
                    .repeatable = true},
                   {.name = "default", .doc = "Use it for names that no other registry claims."},
                   {.name = "fingerprint", .value = "DIGEST", .doc = "With a log id: the root file to take.",
                    .fallback = "the one that peers show first"}},
         .aliases = {"p2p follow"},
         .run = run_follow},
        {.path = "unfollow",
         .group = k_network,
         .summary = "Stop following a registry of a peer",
         .examples = {{"unfollow alice", "what is installed stays"}},
         .positionals = {{.name = "REGISTRY", .doc = "Alias or peer id.", .required = true,
                          .complete = Complete::registry}},
         .aliases = {"p2p unfollow"},
         .run = run_unfollow},
    };
}

std::vector<CommandSpec> peer_commands() {
    return {
        {.path = "p2p peer-list",
         .group = k_network,
         .summary = "List the connected peers",
         .description = "Reputation is this node's own memory of what a peer gave and failed to give, from -1000 to "
                        "100; 0 is a stranger. It says whom to ask first, never what to believe.",
         .examples = {{"p2p peer-list", "best first"}, {"p2p peer-list --min-reputation 1 --format yaml", ""}},
         .flags = {{.name = "min-reputation", .value = "N", .doc = "Only peers with at least this reputation."},
                   {.name = "limit", .letter = 'l', .value = "N", .doc = "At most so many.", .fallback = "10000"},
                   {.name = "format", .value = "FORMAT", .doc = "How to print them.", .choices = "table|json|yaml",
                    .fallback = "table"}},
         .run = run_p2p_peer_list},
        {.path = "p2p peer-info",
         .group = k_network,
         .summary = "Show one connected peer",
         .examples = {{"p2p peer-info 12D3Koo… --full", ""}},
         .positionals = {peer_id_positional()},
         .flags = {{.name = "full", .doc = "Also its protocols and addresses."}},
         .run = run_p2p_peer_info},
        {.path = "p2p bootstrap",
         .group = k_network,
         .summary = "Connect the node to peers to come in by",
         .examples = {{"p2p bootstrap /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo…", ""}},
         .positionals = {{.name = "MULTIADDR", .doc = "Where and who: ends in /p2p/PEER.", .required = true,
                          .repeatable = true}},
         .flags = {{.name = "timeout", .value = "SECONDS", .doc = "For each of them.", .fallback = "60"}},
         .run = run_p2p_bootstrap},
        {.path = "p2p connect",
         .group = k_network,
         .summary = "Connect the node to a peer",
         .examples = {{"p2p connect /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo…", ""}},
         .positionals = {peer_positional()},
         .flags = {timeout_flag()},
         .run = run_p2p_connect},
        {.path = "p2p disconnect",
         .group = k_network,
         .summary = "Close the node's connections to a peer",
         .examples = {{"p2p disconnect 12D3Koo…", ""}},
         .positionals = {peer_id_positional()},
         .run = run_p2p_disconnect},
    };
}

}  // namespace

std::vector<CommandSpec> network_commands() {
    auto commands = node_commands();
    for (auto& command : market_commands()) commands.push_back(std::move(command));
    for (auto& command : peer_commands()) commands.push_back(std::move(command));
    for (auto& command : probe_commands()) commands.push_back(std::move(command));
    return commands;
}

}  // namespace ggen::cli
