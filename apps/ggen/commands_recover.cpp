// The node's own registry after a restored backup: whole again, or silent.
#include <fmt/format.h>

#include "context.hpp"
#include "handlers.hpp"
#include "node_link.hpp"
#include "recover.hpp"
#include "shapes.hpp"

namespace ggen::cli {
namespace {

constexpr char const* k_next =
    "ggen p2p connect MULTIADDR to a follower of this node, then ggen p2p recover; if nobody ever followed it: "
    "ggen p2p recover --alone";

/// What is known now says better what to do than who refused could.
Error with_next(Error error, std::string next) {
    error.help = std::move(next);
    return error;
}

}  // namespace

Result<void> recover_from_peers(Context& context, Error const& why) {
    auto const answer = ask_node(context, "recover", Json::object());
    if (!answer) {
        if (answer.error().id != ErrorId::p2p_no_node) return answer.error();
        return with_next(why, "ggen p2p start --daemon, then again: peers who mirror this registry are asked");
    }
    if (number_of(*answer, "holders") > 0) return ok();
    auto const asked = count_of(static_cast<std::uint64_t>(number_of(*answer, "asked")), "peer");
    return with_next(why, fmt::format("none of {} has a copy: {}", asked, k_next));
}

Result<ExitCode> run_p2p_recover(Context& context) {
    bool const is_alone = context.args().has("alone");
    ASSIGN_OR_RETURN(auto const answer, ask_node(context, "recover", Json::object().set("alone", is_alone)));
    auto const holders = static_cast<std::uint64_t>(number_of(answer, "holders"));
    if (!is_alone && holders == 0) {
        return Error{Errc::not_found, ErrorId::p2p_not_held,
                     fmt::format("none of {} has a copy of this node's registry",
                                 count_of(static_cast<std::uint64_t>(number_of(answer, "asked")), "peer")),
                     k_next};
    }
    if (context.out().wants_json()) {
        context.out().document("ggen.p2p-recover/1", answer);
    } else if (is_alone) {
        context.out().line("what stands here is all there is; it may be published in again");
    } else {
        context.out().line(fmt::format("{} came back; {} had a copy", count_of(static_cast<std::uint64_t>(
                                           number_of(answer, "restored")), "entry", "entries"),
                                       count_of(holders, "peer")));
    }
    return ExitCode::ok;
}

}  // namespace ggen::cli
