// Registries of peers: publish in the node's own one, follow those of others.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/random.hpp"
#include "context.hpp"
#include "handlers.hpp"
#include "market/publish.hpp"
#include "market/registries.hpp"
#include "market/registry_set.hpp"
#include "node/own_registry.hpp"
#include "node_link.hpp"
#include "process.hpp"
#include "publish_report.hpp"
#include "recover.hpp"
#include "shapes.hpp"

namespace ggen::cli {
namespace {

/// A peer id, as such, as a location or as the name of its log.
Result<PeerId> peer_argument(Context& context) {
    auto const text = context.args().positional(0);
    std::string_view word = text;
    for (std::string_view const prefix : {"p2p:", "p2p/"}) {
        if (word.starts_with(prefix)) word.remove_prefix(prefix.size());
    }
    return context.argument(PeerId::parse(word), "PEER");
}

constexpr std::string_view k_peers_location = "p2p:";
constexpr std::size_t k_log_id_digits = 64;
constexpr std::chrono::seconds k_busy_wait{10};
constexpr std::chrono::milliseconds k_busy_pause{50};

bool is_log_id(std::string_view text) {
    return text.size() == k_log_id_digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// What the node is asked to follow.
struct FollowWish {
    Json arguments = Json::object();
    bool is_peer = false;                  ///< The registry that a peer publishes in.
    bool is_trusted_on_first_use = false;
    bool known = false;                    ///< The configuration says who it is: its root file is pinned.
};

std::vector<std::string> places_of(KnownRegistry const& known) {
    std::vector<std::string> out{known.location};
    out.insert(out.end(), known.mirrors.begin(), known.mirrors.end());
    return out;
}

/// Peers first, but for a folder of this machine: nothing is nearer, and its owner publishes there.
void set_places(RegistryAddRequest& request, std::string peers, std::vector<std::string> others) {
    request.location = std::move(peers);
    request.mirrors = std::move(others);
    bool const is_folder = !request.mirrors.empty() && request.mirrors.front().find("://") == std::string::npos;
    if (is_folder) std::swap(request.location, request.mirrors.front());
}

/// A registry that is known goes by its pinned root file, and its places stay of use.
Result<FollowWish> known_wish(Market& market, KnownRegistry const& known) {
    FollowWish wish;
    wish.known = true;
    ASSIGN_OR_RETURN(auto const source, market.opener.open(known.location));
    ASSIGN_OR_RETURN(auto const root, load_pinned_root(market, known, *source));
    wish.arguments.set("root", root.note);
    auto places = Json::array();
    for (auto const& place : places_of(known)) {
        if (!place.starts_with(k_peers_location)) places.push(place);
    }
    wish.arguments.set("sources", std::move(places));
    return wish;
}

Result<FollowWish> follow_wish(Context& context, Market& market) {
    auto const text = context.args().positional(0);
    auto const fingerprint = context.args().value("fingerprint");
    auto const known = find_registry(market.config, text);
    if (known && !p2p::peer_of_origin(known->origin)) return known_wish(market, *known);
    FollowWish wish;
    if (is_log_id(text)) {
        wish.is_trusted_on_first_use = fingerprint.empty();
        wish.arguments.set("registry", text);
        if (!fingerprint.empty()) {
            RETURN_IF_ERROR(context.check_argument(Digest::parse(fingerprint)));
            wish.arguments.set("fingerprint", fingerprint);
        }
        return wish;
    }
    wish.is_peer = true;
    if (known) {
        wish.arguments.set("registry", p2p::peer_of_origin(known->origin)->text());
        return wish;
    }
    ASSIGN_OR_RETURN(auto const peer, peer_argument(context));
    wish.arguments.set("registry", peer.text());
    return wish;
}

/// Namespaces of the followed log that come from no other registry yet.
std::vector<std::string> free_namespaces(Config const& config, Json const& followed) {
    std::vector<std::string> out;
    auto const origin = text_of(followed, "origin");
    for (auto& name : texts_of(followed, "namespaces")) {
        bool const is_taken = std::any_of(config.registries.begin(), config.registries.end(), [&](auto const& known) {
            return known.origin != origin &&
                   std::find(known.namespaces.begin(), known.namespaces.end(), name) != known.namespaces.end();
        });
        if (!is_taken) out.push_back(std::move(name));
    }
    return out;
}

void show_followed(Context& context, Json document, RegistryAddReport const& added) {
    auto& out = context.out();
    if (out.wants_json()) {
        document.set("alias", added.registry.alias);
        document.set("taken_namespaces", json_list(added.registry.namespaces));
        out.document("ggen.p2p-follow/1", std::move(document));
        return;
    }
    out.field("alias", added.registry.alias);
    out.field("origin", added.registry.origin);
    out.field("entries", number_text(document, "size"));
    out.field("releases", number_text(document, "releases"));
    out.field("namespaces", joined(added.registry.namespaces));
    out.note("its packages are found by `ggen search`; its log is kept fresh while the node runs");
}

/// The node writes to this registry too while it brings entries back, for a moment.
Result<PublishReport> publish_when_free(Market& market, PublishRequest const& request) {
    auto const gives_up_at = std::chrono::steady_clock::now() + k_busy_wait;
    for (;;) {
        auto published = publish(market, request);
        if (published || published.error().id != ErrorId::registry_busy) return published;
        if (std::chrono::steady_clock::now() >= gives_up_at) return published;
        std::this_thread::sleep_for(k_busy_pause);
    }
}

}  // namespace

Result<ExitCode> run_p2p_publish(Context& context) {
    auto const& args = context.args();
    PublishRequest request;
    for (auto const& path : args.positionals) request.directories.push_back(absolute_path(path));
    request.version = args.value("tag");
    if (!request.version.empty() && request.directories.size() > 1) {
        return usage_error("--tag gives one version; publish one path with it");
    }
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const key, load_publisher_key(*market));
    auto const name = key.verifier().name;
    p2p::Profile const profile{market->directories};
    if (!market->files.info(join_path(profile.registry_folder(), "checkpoint"))) {
        // The first time; or it was lost, and those who are connected have it.
        static_cast<void>(ask_node(context, "recover", Json::object().set("connected_alone", true)));
    }
    ASSIGN_OR_RETURN(auto const own, p2p::remember_own_registry(*market, profile, {name.substr(0, name.find('/'))}));
    request.registry = own.alias;
    auto published = publish_when_free(*market, request);
    if (!published && published.error().id == ErrorId::log_writer_stopped) {
        RETURN_IF_ERROR(recover_from_peers(context, published.error()));
        published = publish_when_free(*market, request);
    }
    if (!published) return std::move(published).error();
    auto const& report = *published;
    auto const told = ask_node(context, "announce", Json::object());
    auto& out = context.out();
    if (out.wants_json()) {
        auto document = json_published(report, false);
        document.set("announced", told.has_value());
        document.set("followers", told ? Json{number_of(*told, "followers")} : Json{});
        out.document("ggen.p2p-publish/1", std::move(document));
        return ExitCode::ok;
    }
    render_published(context, "ggen.p2p-publish/1", report, false);
    if (told) {
        out.note(fmt::format("told to {}; others find it by: ggen follow {}",
                             count_of(static_cast<std::uint64_t>(number_of(*told, "followers")), "follower"),
                             own.origin.substr(own.origin.find('/') + 1)));
        return ExitCode::ok;
    }
    // It stands in the log and is told as soon as a node runs.
    out.warning("nobody was told: " + told.error().context);
    if (!told.error().help.empty()) out.note("next: " + told.error().help);
    return ExitCode::ok;
}

Result<ExitCode> run_follow(Context& context) {
    auto const& args = context.args();
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto wish, follow_wish(context, *market));
    ASSIGN_OR_RETURN(auto const followed, ask_node(context, "follow", std::move(wish.arguments)));
    RegistryAddRequest request;
    set_places(request, std::string{k_peers_location} + text_of(followed, "peer"), texts_of(followed, "sources"));
    request.alias = args.value("alias");
    request.fingerprint = text_of(followed, "fingerprint");
    request.namespaces = args.has("namespace") ? args.values("namespace") : free_namespaces(market->config, followed);
    request.make_default = args.has("default");
    if (auto const known = find_registry(market->config, text_of(followed, "origin"))) {
        request.alias = known->alias;
        if (wish.known) request.namespaces = known->namespaces;
    }
    if (request.alias.empty()) {
        auto const label = text_of(followed, "peer");
        request.alias = wish.is_peer ? label.substr(label.size() - 8) : "log-" + label.substr(0, 8);
    }
    for (char& c : request.alias) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (request.namespaces.empty()) RETURN_IF_ERROR(p2p::keep_default_registry(*market));
    ASSIGN_OR_RETURN(auto const added, add_registry(*market, request));
    if (wish.is_trusted_on_first_use) {
        context.out().warning("its root file was taken from a peer on first use; compare its fingerprint: " +
                              *request.fingerprint);
    }
    show_followed(context, followed, added);
    return ExitCode::ok;
}

