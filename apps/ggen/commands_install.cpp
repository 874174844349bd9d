#include "handlers.hpp"
#include "process.hpp"
#include "shapes.hpp"

namespace ggen::cli {
namespace {

Result<std::optional<LinkMode>> link_mode_of(Context& context) {
    if (!context.args().has("link")) return std::optional<LinkMode>{};
    ASSIGN_OR_RETURN(auto const mode, parse_link_mode(context.args().value("link")));
    return std::optional{mode};
}

}  // namespace

Result<ExitCode> run_install(Context& context) {
    auto const& args = context.args();
    InstallRequest request;
    ASSIGN_OR_RETURN(request.packages, parse_specs(context, args.positionals));
    ASSIGN_OR_RETURN(request.link_mode, link_mode_of(context));
    request.registry = context.registry();
    if (args.has("target")) request.target = absolute_path(args.value("target"));
    request.frozen = args.has("frozen");
    request.dry_run = context.is_dry_run();
    request.force = args.has("force");
    request.wants_lockfile = context.out().wants_json();
    request.no_dependencies = args.has("no-dependencies");
    if (request.frozen && !request.packages.empty()) {
        return usage_error("--frozen installs what ggen.lock says; it takes no names",
                           "leave --frozen out to add a package");
    }
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const outcome, install(*market, request));
    return render_outcome(context, "ggen.install/1", "install", outcome);
}

Result<ExitCode> run_update(Context& context) {
    UpdateRequest request;
    ASSIGN_OR_RETURN(request.packages, parse_names(context, context.args().positionals));
    ASSIGN_OR_RETURN(request.link_mode, link_mode_of(context));
    request.all = context.args().has("all");
    request.dry_run = context.is_dry_run();
    if (request.packages.empty() && !request.all) {
        return usage_error("`update` needs names or --all", "ggen update --all");
    }
    if (!request.packages.empty() && request.all) {
        return usage_error("`update` takes names or --all, not both", "ggen update --all");
    }
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const outcome, update(*market, request));
    return render_outcome(context, "ggen.update/1", "update", outcome);
}

Result<ExitCode> run_remove(Context& context) {
    RemoveRequest request;
    ASSIGN_OR_RETURN(request.packages, parse_names(context, context.args().positionals));
    request.dry_run = context.is_dry_run();
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const outcome, remove_packages(*market, request));
    return render_outcome(context, "ggen.remove/1", "remove", outcome);
}

Result<ExitCode> run_rollback(Context& context) {
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const outcome, roll_back(*market, context.is_dry_run()));
    return render_outcome(context, "ggen.rollback/1", "rollback", outcome);
}

Result<ExitCode> run_lock(Context& context) {
    ASSIGN_OR_RETURN(auto* const market, context.market());
    ASSIGN_OR_RETURN(auto const outcome, lock(*market, context.is_dry_run()));
    return render_outcome(context, "ggen.lock/1", "lock", outcome);
}

}  // namespace ggen::cli
