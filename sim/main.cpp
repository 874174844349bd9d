// ggen-sim: runs a scenario of the network in virtual time (docs/simulator.md).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/interop_workload.hpp"
#include "sim/many_seeds.hpp"
#include "sim/run.hpp"
#include "sim/samples.hpp"

namespace ggen::sim {
namespace {

constexpr std::uint64_t k_jobs_max = 256;

constexpr char const* k_usage =
    "Usage: ggen-sim --scenario FILE [options]\n"
    "       ggen-sim --params FILE --nodes N [--log DIRECTORY] [options]\n"
    "Runs the protocols of the network in virtual time and prints one line for each run.\n\n"
    "  --scenario FILE      what happens (docs/simulator.md; examples in sim/scenarios)\n"
    "  --params FILE        a gossipsub-interop experiment instead (libp2p/test-plans)\n"
    "  --log DIRECTORY      where its nodes write their lines\n"
    "  --seed S             decides everything that is random (default 1)\n"
    "  --seeds COUNT        so many runs, with the seeds S, S + 1, ...\n"
    "  --jobs N             so many of them at the same time (default 1); the lines keep their order\n"
    "  --medians A:B:N      over all of them the median of figure A is at most N times that of B\n"
    "  --nodes N            instead of the number in the scenario\n"
    "  --rtt FILE           matrix of round trips in ms, as text or .zst, instead of the shipped model\n"
    "  --checkpoints FILE   writes the digest after every 1,000 events\n"
    "  --compare FILE       tells where this run first differs from such a file\n"
    "Exit: 0 all runs good, 1 an invariant or expectation failed, 2 usage or input.\n";

/// What is to hold over all seeds: the median of one figure in ms is at most so many times that of another.
struct Medians {
    std::string of;
    std::string to;
    std::uint64_t most = 1;
};

struct Arguments {
    std::string scenario;
    std::string params;
    std::string log;
    RunOptions run;
    SeedRange seeds;
    std::string checkpoints;
    std::string compare;
    std::optional<Medians> medians;
};

Result<std::uint64_t> parse_number(std::string_view name, std::string_view text, std::uint64_t most) {
    std::uint64_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value > most) {
        return Error{Errc::invalid, fmt::format("{} takes a number up to {}, not \"{}\"", name, most, text)};
    }
    return value;
}

Result<Medians> parse_medians(std::string_view text) {
    auto const first = text.find(':');
    auto const second = first == std::string_view::npos ? first : text.find(':', first + 1);
    if (second == std::string_view::npos) return Error{Errc::invalid, "--medians takes FIGURE:FIGURE:TIMES"};
    Medians medians{std::string{text.substr(0, first)}, std::string{text.substr(first + 1, second - first - 1)}, 1};
    ASSIGN_OR_RETURN(medians.most, parse_number("--medians", text.substr(second + 1), 1'000));
    return medians;
}

Result<Arguments> parse_arguments(std::vector<std::string_view> const& words) {
    Arguments arguments;
    for (std::size_t i = 0; i < words.size(); i += 2) {
        auto const name = words[i];
        if (i + 1 == words.size()) return Error{Errc::invalid, fmt::format("{} needs a value, or is unknown", name)};
        auto const value = words[i + 1];
        if (name == "--scenario") {
            arguments.scenario = value;
        } else if (name == "--params") {
            arguments.params = value;
        } else if (name == "--log") {
            arguments.log = value;
        } else if (name == "--seed") {
            ASSIGN_OR_RETURN(arguments.seeds.first, parse_number(name, value, ~0ULL));
        } else if (name == "--seeds") {
            ASSIGN_OR_RETURN(arguments.seeds.count, parse_number(name, value, 1'000'000));
        } else if (name == "--jobs") {
            ASSIGN_OR_RETURN(auto const jobs, parse_number(name, value, k_jobs_max));
            arguments.seeds.jobs = static_cast<unsigned>(jobs);
        } else if (name == "--medians") {
            ASSIGN_OR_RETURN(arguments.medians, parse_medians(value));
        } else if (name == "--nodes") {
            ASSIGN_OR_RETURN(auto const nodes, parse_number(name, value, k_nodes_max));
            arguments.run.nodes = static_cast<std::uint32_t>(nodes);
        } else if (name == "--rtt") {
            arguments.run.rtt_path = value;
        } else if (name == "--checkpoints") {
            arguments.checkpoints = value;
        } else if (name == "--compare") {
            arguments.compare = value;
        } else {
            return Error{Errc::invalid, fmt::format("unknown option {}", name)};
        }
    }
    if (arguments.scenario.empty() == arguments.params.empty()) {
        return Error{Errc::invalid, "either --scenario FILE or --params FILE is needed"};
    }
    if (!arguments.params.empty() && arguments.run.nodes == 0) return Error{Errc::invalid, "--params needs --nodes"};
    return arguments;
}

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

Result<std::string> read_text(std::string const& path, std::size_t bytes_max) {
    File const file{std::fopen(path.c_str(), "rb"), &std::fclose};
    if (file == nullptr) return Error{Errc::io, path + ": cannot be opened"};
    std::string text;
    std::array<char, 1 << 14> chunk{};
    while (auto const count = std::fread(chunk.data(), 1, chunk.size(), file.get())) {
        text.append(chunk.data(), count);
        if (text.size() > bytes_max) return Error{Errc::too_large, path + ": too large"};
    }
    return text;
}

Result<void> write_checkpoints(std::string const& path, std::vector<std::uint64_t> const& checkpoints) {
    File const file{std::fopen(path.c_str(), "wb"), &std::fclose};
    if (file == nullptr) return Error{Errc::io, path + ": cannot be written"};
    for (auto const digest : checkpoints) {
        if (std::fprintf(file.get(), "%016llx\n", static_cast<unsigned long long>(digest)) < 0) {
            return Error{Errc::io, path + ": cannot be written"};
        }
    }
    return std::fflush(file.get()) == 0 ? ok() : Error{Errc::io, path + ": cannot be written"};
}

Result<std::string> compare(std::string const& path, std::vector<std::uint64_t> const& checkpoints) {
    ASSIGN_OR_RETURN(auto const text, read_text(path, 64 * k_mib));
    std::vector<std::uint64_t> other;
    for (std::size_t at = 0; at + 16 <= text.size(); at += 17) {
        std::uint64_t digest = 0;
        auto const [end, error] = std::from_chars(text.data() + at, text.data() + at + 16, digest, 16);
        if (error != std::errc{}) return Error{Errc::invalid, path + ": not a file of checkpoints"};
        other.push_back(digest);
    }
    auto const first = first_divergence(checkpoints, other);
    if (!first) return fmt::format("no difference in {} checkpoints", std::min(checkpoints.size(), other.size()));
    return fmt::format("first difference: events {} to {}", *first * Trace::k_events_per_checkpoint,
                       (*first + 1) * Trace::k_events_per_checkpoint);
}

std::string summary(std::uint64_t count, std::uint64_t failed, double seconds, std::map<std::string, Samples>& times) {
    auto text = fmt::format("{} runs, {} failed, {:.1f} seeds/s", count, failed, static_cast<double>(count) / seconds);
    for (auto& [name, samples] : times) {
        text += fmt::format("; {} p50 {:.1f} p99 {:.1f} most {:.1f}", name, samples.ms(500), samples.ms(990),
                            samples.ms(1'000));
    }
    return text;
}

bool judge(Medians const& medians, std::map<std::string, Samples>& times) {
    auto const of = times[medians.of].ms(500);
    auto const to = times[medians.to].ms(500);
    bool const is_good = to > 0 && of <= to * static_cast<double>(medians.most);
    fmt::print("median of {} is {:.2f} times that of {} (at most {}): {}\n", medians.of, to > 0 ? of / to : 0.0,
               medians.to, medians.most, is_good ? "ok" : "FAILED");
    return is_good;
}

Result<int> run(Arguments arguments) {
    bool const is_interop = !arguments.params.empty();
    auto const& path = is_interop ? arguments.params : arguments.scenario;
    ASSIGN_OR_RETURN(auto text, read_text(path, k_scenario_bytes_max));
    if (is_interop) {
        auto scenario = interop_scenario(text, arguments.run.nodes, arguments.log);
        if (!scenario) return wrap(std::move(scenario).error(), path);
        text = std::move(scenario).value();
    }
    std::uint64_t failed = 0;
    std::map<std::string, Samples> times;
    auto const started = std::chrono::steady_clock::now();
    auto const take = [&](std::uint64_t seed, RunReport const& report) -> Result<void> {
        fmt::print("{}\n", report.line);
        std::fflush(stdout);
        for (auto const& figure : report.figures) {
            if (!figure.name.ends_with("_ms")) continue;
            times[figure.name].add(static_cast<Nanos>(figure.value * static_cast<double>(k_millisecond)));
        }
        if (!report.is_good) {
            ++failed;
            fmt::print(stderr, "ggen-sim: {} --seed {}: {}\n", path, seed, report.failure);
        }
        if (!arguments.checkpoints.empty()) {
            RETURN_IF_ERROR(write_checkpoints(arguments.checkpoints, report.checkpoints));
        }
        if (!arguments.compare.empty()) {
            ASSIGN_OR_RETURN(auto const difference, compare(arguments.compare, report.checkpoints));
            fmt::print("{}\n", difference);
        }
        return ok();
    };
    if (auto done = run_seeds(text, arguments.run, arguments.seeds, take); !done) {
        return wrap(std::move(done).error(), path);
    }
    auto const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    if (arguments.seeds.count > 1) fmt::print("{}\n", summary(arguments.seeds.count, failed, seconds, times));
    if (arguments.medians && !judge(*arguments.medians, times)) ++failed;
    return failed == 0 ? 0 : 1;
}

int start(int argc, char** argv) {
    std::vector<std::string_view> const words(argv + 1, argv + argc);
    if (words.empty() || words.front() == "--help" || words.front() == "-h") {
        fmt::print("{}", k_usage);
        return words.empty() ? 2 : 0;
    }
    auto arguments = parse_arguments(words);
    if (!arguments) {
        fmt::print(stderr, "ggen-sim: {}\n{}", arguments.error().context, k_usage);
        return 2;
    }
    auto code = run(std::move(arguments).value());
    if (!code) {
        fmt::print(stderr, "ggen-sim: {}\n", code.error().context);
        return 2;
    }
    return code.value();
}

}  // namespace
}  // namespace ggen::sim

int main(int argc, char** argv) { return ggen::sim::start(argc, argv); }
