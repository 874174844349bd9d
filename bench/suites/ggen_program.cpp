#include "suites/ggen_program.hpp"

#include <cstdlib>
#include <filesystem>

namespace ggen::bench {

Result<std::string> ggen_program() {
    if (char const* const named = std::getenv("GGEN_PROGRAM")) return std::string{named};
    std::error_code failed;
    auto const self = std::filesystem::read_symlink("/proc/self/exe", failed);
    auto const beside = (self.parent_path() / "ggen").string();
    if (failed || !std::filesystem::exists(beside, failed)) {
        return Error{Errc::unavailable, ErrorId::none, beside + " is not there",
                     "build the target ggen, or set GGEN_PROGRAM"};
    }
    return beside;
}

Command program_in_world(MarketWorld& world, std::string const& program, std::vector<std::string> words) {
    Command out;
    out.words = {program};
    out.words.insert(out.words.end(), words.begin(), words.end());
    out.directory = world.market().project_directory;
    auto const& directories = world.market().directories;
    out.environment = {"GGEN_CONFIG_DIR=" + directories.config, "GGEN_CACHE_DIR=" + directories.cache,
                       "GGEN_DATA_DIR=" + directories.data, "GGEN_STATE_DIR=" + directories.state,
                       "NO_COLOR=1"};
    out.is_quiet = true;
    return out;
}

}  // namespace ggen::bench
