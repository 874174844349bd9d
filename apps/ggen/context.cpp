#include "context.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>

#include "net/http_client.hpp"
#include "net/opener.hpp"
#include "process.hpp"
#include "event_lines.hpp"
#include "progress.hpp"

namespace ggen::cli {
namespace {

HttpOptions http_options() {
    auto options = HttpOptions::from_environment();
    options.user_agent = "ggen/" GGEN_VERSION;
    return options;
}

/// What a mirror of peers' registries stands below; a broken environment is told where directories are needed.
std::string state_directory_of(std::map<std::string, std::string> const& environment) {
    auto const directories = Directories::from_environment(environment);
    return directories ? directories->state : std::string{};
}

}  // namespace

struct Context::Parts {
    Parts(Output& out, CancelToken& cancel, std::map<std::string, std::string> const& environment)
        : files(make_posix_file_system()),
          client(http_options(), random, cancel),
          opener(*files, client, state_directory_of(environment), cancel),
          progress(out, is_terminal(STDERR_FILENO) && !out.style().quiet && !out.style().events) {
        opener.set_peer_progress([this, &out](BlobArrival const& arrival) {
            ProgressEvent const event{ProgressEvent::Kind::fetch_shares, {}, arrival.done, arrival.total, 0, {},
                                      arrival.digest.text(), arrival.shares};
            observer(out).on_event(event);  // Both observers are thread-safe.
        });
    }

    Observer& observer(Output const& out) { return out.style().events ? static_cast<Observer&>(events) : progress; }

    std::unique_ptr<FileSystem> files;
    SystemClock clock;
    SystemRandom random;
    HttpClient client;
    LocationOpener opener;
    Progress progress;
    EventLines events;
    std::unique_ptr<Market> market;
};

Context::Context(Invocation const& invocation, Output& out, std::map<std::string, std::string> environment,
                 CancelToken& cancel)
    : invocation_(invocation),
      out_(out),
      environment_(std::move(environment)),
      cancel_(cancel),
      parts_(std::make_unique<Parts>(out, cancel, environment_)) {}

Context::~Context() = default;

FileSystem& Context::files() { return *parts_->files; }

HttpGetter& Context::http() { return parts_->client; }

SourceOpener& Context::opener() { return parts_->opener; }

Result<Market*> Context::market() {
    if (parts_->market) return parts_->market.get();
    auto const project = absolute_path(invocation_.value("project"));
    auto const info = parts_->files->info(project);
    if (invocation_.has("project") && !info) {
        return wrap(info.error(), "--project " + invocation_.value("project"));
    }
    ASSIGN_OR_RETURN(auto directories, Directories::from_environment(environment_));
    ASSIGN_OR_RETURN(auto config, Config::load(*parts_->files, directories, project, environment_));
    if (invocation_.has("offline")) config.offline = true;
    parts_->market = std::make_unique<Market>(
        Market{*parts_->files, parts_->clock, parts_->random, out_, parts_->opener, parts_->observer(out_), cancel_,
               std::move(directories), std::move(config), project});
    return parts_->market.get();
}

Result<std::uint64_t> Context::number(std::string_view flag, std::uint64_t fallback, std::uint64_t max) const {
    if (!invocation_.has(flag)) return fallback;
    auto const text = invocation_.value(flag);
    std::uint64_t value = 0;
    auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{} || end != text.data() + text.size() || value > max) {
        return usage_error(fmt::format("--{} needs a whole number from 0 to {}, not `{}`", flag, max, text));
    }
    return value;
}

Result<std::string> Context::needed(std::string_view flag) const {
    auto value = invocation_.value(flag);
    if (value.empty()) {
        return usage_error(fmt::format("`{}` needs --{}", invocation_.path, flag),
                           fmt::format("`ggen help {}` shows the flags with examples", invocation_.path));
    }
    return value;
}

Result<Bytes> Context::read_user_file(std::string const& path, std::uint64_t bytes_max) {
    return files().read_file(path, bytes_max);
}

ExitCode Context::exit_code_for(Error const& error) const {
    return is_usage_error_ && error.code == Errc::invalid ? ExitCode::usage : exit_code_of(error);
}

Error usage_error(std::string text, std::string help) {
    return Error{Errc::invalid, ErrorId::usage, std::move(text), std::move(help)};
}

}  // namespace ggen::cli
