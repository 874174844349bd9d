#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/file_system.hpp"
#include "import/http_getter.hpp"
#include "market/market.hpp"
#include "output.hpp"
#include "parse.hpp"

namespace ggen::cli {

/// What a command stands on: its flags, the output, and a Market that is made when first asked for, so
/// that `semver` or `help` work on a machine with a broken configuration.
class Context {
public:
    Context(Invocation const& invocation, Output& out, std::map<std::string, std::string> environment,
            CancelToken& cancel);
    ~Context();
    Context(Context const&) = delete;
    Context& operator=(Context const&) = delete;

    [[nodiscard]] Invocation const& args() const { return invocation_; }
    [[nodiscard]] Output& out() { return out_; }
    [[nodiscard]] FileSystem& files();
    [[nodiscard]] CancelToken& cancel() { return cancel_; }
    [[nodiscard]] std::map<std::string, std::string> const& environment() const { return environment_; }
    /// The program with the flags applied over the configuration. Errors: those of Config::load.
    Result<Market*> market();
    [[nodiscard]] HttpGetter& http();
    /// Of folders, web servers and what the node mirrors.
    [[nodiscard]] SourceOpener& opener();

    /// `result`; its error becomes a usage error (exit code 2), because it came from the command line.
    /// `flag` is put before its text.
    template <class T>
    [[nodiscard]] Result<T> argument(Result<T> result, std::string_view flag = {}) {
        if (result) return result;
        if (result.error().code == Errc::invalid) is_usage_error_ = true;
        return flag.empty() ? std::move(result) : wrap(std::move(result).error(), flag);
    }
    /// The same when only its correctness counts.
    template <class T>
    [[nodiscard]] Result<void> check_argument(Result<T> const& result) {
        if (result) return ok();
        if (result.error().code == Errc::invalid) is_usage_error_ = true;
        return result.error();
    }
    /// A number flag. Errors: invalid (usage).
    [[nodiscard]] Result<std::uint64_t> number(std::string_view flag, std::uint64_t fallback,
                                               std::uint64_t max = 1'000'000'000) const;
    /// A flag that the command cannot do without. Errors: invalid (usage).
    [[nodiscard]] Result<std::string> needed(std::string_view flag) const;
    [[nodiscard]] bool is_dry_run() const { return invocation_.has("dry-run"); }
    [[nodiscard]] std::string registry() const { return invocation_.value("registry"); }

    /// A whole small file that the user named. Errors: not_found, too_large, io.
    [[nodiscard]] Result<Bytes> read_user_file(std::string const& path, std::uint64_t bytes_max);

    /// The exit code for an error that the command returned.
    [[nodiscard]] ExitCode exit_code_for(Error const& error) const;

private:
    struct Parts;  // The objects that a Market refers to.
    Invocation const& invocation_;
    Output& out_;
    std::map<std::string, std::string> environment_;
    CancelToken& cancel_;
    std::unique_ptr<Parts> parts_;
    bool is_usage_error_ = false;
};

[[nodiscard]] Error usage_error(std::string text, std::string help = {});

}  // namespace ggen::cli
