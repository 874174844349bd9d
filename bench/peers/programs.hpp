#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/process.hpp"

/// Programs that a comparison starts: harness/process.hpp with the time that a whole closure may take.
namespace ggen::bench {

/// `words` with `extra` in its environment, in `directory` ("" = this one); its standard error stands in the result.
[[nodiscard]] Command command_of(std::vector<std::string> words, std::map<std::string, std::string> const& extra = {},
                                 std::string directory = "");

/// Runs it to its end. Errors: io (it does not start, or ends with another exit than 0: with the end of what it said).
[[nodiscard]] Result<Finished> run_well(Command const& command);
[[nodiscard]] Result<Finished> run_well(std::vector<std::string> words,
                                        std::map<std::string, std::string> const& extra = {});

/// Instructions of a run, as callgrind counts them; 0 when valgrind is not installed or the run failed.
[[nodiscard]] std::uint64_t instructions_of(std::vector<std::string> words,
                                            std::map<std::string, std::string> const& extra = {});

}  // namespace ggen::bench