Result<ExitCode> run_unfollow(Context& context) {
    ASSIGN_OR_RETURN(auto* const market, context.market());
    auto const text = context.args().positional(0);
    auto const known = find_registry(market->config, text);
    auto label = text;
    auto const places = known ? places_of(*known) : std::vector<std::string>{};
    auto const at = std::find_if(places.begin(), places.end(),
                                 [](std::string const& place) { return place.starts_with(k_peers_location); });
    if (at != places.end()) {
        label = at->substr(k_peers_location.size());
    } else if (!is_log_id(text)) {
        ASSIGN_OR_RETURN(auto const peer, peer_argument(context));
        label = peer.text();
    }
    ASSIGN_OR_RETURN(auto const answer, ask_node(context, "unfollow", Json::object().set("registry", label)));
    if (auto again = find_registry(market->config, text_of(answer, "origin"))) {
        auto others = places_of(*again);
        std::erase_if(others, [](std::string const& place) { return place.starts_with(k_peers_location); });
        if (others.empty()) {
            RETURN_IF_ERROR(remove_registry(*market, again->alias));
        } else {  // It has a place of its own, where it is read again.
            again->location = others.front();
            again->mirrors.assign(others.begin() + 1, others.end());
            RETURN_IF_ERROR(add_config_registry(market->files, market->directories, *again));
        }
    }
    if (context.out().wants_json()) context.out().document("ggen.p2p-unfollow/1", answer);
    else context.out().line(text_of(answer, "origin") + " is not followed any more; what is installed stays");
    return ExitCode::ok;
}

}  // namespace ggen::cli
