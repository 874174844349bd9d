#include "harness/runner.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

#include "base/random.hpp"
#include "harness/process.hpp"
#include "measure.hpp"

namespace ggen::bench {
namespace {

/// Callgrind is this much slower than the machine, at most; its time limit grows by it.
constexpr std::uint32_t k_callgrind_slowdown = 4;
constexpr std::size_t k_detail_bytes_max = 2'000;

/// Functions that libraries choose by the processor's features would make counts differ between machines.
std::vector<std::string> pinned_features() {
    return {"GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-AVX512BW,-ERMS,-FSRM",
            "OPENSSL_ia32cap=:~0x20"};
}

struct Step {
    Test const* test;
    bool is_exact;
};

std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    if (text.size() > k_detail_bytes_max) text = "…" + text.substr(text.size() - k_detail_bytes_max);
    return text;
}

/// An empty folder for one process of a test, removed at the end.
class Folder {
public:
    explicit Folder(std::string path) : path_(std::move(path)) {
        clear();
        std::error_code ignored;
        std::filesystem::create_directories(path_, ignored);
    }
    Folder(Folder const&) = delete;
    Folder& operator=(Folder const&) = delete;
    ~Folder() { clear(); }
    [[nodiscard]] std::string const& path() const { return path_; }

private:
    void clear() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
        if (!std::filesystem::exists(path_, ignored)) return;
        // Read-only folders of a store: let their owner in, then once more.
        for (auto it = std::filesystem::recursive_directory_iterator(path_, ignored);
             it != std::filesystem::recursive_directory_iterator(); it.increment(ignored)) {
            if (it->is_directory(ignored)) {
                std::filesystem::permissions(it->path(), std::filesystem::perms::owner_all, ignored);
            }
        }
        std::filesystem::remove_all(path_, ignored);
    }
    std::string path_;
};

std::vector<std::string> child_words(std::string const& program, Test const& test, std::string_view mode,
                                     std::uint32_t slices, std::string const& directory) {
    return {program,    "child-test",           test.id(),     "--mode", std::string{mode},
            "--slices", std::to_string(slices), "--directory", directory};
}

/// Adds the values of `more` to figures of the same name.
void merge_figures(std::vector<Figure>& figures, std::vector<Figure> more) {
    for (auto& figure : more) {
        auto const same = std::find_if(figures.begin(), figures.end(),
                                       [&](Figure const& f) { return f.metric == figure.metric; });
        if (same == figures.end()) {
            figures.push_back(std::move(figure));
        } else {
            same->values.insert(same->values.end(), figure.values.begin(), figure.values.end());
        }
    }
}

/// What a child printed as its last line.
Result<std::vector<Figure>> read_figures(std::string const& output) {
    auto const text = trimmed(output);
    auto const json = Json::parse(text.substr(text.rfind('\n') + 1));
    auto const* const figures = json ? json->find("figures") : nullptr;
    if (figures == nullptr) return Error{Errc::invalid, "the test printed no figures"};
    return figures_from_json(*figures);
}

constexpr int k_exit_skipped = 77;

void apply(Finished const& done, TestResult& result) {
    if (done.is_good()) return;
    if (result.outcome != Outcome::passed && result.outcome != Outcome::not_run) return;
    result.detail = trimmed(done.errors);
    if (done.exit_code == k_exit_skipped) {
        result.outcome = Outcome::skipped;
        return;
    }
    auto const crashed = done.signal != 0 ? Outcome::crashed : Outcome::failed;
    result.outcome = done.is_timed_out ? Outcome::timed_out : crashed;
    result.detail = done.how_it_ended() + (result.detail.empty() ? "" : ": " + result.detail);
}

/// "totals: 123" of callgrind's file.
Result<double> read_totals(std::string const& path) {
    std::ifstream file{path};
    std::string line;
    while (std::getline(file, line)) {
        for (std::string_view const key : {"totals: ", "summary: "}) {
            if (!line.starts_with(key)) continue;
            std::uint64_t count = 0;
            std::from_chars(line.data() + key.size(), line.data() + line.size(), count);
            return static_cast<double>(count);
        }
    }
    return Error{Errc::invalid, "callgrind wrote no total"};
}

std::string run_id(UnixTime started) {
    auto text = format_utc(started);
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return fmt::format("{}-{:04x}", text, static_cast<unsigned>(SystemRandom{}.next_u64() & 0xffffU));
}

class Runner {
public:
    Runner(Catalogue const& catalogue, RunOptions const& options,
           std::function<void(Progress const&)> const& on_progress)
        : catalogue_(catalogue), options_(options), on_progress_(on_progress) {}

