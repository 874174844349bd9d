// The node of a profile: start, stop, the unit that a system runs it by.
#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "base/random.hpp"
#include "codec/multiaddr.hpp"
#include "context.hpp"
#include "daemonize.hpp"
#include "handlers.hpp"
#include "net/control_client.hpp"
#include "net/daemon/daemon.hpp"
#include "node_link.hpp"
#include "process.hpp"

namespace ggen::cli {
namespace {

constexpr std::chrono::seconds k_stop_max{20};

/// Every address that was given is understood before anything is started.
Result<void> check_addresses(Context& context, p2p::Settings const& settings) {
    for (auto const& text : settings.listen_addresses) {
        RETURN_IF_ERROR(context.check_argument(Multiaddr::parse(text)));
    }
    for (auto const& text : settings.bootstrap_nodes) {
        ASSIGN_OR_RETURN(auto const address, context.argument(Multiaddr::parse(text)));
        if (!address.peer_id()) return usage_error(text + " names no peer", "an address ends in /p2p/PEER");
    }
    return ok();
}

Result<p2p::Settings> settings_of(Context& context, p2p::Profile const& profile) {
    auto const& args = context.args();
    bool const is_named = args.has("config");
    auto const path = is_named ? absolute_path(args.value("config")) : profile.settings_path();
    ASSIGN_OR_RETURN(auto settings, p2p::Settings::load(context.files(), path, is_named));
    if (args.has("listen")) settings.listen_addresses = args.values("listen");
    for (auto const& peer : args.values("bootstrap")) settings.bootstrap_nodes.push_back(peer);
    if (args.has("dht-server")) settings.dht_server_mode = true;
    if (args.has("dht-client")) settings.dht_server_mode = false;
    if (args.has("no-mdns")) settings.mdns = false;
    if (args.has("witness")) settings.witness = args.value("witness");
    RETURN_IF_ERROR(check_addresses(context, settings));
    return settings;
}

void show(Context& context, Json report, bool is_detached) {
    auto& out = context.out();
    report.set("daemon", is_detached);
    if (out.wants_json()) {
        out.document("ggen.p2p-start/1", std::move(report));
    } else {
        out.field("peer", text_of(report, "peer"));
        out.field("pid", number_text(report, "pid"));
        for (auto const& address : texts_of(report, "addresses")) out.field("address", address);
        if (auto const witness = member_of(report, "witness"); witness.is_object()) {
            auto const url = text_of(witness, "url");
            out.field("witness", url.empty() ? "over libp2p" : url + " and over libp2p");
            out.field("witness key", text_of(witness, "key"));
        }
        if (is_detached) out.field("log", text_of(report, "log"));
        out.note(is_detached ? "it runs; `ggen p2p status` shows it, `ggen p2p stop` ends it"
                             : "it runs; Ctrl-C ends it");
    }
    static_cast<void>(out.flush());
}

/// What a node says while it runs: dated lines on stderr, which is its log when it is detached.
class NodeLog final : public Logger {
public:
    NodeLog(Output& out, Clock& clock) : out_(out), clock_(clock) {}
    void write(LogLevel level, std::string_view message) override {
        if (level == LogLevel::debug && out_.style().verbosity == 0) return;
        constexpr std::array k_names = {"error", "warning", "info", "debug"};
        auto const name = k_names[static_cast<std::size_t>(level)];
        out_.note(fmt::format("{} {}: {}", format_utc(clock_.wall_now()), name, message));
    }

private:
    Output& out_;
    Clock& clock_;
};

/// In the process that is the node.
Result<ExitCode> be_node(Context& context, p2p::DaemonOptions options, std::optional<ReadyPipe> pipe) {
    auto& log = options.log;
    ASSIGN_OR_RETURN(auto const stop, WakeEvent::create());
    auto daemon = p2p::Daemon::start(std::move(options));
    if (!daemon) {
        if (pipe) pipe->report(Json::object().set("error", control_error(daemon.error())).dump());
        return std::move(daemon).error();
    }
    notify_supervisor(context.environment(), fmt::format("READY=1\nMAINPID={}", ::getpid()));
    if (pipe) pipe->report(Json::object().set("result", (*daemon)->report()).dump());
    else show(context, (*daemon)->report(), false);
    log.info("the node runs as " + text_of((*daemon)->report(), "peer"));
    call_on_interrupt(&stop);
    auto const ran = (*daemon)->run(stop);
    call_on_interrupt(nullptr);
    RETURN_IF_ERROR(ran);
    notify_supervisor(context.environment(), "STOPPING=1");
    log.info("the node ended");
    return ExitCode::ok;
}

/// In the process that started it.
Result<ExitCode> tell_of_child(Context& context, std::string const& report, std::string const& log_path) {
    if (report.empty()) {
        return Error{Errc::internal, ErrorId::none, "the node ended before it was ready", "its log is " + log_path};
    }
    ASSIGN_OR_RETURN(auto const answer, Json::parse(report));
    if (auto const* const error = answer.find("error")) return parse_control_error(*error);
    auto const* const result = answer.find("result");
    show(context, result != nullptr ? *result : Json::object(), true);
    return ExitCode::ok;
}

}  // namespace

Result<ExitCode> run_p2p_start(Context& context) {
    ASSIGN_OR_RETURN(auto directories, Directories::from_environment(context.environment()));
    // A detached process works in the root directory.
    for (auto* const directory : {&directories.config, &directories.cache, &directories.data, &directories.state}) {
        *directory = absolute_path(*directory);
    }
    p2p::Profile const profile{directories};
    ASSIGN_OR_RETURN(auto settings, settings_of(context, profile));
    std::optional<ReadyPipe> pipe;
    if (context.args().has("daemon")) {
        RETURN_IF_ERROR(context.files().make_directories(profile.folder(), 0700));
        ASSIGN_OR_RETURN(auto detached, detach(profile.log_path()));
        if (!detached.child) return tell_of_child(context, detached.report, profile.log_path());
        pipe = std::move(detached.child);
    }
    SystemClock clock;
    SystemRandom random;
    NodeLog log{context.out(), clock};
    return be_node(context,
                   p2p::DaemonOptions{profile, std::move(settings), "ggen/" GGEN_VERSION, context.files(), clock,
                                      random, log, context.opener()},
                   std::move(pipe));
}

Result<ExitCode> run_p2p_stop(Context& context) {
    ASSIGN_OR_RETURN(auto const directories, Directories::from_environment(context.environment()));
    ASSIGN_OR_RETURN(auto node, ControlClient::connect(directories.state));
    ASSIGN_OR_RETURN(auto const answer, node.call("stop", Json::object(), {}, &context.cancel()));
    // Over when the profile is free for the next one.
    p2p::Profile const profile{directories};
    auto const end = std::chrono::steady_clock::now() + k_stop_max;
    for (;;) {
        RETURN_IF_ERROR(context.cancel().check());
        if (profile.lock(context.files())) break;
        if (std::chrono::steady_clock::now() >= end) {
            return Error{Errc::timed_out, ErrorId::none, "the node was told to stop and still runs",
                         "kill " + number_text(answer, "pid")};
        }
        ::usleep(20'000);
    }
    auto& out = context.out();
    if (out.wants_json()) out.document("ggen.p2p-stop/1", answer);
    else out.line("the node has ended");
    return ExitCode::ok;
}

Result<ExitCode> run_p2p_unit(Context& context) {
    ASSIGN_OR_RETURN(auto const program, context.files().read_symlink("/proc/self/exe"));
    context.out().raw(user_unit(program));
    return ExitCode::ok;
}

}  // namespace ggen::cli
