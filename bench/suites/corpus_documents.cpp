#include "suites/corpus_documents.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "suites/seeded.hpp"

namespace ggen::bench {
namespace {

constexpr std::array<std::string_view, 32> k_subjects{
    "http",   "json",  "yaml",   "graph",  "image", "audio",  "tensor", "cache",  "queue", "socket", "color",
    "date",   "regex", "parser", "crypto", "hash",  "log",    "metric", "config", "cli",   "test",   "mock",
    "router", "form",  "charts", "table",  "mail",  "search", "index",  "auth",   "pdf",   "geo"};
constexpr std::array<std::string_view, 24> k_kinds{"client", "server", "utils",  "core",   "lite",   "plus",
                                                   "tools",  "kit",    "helper", "loader", "plugin", "stream",
                                                   "fast",   "simple", "react",  "django", "worker", "native",
                                                   "bridge", "proxy",  "schema", "types",  "proto",  "async"};
constexpr std::array<std::string_view, 20> k_words{"small",  "fast",       "library",   "for",     "working",
                                                   "with",   "streams",    "and",       "files",   "in",
                                                   "modern", "services",   "typed",     "secure",  "tested",
                                                   "zero",   "dependency", "framework", "wrapper", "toolkit"};
constexpr std::array<std::string_view, 8> k_categories{"web",  "data", "validation", "cli",
                                                       "math", "ai",   "security",   "testing"};
constexpr std::array<std::string_view, 5> k_licenses{"MIT", "Apache-2.0", "BSD-3-Clause", "ISC", "MPL-2.0"};

}  // namespace

std::vector<SearchDocument> make_documents(std::size_t count) {
    SeededBytes random{11};
    std::vector<SearchDocument> out;
    out.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        SearchDocument one;
        auto const subject = k_subjects[random.below(k_subjects.size())];
        auto const kind = k_kinds[random.below(k_kinds.size())];
        one.name = i < k_subjects.size() ? fmt::format("{}-{}", k_subjects[i], kind)
                                         : fmt::format("{}-{}-{}", subject, kind, i);
        one.version = fmt::format("{}.{}.0", random.below(9), random.below(30));
        one.description = fmt::format("A {} {} for {}", k_words[random.below(k_words.size())], kind, subject);
        for (int w = 0; w < 4; ++w)
            one.description += fmt::format(" {}", k_words[random.below(k_words.size())]);
        one.category = k_categories[random.below(k_categories.size())];
        one.tags = {std::string{subject}, std::string{kind}};
        one.authors = {fmt::format("author-{}", random.below(1 + count / 10))};
        one.license = k_licenses[random.below(k_licenses.size())];
        one.origin = "example/main";
        one.downloads = static_cast<std::uint64_t>(3e7 / std::pow(static_cast<double>(i + 1), 0.9));
        one.stars = one.downloads / 500;
        one.released_unix = 1'600'000'000 + static_cast<std::int64_t>(random.below(160'000'000));
        one.is_signed = random.below(3) == 0;
        out.push_back(std::move(one));
    }
    if (!out.empty()) {
        auto& known = out[out.size() / 2];
        known.name = "zod-parser";
        known.category = "validation";
        known.description = "Schema validation with static types";
        known.tags = {"parser", "schema"};
    }
    return out;
}

}  // namespace ggen::bench
