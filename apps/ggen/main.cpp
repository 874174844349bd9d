#include <malloc.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "context.hpp"
#include "help.hpp"
#include "parse.hpp"
#include "process.hpp"

namespace ggen::cli {
namespace {

bool wants_color(std::string const& when, std::map<std::string, std::string> const& environment, int fd) {
    if (when == "always") return true;
    if (when == "never") return false;
    auto const no_color = environment.find("NO_COLOR");
    auto const term = environment.find("TERM");
    return is_terminal(fd) && (no_color == environment.end() || no_color->second.empty()) &&
           (term == environment.end() || term->second != "dumb");
}

OutputStyle style_of(Invocation const& invocation, std::map<std::string, std::string> const& environment) {
    OutputStyle style;
    auto const when = invocation.value("color");
    style.json = invocation.has("json");
    style.plain = invocation.has("plain");
    style.quiet = invocation.has("quiet");
    style.events = invocation.has("events");
    style.verbosity = static_cast<int>(invocation.count("verbose"));
    style.color_out = !style.plain && wants_color(when, environment, STDOUT_FILENO);
    style.color_err = wants_color(when, environment, STDERR_FILENO);
    style.width = style.plain ? 0 : terminal_columns();
    return style;
}

ExitCode run(Context& context) {
    auto const& invocation = context.args();
    auto& out = context.out();
    if (invocation.command == nullptr) {
        out.raw(invocation.path.empty() ? overview_page() : group_page(invocation.path));
        return ExitCode::ok;
    }
    if (invocation.wants_help) {
        out.raw(command_page(*invocation.command));
        return ExitCode::ok;
    }
    auto const code = invocation.command->run(context);
    if (code) return *code;
    static_cast<void>(out.flush());  // What was found stands before what went wrong.
    auto const exit_code = context.exit_code_for(code.error());
    out.error(code.error(), exit_code);
    return exit_code;
}

int run_program(std::vector<std::string> const& words) {
    secure_standard_streams();
    auto environment = environment_of_process();
    CommandLine const line{words};
    Output out{style_of(line.invocation(), environment)};
    if (line.failure()) {
        out.error(*line.failure(), ExitCode::usage);
        return static_cast<int>(ExitCode::usage);
    }
    static CancelToken cancel;
    cancel_on_interrupt(cancel);
    Context context{line.invocation(), out, std::move(environment), cancel};
    auto code = run(context);
    if (!out.flush() && code == ExitCode::ok) {
        code = ExitCode::failed;
        out.error(Error{Errc::io, "standard output: cannot be written"}, code);
    }
    return static_cast<int>(code);
}

}  // namespace
}  // namespace ggen::cli

int main(int argc, char** argv) {
#if defined(M_ARENA_MAX)
    // Threads here wait for the network most of the time: a heap for each of them costs memory and page faults.
    constexpr int k_heaps_max = 2;
    ::mallopt(M_ARENA_MAX, k_heaps_max);
#endif
    return ggen::cli::run_program(argc > 0 ? std::vector<std::string>(argv + 1, argv + argc)
                                           : std::vector<std::string>{});
}
