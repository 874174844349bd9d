#pragma once

#include <string>
#include <vector>

#include "base/time.hpp"
#include "codec/json.hpp"
#include "context.hpp"
#include "market/install.hpp"
#include "registry/state.hpp"

/// JSON and text shapes that several commands share.
namespace ggen::cli {

[[nodiscard]] Json json_list(std::vector<std::string> const& words);
/// "a, b, c".
[[nodiscard]] std::string joined(std::vector<std::string> const& words, std::string_view between = ", ");
/// null for the time 0.
[[nodiscard]] Json json_time(UnixTime time);
[[nodiscard]] Json json_version(VersionState const& version);
/// "", "yanked", "deprecated (replaced)"…
[[nodiscard]] std::string status_words(VersionState const& version);
[[nodiscard]] Json json_blob(BlobRef const& blob);

/// Names from the command line. Errors: invalid (usage: exit code 2).
[[nodiscard]] Result<std::vector<PackageName>> parse_names(Context& context, std::vector<std::string> const& texts);
[[nodiscard]] Result<std::vector<PackageSpec>> parse_specs(Context& context, std::vector<std::string> const& texts);

/// Renders what install, update, remove and lock have in common. A conflict becomes exit code 8, or 3
/// with similar names when the package does not exist at all.
[[nodiscard]] Result<ExitCode> render_outcome(Context& context, std::string_view schema, std::string_view doing,
                                              InstallOutcome const& outcome);

/// `error` of a file that was to prove something: whatever is wrong with it, it proves nothing (exit 6).
[[nodiscard]] Error distrusted(Error error, std::string_view path);
/// Names in the catalogues that resemble `name`, as a sentence; where to look when there are none.
[[nodiscard]] std::string package_hint(Context& context, std::string const& name);
/// The explanation as an error with exit code 8; its lines "help: …" become the help.
[[nodiscard]] Error no_solution_error(Conflict const& conflict);
/// No solution as an error: exit code 8, or 3 with similar names when the package does not exist at all.
[[nodiscard]] Error conflict_error(Context& context, Conflict const& conflict);

}  // namespace ggen::cli
