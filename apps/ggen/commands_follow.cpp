// Registries of peers: publish in the node's own one, follow those of others.
#include <fmt/format.h>

#include <algorithm>

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
    auto published = publish(*market, request);
    if (!published && published.error().id == ErrorId::log_writer_stopped) {
        RETURN_IF_ERROR(recover_from_peers(context, published.error()));
        published = publish(*market, request);
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
    ASSIGN_OR_RETURN(auto const peer, peer_argument(context));
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const followed, ask_node(context, "follow", Json::object().set("registry", peer.text())));
    RegistryAddRequest request;
    request.location = "p2p:" + peer.text();
    request.alias = args.value("alias");
    request.fingerprint = text_of(followed, "fingerprint");
    request.namespaces = args.has("namespace") ? args.values("namespace") : free_namespaces(market->config, followed);
    request.make_default = args.has("default");
    if (request.alias.empty()) request.alias = peer.text().substr(peer.text().size() - 8);
    for (char& c : request.alias) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (auto const known = find_registry(market->config, text_of(followed, "origin"))) request.alias = known->alias;
    if (request.namespaces.empty()) RETURN_IF_ERROR(p2p::keep_default_registry(*market));
    ASSIGN_OR_RETURN(auto const added, add_registry(*market, request));
    show_followed(context, followed, added);
    return ExitCode::ok;
}

Result<ExitCode> run_unfollow(Context& context) {
    ASSIGN_OR_RETURN(auto* const market, context.market());
    auto const text = context.args().positional(0);
    auto const known = find_registry(market->config, text);
    auto const origin = known ? known->origin : std::string{};
    auto label = origin.starts_with("p2p/") ? origin.substr(4) : std::string{};
    if (label.empty()) {
        ASSIGN_OR_RETURN(auto const peer, peer_argument(context));
        label = peer.text();
    }
    ASSIGN_OR_RETURN(auto const answer, ask_node(context, "unfollow", Json::object().set("registry", label)));
    if (auto const again = find_registry(market->config, text_of(answer, "origin"))) {
        RETURN_IF_ERROR(remove_registry(*market, again->alias));
    }
    if (context.out().wants_json()) context.out().document("ggen.p2p-unfollow/1", answer);
    else context.out().line(text_of(answer, "origin") + " is not followed any more; what is installed stays");
    return ExitCode::ok;
}

}  // namespace ggen::cli
