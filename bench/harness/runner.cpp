#include "harness/runner.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <thread>

#include "base/parallel.hpp"
#include "base/random.hpp"
#include "harness/process.hpp"
#include "measure.hpp"

namespace ggen::bench {
namespace {

/// Callgrind is this much slower than the machine, at most; its time limit grows by it.
constexpr std::uint32_t k_callgrind_slowdown = 4;
constexpr std::size_t k_detail_bytes_max = 2'000;

/// All that a counted program has around it: nothing of the caller's, whose length would be counted, and functions that
/// libraries choose by the processor's features and cache sizes are pinned. (valgrind plays one fixed processor on all
/// machines that have AVX2; its features are part of `Environment::counter`.)
std::vector<std::string> counting_environment(std::string const& directory) {
    constexpr char const* k_tunables =
        "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-AVX512BW,-ERMS,-FSRM,-AVX_Fast_Unaligned_Load"
        ":glibc.cpu.x86_data_cache_size=32768:glibc.cpu.x86_shared_cache_size=1048576"
        ":glibc.cpu.x86_non_temporal_threshold=786432";
    std::vector<std::string> out{
        k_tunables,
        "OPENSSL_ia32cap=:~0x20",
        "PATH=/usr/local/bin:/usr/bin:/bin",
        "HOME=" + directory,
        "LC_ALL=C",
        // Other times are other signatures, and those need other numbers of steps.
        "GGEN_FAKE_TIME=1800000000"};
    // What makes a program slower or another one on purpose, in tests of the gate.
    for (char const* const name : {"GGEN_BENCH_INJECT", "GGEN_BENCH_SCENE"}) {
        if (char const* const value = std::getenv(name); value != nullptr)
            out.push_back(fmt::format("{}={}", name, value));
    }
    return out;
}

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

/// A limit is for work that hangs: where others use the machine too, work that goes on may take so much longer.
std::chrono::seconds patience(std::uint32_t limit_s) {
    constexpr double k_patience_max = 10;
    double load = 0;
    if (::getloadavg(&load, 1) != 1) load = 0;
    auto const share = load / std::max(1U, std::thread::hardware_concurrency());
    return std::chrono::seconds{static_cast<std::int64_t>(limit_s * std::clamp(share, 1.0, k_patience_max))};
}

std::vector<std::string> child_words(std::string const& program, Test const& test, std::string_view mode,
                                     std::uint32_t slices, std::string const& directory) {
    return {program,    "child-test",           test.id(),     "--mode", std::string{mode},
            "--slices", std::to_string(slices), "--directory", directory};
}

/// Adds the values of `more` to figures of the same name, or puts them in their place.
void merge_figures(std::vector<Figure>& figures, std::vector<Figure> more, bool is_replacing) {
    for (auto& figure : more) {
        auto const same = std::find_if(figures.begin(), figures.end(),
                                       [&](Figure const& f) { return f.metric == figure.metric; });
        if (same == figures.end()) {
            figures.push_back(std::move(figure));
        } else if (is_replacing) {
            *same = std::move(figure);
        } else {
            same->values.insert(same->values.end(), figure.values.begin(), figure.values.end());
        }
    }
}

/// What a child printed as its last line.
struct Answer {
    std::vector<Figure> figures;
    std::string processor;
    std::string note;
    double runs = 1;
};
Result<Answer> read_answer(std::string const& output) {
    auto text = std::string_view{output};
    while (text.ends_with('\n')) text.remove_suffix(1);
    auto const json = Json::parse(text.substr(text.rfind('\n') + 1));
    auto const* const figures = json ? json->find("figures") : nullptr;
    if (figures == nullptr) return Error{Errc::invalid, "the test printed no figures"};
    Answer out;
    ASSIGN_OR_RETURN(out.figures, figures_from_json(*figures));
    auto const* const processor = json->find("processor");
    if (processor != nullptr && processor->if_string() != nullptr) out.processor = *processor->if_string();
    auto const* const note = json->find("note");
    if (note != nullptr && note->if_string() != nullptr) out.note = *note->if_string();
    auto const* const runs = json->find("runs");
    if (runs != nullptr && runs->is_integer()) out.runs = static_cast<double>(*runs->if_integer());
    return out;
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

/// "totals: 123" of callgrind's file. (Its "summary" is 0 once counting was switched off.)
Result<double> read_totals(std::string const& path) {
    constexpr std::string_view k_key = "totals: ";
    std::ifstream file{path};
    std::string line;
    while (std::getline(file, line)) {
        if (!line.starts_with(k_key)) continue;
        std::uint64_t count = 0;
        std::from_chars(line.data() + k_key.size(), line.data() + line.size(), count);
        return static_cast<double>(count);
    }
    return Error{Errc::invalid, "callgrind wrote no total"};
}

std::string run_id(UnixTime started) {
    auto text = format_utc(started);
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return fmt::format("{}-{:04x}", text, static_cast<unsigned>(SystemRandom{}.next_u64() & 0xffffU));
}

/// "valgrind-3.19.0"; "" when it is not installed.
std::string callgrind_version() {
    if (find_callgrind().empty()) return "";
    Command command;
    command.words = {find_callgrind(), "--version"};
    command.is_quiet = true;
    auto const done = run_command(command);
    return done && done->is_good() ? trimmed(done->output) : std::string{};
}

class Runner {
public:
    Runner(Catalogue const& catalogue, RunOptions const& options,
           std::function<void(Progress const&)> const& on_progress)
        : catalogue_(catalogue), options_(options), on_progress_(on_progress) {}

    Result<Run> run() {
        ASSIGN_OR_RETURN(auto tests, catalogue_.select(options_.words, options_.is_quick));
        // Without times there is nothing to tell of the others.
        if (!options_.with_times) {
            std::erase_if(tests, [](Test const* test) { return test->exact_runs == 0 && !test->is_simulated_exact(); });
        }
        SystemClock clock;
        run_.started = clock.wall_now();
        run_.id = run_id(run_.started);
        run_.label = options_.label;
        run_.environment = current_environment(options_.work_directory);
        run_.before = measure_noise();
        for (auto const* test : tests) {
            run_.results.push_back({test->id(), test->group, test->test_class, Outcome::not_run, "", 0, {}});
        }
        run_steps(plan(tests));
        if (options_.with_exact && !find_callgrind().empty()) count_all(tests);
        run_.seconds = static_cast<double>(now_ns() - begin_ns_) / 1e9;
        constexpr double k_jump_s = 5;
        run_.clock_jumped = std::abs(static_cast<double>(clock.wall_now().seconds - run_.started.seconds) -
                                     run_.seconds) > k_jump_s;
        run_.after = measure_noise();
        run_.is_complete = !is_interrupted();
        for (auto& result : run_.results) {
            if (result.outcome != Outcome::passed) result.figures.clear();
            if (!options_.with_times) {
                std::erase_if(result.figures, [](Figure const& figure) {
                    return figure.kind == Kind::time || figure.kind == Kind::load;
                });
            }
        }
        return std::move(run_);
    }

private:
    /// Repetitions take turns over all tests, each round in another order. What the simulator tells is the same each
    /// time: once is enough.
    [[nodiscard]] std::vector<Test const*> plan(std::vector<Test const*> const& tests) {
        std::vector<Test const*> steps;
        std::mt19937_64 random{options_.seed};
        for (std::uint32_t round = 0; round < (options_.with_times ? options_.repetitions : 0); ++round) {
            auto const begin = static_cast<std::ptrdiff_t>(steps.size());
            std::copy_if(tests.begin(), tests.end(), std::back_inserter(steps),
                         [&](Test const* test) {
                             return round == 0 || (!test->is_simulated_exact() && round < test->rounds_max);
                         });
            std::shuffle(steps.begin() + begin, steps.end(), random);
        }
        for (auto const* test : tests) {
            if (!options_.with_times && options_.with_exact && test->is_simulated_exact()) steps.push_back(test);
        }
        planned_ = steps.size();
        for (auto const* test : tests) {
            if (options_.with_exact && test->exact_runs > 0 && !find_callgrind().empty()) planned_ += options_.counts;
        }
        return steps;
    }

    TestResult& result_of(Test const& test) {
        return *std::find_if(run_.results.begin(), run_.results.end(),
                             [&](TestResult const& r) { return r.id == test.id(); });
    }

    void run_steps(std::vector<Test const*> const& steps) {
        for (std::size_t i = 0; i < steps.size() && !is_interrupted(); ++i) {
            auto& result = result_of(*steps[i]);
            auto const step_begin = now_ns();
            // A test that fell once is not started again.
            if (result.outcome == Outcome::not_run || result.outcome == Outcome::passed)
                run_step(*steps[i], result);
            tell(result, step_begin);
        }
    }

    void tell(TestResult& result, std::uint64_t step_begin) {
        auto const now = now_ns();
        result.seconds += static_cast<double>(now - step_begin) / 1e9;
        ++done_;
        auto const left = static_cast<double>(now - begin_ns_) / 1e9 / static_cast<double>(done_) *
                          static_cast<double>(planned_ - std::min(planned_, done_));
        on_progress_({done_, planned_, result.id, result.outcome, left});
    }

    void run_step(Test const& test, TestResult& result) {
        Folder const folder{options_.work_directory + "/test"};
        Command command;
        command.words = child_words(options_.program, test, "figures", options_.slices, folder.path());
        command.time_limit = patience(test.time_limit_s);
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
        auto figures = read_answer(done->output);
        if (!figures) {
            result.outcome = Outcome::failed;
            result.detail = figures.error().context;
            return;
        }
        result.outcome = Outcome::passed;
        result.detail = std::move(figures->note);
        merge_figures(result.figures, std::move(figures->figures), false);
    }

    /// Several at once: what else the machine does is not in a count.
    void count_all(std::vector<Test const*> const& tests) {
        std::vector<Test const*> counted;
        counted.reserve(tests.size());
        for (auto const* test : tests) {
            auto const outcome = result_of(*test).outcome;
            bool const is_standing = outcome == Outcome::not_run || outcome == Outcome::passed;
            if (test->exact_runs > 0 && is_standing) counted.push_back(test);
        }
        std::mutex mutex;
        auto const cores = std::max(1U, run_.environment.cores);
        run_parallel(counted.size(), options_.jobs > 0 ? options_.jobs : cores, [&](std::size_t i) {
            std::vector<Figure> figures;
            for (std::uint32_t k = 0; k < options_.counts && !is_interrupted(); ++k) {
                auto const step_begin = now_ns();
                // Names of one length, each time others: nothing may depend on them.
                Folder const folder{fmt::format("{}/count-{:04}-{:02}", options_.work_directory, i, k)};
                auto count = count_test(options_.program, *counted[i], folder.path());
                std::lock_guard const lock{mutex};
                if (is_interrupted()) return;
                auto& result = result_of(*counted[i]);
                result.outcome = count ? Outcome::passed : Outcome::failed;
                if (!count) result.detail = "under callgrind: " + count.error().context;
                if (count) {
                    run_.environment.counter = fmt::format("{} {}", counter_, count->processor);
                    merge_figures(figures, std::move(count->figures), false);
                    if (k + 1 == options_.counts) merge_figures(result.figures, figures, true);
                }
                tell(result, step_begin);
                if (!count) return;
            }
        });
    }

    Catalogue const& catalogue_;
    RunOptions const& options_;
    std::function<void(Progress const&)> const& on_progress_;
    Run run_;
    std::string counter_ = callgrind_version();
    std::uint64_t begin_ns_ = now_ns();
    std::size_t done_ = 0;
    std::size_t planned_ = 0;
};

}  // namespace

std::string find_callgrind() {
    for (auto const* const path : {"/usr/bin/valgrind", "/usr/local/bin/valgrind"}) {
        if (::access(path, X_OK) == 0) return path;
    }
    return "";
}

Result<Counted> count_test(std::string const& program, Test const& test, std::string const& directory) {
    auto const valgrind = find_callgrind();
    if (valgrind.empty()) {
        return Error{Errc::unavailable, ErrorId::none, "valgrind is not installed",
                     "apt-get install valgrind"};
    }
    auto const totals_path = directory + ".callgrind";
    Command command;
    // Valgrind lays the address space out itself, the same each time, so maps ordered by addresses count
    // equally.
    command.words = {valgrind, "--tool=callgrind", "--instr-atstart=no",
                     "--callgrind-out-file=" + totals_path};
    for (auto& word : child_words(program, test, "exact", 1, directory)) command.words.push_back(word);
    command.environment = counting_environment(directory);
    command.inherits_environment = false;
    command.time_limit = patience(test.time_limit_s * k_callgrind_slowdown);
    command.is_quiet = true;
    auto done = run_command(command);
    if (!done) return std::move(done).error();
    auto const totals = read_totals(totals_path);
    std::error_code ignored;
    std::filesystem::remove(totals_path, ignored);
    if (!done->is_good()) return Error{Errc::io, done->how_it_ended() + ": " + trimmed(done->errors)};
    if (!totals) return totals.error();
    ASSIGN_OR_RETURN(auto answer, read_answer(done->output));
    Counted out{{{"instructions", "count", Kind::exact, {*totals / std::max(1.0, answer.runs)}}},
                std::move(answer.processor)};
    merge_figures(out.figures, std::move(answer.figures), false);
    return out;
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
