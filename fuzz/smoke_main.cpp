// Runs a libFuzzer target without libFuzzer: first every file of the corpus directory, then seeded
// random mutations of them. GGEN_FUZZ_SEED and GGEN_FUZZ_RUNS change the walk. The walk is the same each time; targets
// that drive whole state machines get as far on it as GGEN_FUZZ_SECONDS (30) take them.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace {

std::vector<std::string> read_corpus(std::filesystem::path const& folder) {
    std::vector<std::filesystem::path> paths;
    if (std::filesystem::is_directory(folder)) {
        for (auto const& entry : std::filesystem::directory_iterator{folder}) paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    std::vector<std::string> corpus{std::string{}};
    for (auto const& path : paths) {
        std::ifstream file{path, std::ios::binary};
        corpus.emplace_back(std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{});
    }
    return corpus;
}

std::string mutate(std::string input, std::string const& other, std::mt19937_64& random) {
    for (auto rounds = 1 + random() % 4; rounds > 0; --rounds) {
        auto const at = input.empty() ? 0 : random() % input.size();
        switch (random() % 6) {
            case 0: if (!input.empty()) input[at] = static_cast<char>(random()); break;
            case 1: if (!input.empty()) input[at] = static_cast<char>(input[at] ^ (1 << (random() % 8))); break;
            case 2: input.insert(at, 1, static_cast<char>(random())); break;
            case 3: input.erase(at, 1 + random() % 16); break;
            case 4: if (!other.empty()) input.insert(at, other, random() % other.size(), random() % 64); break;
            default: input.resize(random() % (input.size() + 1)); break;
        }
    }
    return input;
}

std::uint64_t number_from(char const* name, std::uint64_t fallback) {
    char const* const text = std::getenv(name);
    return text != nullptr ? std::strtoull(text, nullptr, 10) : fallback;
}

}  // namespace

int main(int argc, char** argv) {
    auto const corpus = read_corpus(argc > 1 ? argv[1] : ".");
    auto const runs = number_from("GGEN_FUZZ_RUNS", 20'000);
    std::mt19937_64 random{number_from("GGEN_FUZZ_SEED", 1)};
    auto const run = [](std::string const& input) {
        LLVMFuzzerTestOneInput(reinterpret_cast<std::uint8_t const*>(input.data()), input.size());
    };
    for (auto const& input : corpus) run(input);
    auto const end = std::chrono::steady_clock::now() + std::chrono::seconds{number_from("GGEN_FUZZ_SECONDS", 30)};
    std::uint64_t done = 0;
    for (; done < runs && std::chrono::steady_clock::now() < end; ++done) {
        run(mutate(corpus[random() % corpus.size()], corpus[random() % corpus.size()], random));
    }
    std::printf("%zu corpus files and %llu mutations, no finding\n", corpus.size() - 1,
                static_cast<unsigned long long>(done));
    return 0;
}