    Result<Run> run() {
        ASSIGN_OR_RETURN(auto const tests, catalogue_.select(options_.words, options_.is_quick));
        SystemClock clock;
        run_.started = clock.wall_now();
        run_.id = run_id(run_.started);
        run_.label = options_.label;
        run_.environment = current_environment(options_.work_directory);
        run_.before = measure_noise();
        auto const begin = now_ns();
        for (auto const* test : tests) {
            run_.results.push_back({test->id(), test->group, test->test_class, Outcome::not_run, "", 0, {}});
        }
        run_steps(plan(tests));
        run_.seconds = static_cast<double>(now_ns() - begin) / 1e9;
        constexpr double k_jump_s = 5;
        run_.clock_jumped = std::abs(static_cast<double>(clock.wall_now().seconds - run_.started.seconds) -
                                     run_.seconds) > k_jump_s;
        run_.after = measure_noise();
        run_.is_complete = !is_interrupted();
        for (auto& result : run_.results) {
            if (result.outcome != Outcome::passed) result.figures.clear();
        }
        return std::move(run_);
    }

private:
    /// Repetitions take turns over all tests, each round in another order.
    [[nodiscard]] std::vector<Step> plan(std::vector<Test const*> const& tests) const {
        std::vector<Step> steps;
        bool const has_callgrind = options_.with_exact && !find_callgrind().empty();
        std::mt19937_64 random{options_.seed};
        for (std::uint32_t round = 0; round < (options_.with_times ? options_.repetitions : 0); ++round) {
            auto const begin = static_cast<std::ptrdiff_t>(steps.size());
            for (auto const* test : tests) steps.push_back({test, false});
            std::shuffle(steps.begin() + begin, steps.end(), random);
        }
        for (auto const* test : tests) {
            if (has_callgrind && test->exact_runs > 0) steps.push_back({test, true});
        }
        return steps;
    }

    void run_steps(std::vector<Step> const& steps) {
        auto const begin = now_ns();
        for (std::size_t i = 0; i < steps.size() && !is_interrupted(); ++i) {
            auto& result = *std::find_if(run_.results.begin(), run_.results.end(),
                                         [&](TestResult const& r) { return r.id == steps[i].test->id(); });
            auto const step_begin = now_ns();
            // A test that fell once is not started again.
            if (result.outcome == Outcome::not_run || result.outcome == Outcome::passed)
                run_step(steps[i], result);
            result.seconds += static_cast<double>(now_ns() - step_begin) / 1e9;
            auto const spent = static_cast<double>(now_ns() - begin) / 1e9;
            auto const left = spent / static_cast<double>(i + 1) * static_cast<double>(steps.size() - i - 1);
            on_progress_({i + 1, steps.size(), result.id, result.outcome, left});
        }
    }

    void run_step(Step const& step, TestResult& result) {
        Folder const folder{options_.work_directory + "/test"};
        if (step.is_exact) {
            auto const count = count_instructions(options_.program, *step.test, folder.path());
            if (is_interrupted()) return;
            if (!count) {
                result.outcome = Outcome::failed;
                result.detail = "under callgrind: " + count.error().context;
                return;
            }
            result.outcome = Outcome::passed;
            merge_figures(result.figures, {{"instructions", "count", Kind::exact, {*count}}});
            return;
        }
        Command command;
        command.words = child_words(options_.program, *step.test, "figures", options_.slices, folder.path());
        command.time_limit = std::chrono::seconds{step.test->time_limit_s};
        command.is_quiet = true;
        auto const done = run_command(command);
        if (is_interrupted()) return;
        if (!done) {
            result.outcome = Outcome::failed;
            result.detail = done.error().context;
            return;
        }
        apply(*done, result);
        if (!done->is_good()) return;
        auto figures = read_figures(done->output);
        if (!figures) {
            result.outcome = Outcome::failed;
            result.detail = figures.error().context;
            return;
        }
        result.outcome = Outcome::passed;
        merge_figures(result.figures, std::move(*figures));
    }

    Catalogue const& catalogue_;
    RunOptions const& options_;
    std::function<void(Progress const&)> const& on_progress_;
    Run run_;
};

}  // namespace

std::string find_callgrind() {
    for (auto const* const path : {"/usr/bin/valgrind", "/usr/local/bin/valgrind"}) {
        if (::access(path, X_OK) == 0) return path;
    }
    return "";
}

Result<double> count_instructions(std::string const& program, Test const& test,
                                  std::string const& directory) {
    auto const valgrind = find_callgrind();
    if (valgrind.empty()) {
        return Error{Errc::unavailable, ErrorId::none, "valgrind is not installed",
                     "apt-get install valgrind"};
    }
    auto const out = directory + ".callgrind";
    Command command;
    // Valgrind lays the address space out itself, the same each time, so maps ordered by addresses count
    // equally.
    command.words = {valgrind, "--tool=callgrind", "--collect-atstart=no", "--callgrind-out-file=" + out};
    for (auto& word : child_words(program, test, "exact", 1, directory)) command.words.push_back(word);
    command.environment = pinned_features();
    command.time_limit = std::chrono::seconds{test.time_limit_s * k_callgrind_slowdown};
    command.is_quiet = true;
    auto done = run_command(command);
    if (!done) return std::move(done).error();
    auto totals = read_totals(out);
    std::error_code ignored;
    std::filesystem::remove(out, ignored);
    if (!done->is_good()) return Error{Errc::io, done->how_it_ended() + ": " + trimmed(done->errors)};
    if (!totals) return totals;
    return *totals / std::max<double>(1, test.exact_runs);
}

Result<Run> run_tests(Catalogue const& catalogue, RunOptions const& options,
                      std::function<void(Progress const&)> const& on_progress) {
    std::error_code failed;
    std::filesystem::create_directories(options.work_directory, failed);
    if (failed) {
        return Error{Errc::io, fmt::format("{}: {}", options.work_directory, failed.message())};
    }
    return Runner{catalogue, options, on_progress}.run();
}

}  // namespace ggen::bench
