#include "handlers.hpp"
#include "table.hpp"

namespace ggen::cli {
namespace {

constexpr std::string_view k_group = "Run registries";
constexpr std::string_view k_machine = "This machine";

std::vector<CommandSpec> registry_commands() {
    return {
        {.path = "registry create",
         .group = k_group,
         .summary = "Make a registry: a folder with a signed log",
         .description = "The folder can be copied behind any static web server. Its keys stay in the configuration "
                        "directory of this machine.",
         .examples = {{"registry create ~/registry --origin acme/main --alias main", ""}},
         .positionals = {{.name = "DIR", .doc = "An empty or new directory.", .required = true,
                          .complete = Complete::directory}},
         .flags = {{.name = "alias", .value = "ALIAS", .doc = "How you call it.", .fallback = "name of the directory"},
                   {.name = "origin", .value = "NAME", .doc = "Name of its log, for ever.",
                    .fallback = "<user>/<directory>"}},
         .run = run_registry_create},
        {.path = "registry add",
         .group = k_group,
         .summary = "Trust and use a registry",
         .description = "Its root file is pinned. Without --fingerprint the first answer is trusted and its "
                        "fingerprint printed, to be compared by another way.",
         .examples = {{"registry add https://packs.example.org --alias main", "trust on first use"},
                      {"registry add /mnt/registry --fingerprint sha256:…", "only if the root file is this one"}},
         .positionals = {{.name = "LOCATION", .doc = "Folder or address.", .required = true,
                          .complete = Complete::directory}},
         .flags = {{.name = "alias", .value = "ALIAS", .doc = "How you call it.",
                    .fallback = "last part of its origin"},
                   {.name = "fingerprint", .value = "SHA256", .doc = "Expected fingerprint of the root file."},
                   {.name = "namespace", .value = "NS", .doc = "Take this namespace from here alone.",
                    .repeatable = true},
                   {.name = "mirror", .value = "LOCATION", .doc = "Asked when the location fails.",
                    .repeatable = true},
                   {.name = "default", .doc = "Use it for names that no other registry claims."}},
         .run = run_registry_add},
        {.path = "registry list",
         .group = k_group,
         .summary = "List the known registries",
         .examples = {{"registry list", ""}},
         .run = run_registry_list},
        {.path = "registry remove",
         .group = k_group,
         .summary = "Forget a registry; its folder stays",
         .examples = {{"registry remove main", ""}},
         .positionals = {{.name = "ALIAS", .doc = "The registry.", .required = true, .complete = Complete::registry}},
         .run = run_registry_remove},
        {.path = "registry fsck",
         .group = k_group,
         .summary = "Check a registry folder down to every byte",
         .examples = {{"registry fsck", "the default registry"},
                      {"registry fsck main --repair", "rewrite derived files from the log"}},
         .positionals = {{.name = "REGISTRY", .doc = "Alias or folder.", .complete = Complete::registry}},
         .flags = {{.name = "repair", .doc = "Rewrite tiles and state objects; entries and archives never are."}},
         .run = run_registry_fsck},
        {.path = "registry rebuild",
         .group = k_group,
         .summary = "Rebuild the search catalogue from the log",
         .examples = {{"registry rebuild", "of every registry"}},
         .positionals = {{.name = "REGISTRY", .doc = "Only this one.", .complete = Complete::registry}},
         .run = run_registry_rebuild},
    };
}

PositionalSpec witnessed_positional() {
    return {.name = "REGISTRY", .doc = "Alias of a registry.", .required = true, .complete = Complete::registry};
}

FlagSpec quorum_flag() {
    return {.name = "quorum", .value = "N", .doc = "From now on N of the witnesses must have cosigned a checkpoint.",
            .fallback = "as it was"};
}

std::vector<CommandSpec> witness_commands() {
    return {
        {.path = "witness list",
         .group = k_group,
         .summary = "Show who cosigns the log of a registry, and how many must",
         .description = "A witness (C2SP tlog-witness) cosigns a checkpoint only when it extends the last one that it "
                        "cosigned, so a registry whose root file demands enough of them cannot show different "
                        "histories to different people.",
         .examples = {{"witness list main", ""}},
         .positionals = {{.name = "REGISTRY", .doc = "Alias of a registry.", .complete = Complete::registry}},
         .run = run_witness_list},
        {.path = "witness add",
         .group = k_group,
         .summary = "Ask one more witness before a checkpoint of your registry becomes public",
         .description = "The witness has to know the log: a node does that follows it (`ggen p2p start --witness`). "
                        "Its key goes into a new version of the root file, which everybody takes by himself; its "
                        "place stays on this machine. Peers are asked by the node of this profile. Again with "
                        "another place: it is asked there.",
         .examples = {{"witness add main w.example/w+1a2b3c4d+BA… https://witness.example", "over HTTP"},
                      {"witness add own p2p/12D3Koo…/witness+1a2b3c4d+BA… /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo… "
                       "--quorum 1",
                       "a peer; and no checkpoint counts without it"}},
         .positionals = {witnessed_positional(),
                         {.name = "KEY", .doc = "Its cosignature key, as it prints it.", .required = true},
                         {.name = "PLACE", .doc = "Its address, or where the peer is: http(s)://…, /ip4/…/p2p/PEER, "
                          "PEER.", .required = true}},
         .flags = {quorum_flag()},
         .run = run_witness_add},
        {.path = "witness remove",
         .group = k_group,
         .summary = "Ask a witness no more",
         .examples = {{"witness remove main w.example/w", ""}},
         .positionals = {witnessed_positional(), {.name = "NAME", .doc = "The name of its key.", .required = true}},
         .flags = {quorum_flag()},
         .run = run_witness_remove},
        {.path = "witness quorum",
         .group = k_group,
         .summary = "Say how many witnesses must have cosigned a checkpoint",
         .description = "Readers refuse a checkpoint with fewer (GM0315), and publishing waits until they have it. 0 "
                        "demands none.",
         .examples = {{"witness quorum main 2", ""}},
         .positionals = {witnessed_positional(), {.name = "N", .doc = "How many.", .required = true}},
         .run = run_witness_quorum},
    };
}

std::vector<CommandSpec> import_commands() {
    return {
        {.path = "import npm",
         .group = k_group,
         .summary = "Bring npm packages with their dependencies into a registry",
         .description = "Takes every version that the ranges can reach, checks npm's integrity values, and publishes "
                        "each as a signed release: react becomes NS/react, @a/b becomes a/b. Run it again to "
                        "continue after an interruption.",
         .examples = {{"import npm express@^4 --into main --namespace npm", "with the whole closure"},
                      {"import npm express --into main --namespace npm --locked", "only the chosen versions"}},
         .positionals = {{.name = "NAME[@RANGE]", .doc = "Packages, as npm calls them.", .required = true,
                          .repeatable = true}},
         .flags = {{.name = "into", .value = "REGISTRY", .doc = "The registry to publish to (needed).",
                    .complete = Complete::registry},
                   {.name = "namespace", .value = "NS", .doc = "Namespace for names without a scope (needed)."},
                   {.name = "locked", .doc = "Only the versions that the resolver chooses."},
                   {.name = "from", .value = "URL", .doc = "The npm registry.",
                    .fallback = "`npm config get registry`"},
                   {.name = "max-releases", .value = "N", .doc = "Stop when the closure has more releases.",
                    .fallback = "20000"}},
         .run = run_import_npm},
        {.path = "import tree",
         .group = k_group,
         .summary = "Publish every package below a directory",
         .examples = {{"import tree packs --into main", ""}},
         .positionals = {{.name = "DIR", .doc = "Searched for gpack.toml.", .required = true,
                          .complete = Complete::directory}},
         .flags = {{.name = "into", .value = "REGISTRY", .doc = "The registry to publish to (needed).",
                    .complete = Complete::registry},
                   dry_run_flag()},
         .run = run_import_tree},
    };
}

std::vector<CommandSpec> machine_commands() {
    return {
        {.path = "cache list",
         .group = k_machine,
         .summary = "List the packages and generations in the store",
         .examples = {{"cache list", ""}},
         .run = run_cache_list},
        {.path = "cache gc",
         .group = k_machine,
         .summary = "Remove packages from the store that were not used for long",
         .description = "Kept are the generations that a project links to or may roll back to, their packages, and "
                        "those that the ggen.lock of a known project names. Safe beside running installs.",
         .examples = {{"cache gc", ""}, {"cache gc --min-age 0 --dry-run", "what could go now"}},
         .flags = {{.name = "min-age", .value = "DAYS", .doc = "Keep what was used within DAYS.", .fallback = "30"},
                   {.name = "max-size", .value = "MIB", .doc = "Remove at any age, the oldest first, what no project "
                    "needs until the store is this small."},
                   dry_run_flag()},
         .run = run_cache_gc},
        {.path = "cache verify",
         .group = k_machine,
         .summary = "Hash every file of the store again",
         .examples = {{"cache verify", "damaged packages are set aside and fetched anew when needed"}},
         .run = run_cache_verify},
        {.path = "config list",
         .group = k_machine,
         .summary = "List the settings",
         .examples = {{"config list --origin", "and where each comes from"}},
         .flags = {{.name = "origin", .doc = "Show where each value comes from."}},
         .run = run_config_list},
        {.path = "config get",
         .group = k_machine,
         .summary = "Print one setting",
         .examples = {{"config get link_mode", ""}},
         .positionals = {{.name = "KEY", .doc = "The setting.", .required = true, .complete = Complete::config_key}},
         .run = run_config_get},
        {.path = "config set",
         .group = k_machine,
         .summary = "Change one setting of this user",
         .examples = {{"config set link_mode hardlink", ""}, {"config set link_mode ''", "back to the default"}},
         .positionals = {{.name = "KEY", .doc = "The setting.", .required = true, .complete = Complete::config_key},
                         {.name = "VALUE", .doc = "An empty value removes it.", .required = true}},
         .run = run_config_set},
        {.path = "doctor",
         .group = k_machine,
         .summary = "Check this machine: directories, keys, registries, network",
         .examples = {{"doctor", "everything"}, {"doctor --check registry", "whether the registries answer"}},
         .flags = {{.name = "check", .value = "NAME",
                    .doc = "Only the checks whose name begins so: store, signing key, clock, registry, project."},
                   {.name = "env", .doc = "Also show the variables of the environment that count."}},
         .run = run_doctor},
    };
}

}  // namespace

std::vector<CommandSpec> operator_commands() {
    auto commands = registry_commands();
    for (auto& command : witness_commands()) commands.push_back(std::move(command));
    for (auto& command : import_commands()) commands.push_back(std::move(command));
    for (auto& command : network_commands()) commands.push_back(std::move(command));
    for (auto& command : machine_commands()) commands.push_back(std::move(command));
    return commands;
}

}  // namespace ggen::cli
