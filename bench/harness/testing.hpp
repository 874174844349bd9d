#pragma once

#include <string>
#include <vector>

#include "harness/result.hpp"

/// Made-up runs for tests of what judges them.
namespace ggen::bench::testing {

inline Figure figure(std::string metric, std::string unit, Kind kind, std::vector<double> values) {
    return {std::move(metric), std::move(unit), kind, std::move(values)};
}

inline TestResult result(std::string id, std::vector<Figure> figures, Outcome outcome = Outcome::passed) {
    TestResult out;
    out.group = id.substr(0, id.find('/'));
    out.id = std::move(id);
    out.outcome = outcome;
    out.figures = std::move(figures);
    return out;
}

inline Run run(std::string id, std::vector<TestResult> results) {
    Run out;
    out.id = std::move(id);
    out.label = "test";
    out.started.seconds = 1'900'000'000;
    out.is_complete = true;
    out.environment.cpu = "cpu";
    out.environment.cores = 2;
    out.environment.compiler = "gcc";
    out.environment.build_type = "Release";
    out.environment.commit = "0123456789ab";
    out.results = std::move(results);
    return out;
}

}  // namespace ggen::bench::testing
