#include <fmt/format.h>

#include <algorithm>

#include "spec/lockfile.hpp"
#include "spec/manifest.hpp"
#include "spec/version.hpp"
#include "spec/version_range.hpp"
#include "suites/seeded.hpp"
#include "suites/suites.hpp"

namespace ggen::bench {
namespace {

Error wrong(std::string_view what) { return Error{Errc::internal, std::string{what}}; }

std::vector<std::string> version_texts(std::size_t count) {
    SeededBytes random{3};
    std::vector<std::string> out;
    out.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        auto text = fmt::format("{}.{}.{}", random.below(20), random.below(40), random.below(60));
        if (random.below(8) == 0) text += fmt::format("-beta.{}", random.below(9));
        out.push_back(std::move(text));
    }
    return out;
}

enum class VersionJob : std::uint8_t { parse, print, compare };

class VersionWork final : public Work {
public:
    explicit VersionWork(VersionJob job) : job_(job) {}
    Result<void> prepare(std::string const& /*directory*/) override {
        texts_ = version_texts(1'000);
        for (auto const& text : texts_) {
            ASSIGN_OR_RETURN(auto version, Version::parse(text));
            versions_.push_back(std::move(version));
        }
        return ok();
    }
    Result<void> run() override {
        switch (job_) {
            case VersionJob::parse:
                for (auto const& text : texts_) {
                    if (!Version::parse(text)) return wrong("a version was refused");
                }
                return ok();
            case VersionJob::print:
                bytes_ = 0;
                for (auto const& version : versions_) bytes_ += version.text().size();
                return ok();
            case VersionJob::compare:
                sorted_ = versions_;
                std::sort(sorted_.begin(), sorted_.end());
                return ok();
        }
        return ok();
    }
    Result<void> check() override {
        std::size_t bytes = 0;
        for (auto const& text : texts_) bytes += text.size();
        if (job_ == VersionJob::print && bytes_ != bytes) return wrong("printing changes a version");
        for (std::size_t i = 1; i < sorted_.size(); ++i) {
            if (sorted_[i] < sorted_[i - 1]) return wrong("not sorted");
        }
        return ok();
    }

private:
    VersionJob job_;
    std::vector<std::string> texts_;
    std::vector<Version> versions_;
    std::vector<Version> sorted_;
    std::size_t bytes_ = 0;
};

class RangeWork final : public Work {
public:
    Result<void> prepare(std::string const& /*directory*/) override {
        for (auto const& text : version_texts(200)) {
            ASSIGN_OR_RETURN(auto version, Version::parse(text));
            versions_.push_back(std::move(version));
        }
        return ok();
    }
    Result<void> run() override {
        ASSIGN_OR_RETURN(auto const range, VersionRange::parse("^3.2 || >=7.1.0 <9 || 12.x"));
        inside_ = 0;
        for (auto const& version : versions_) inside_ += range.matches(version) ? 1U : 0U;
        return ok();
    }
    Result<void> check() override {
        ASSIGN_OR_RETURN(auto const range, VersionRange::parse("^3.2 || >=7.1.0 <9 || 12.x"));
        for (auto const& [text, expected] :
             {std::pair{"3.2.0", true}, {"4.0.0", false}, {"8.99.1", true}, {"12.0.0", true}}) {
            ASSIGN_OR_RETURN(auto const version, Version::parse(text));
            if (range.matches(version) != expected) return wrong(fmt::format("{} is judged wrongly", text));
        }
        return inside_ > 0 && inside_ < versions_.size()
                   ? ok()
                   : Result<void>{wrong("the range takes all or nothing")};
    }

private:
    std::vector<Version> versions_;
    std::size_t inside_ = 0;
};

class ManifestWork final : public Work {
public:
    Result<void> prepare(std::string const& /*directory*/) override {
        text_ =
            "[gpack]\nname = \"acme/web\"\nversion = \"1.2.3\"\ndescription = \"A web template\"\n"
            "license = \"MIT\"\nauthors = [\"Ada\"]\ntags = [\"web\", \"http\"]\n\n[dependencies]\n";
        for (int i = 0; i < 20; ++i) text_ += fmt::format("\"acme/part-{}\" = \"^1.{}\"\n", i, i);
        return ok();
    }
    Result<void> run() override {
        ASSIGN_OR_RETURN(manifest_, Manifest::parse(text_, "gpack.toml"));
        return ok();
    }
    Result<void> check() override {
        if (!manifest_ || manifest_->dependencies.size() != 20)
            return wrong("20 dependencies are in the manifest");
        return manifest_->name.text() == "acme/web" ? ok() : Result<void>{wrong("the name is wrong")};
    }

private:
    std::string text_;
    std::optional<Manifest> manifest_;
};

}  // namespace

void add_spec_suite(Catalogue& catalogue) {
    catalogue.add({"version", "parse_1000", TestClass::micro, "1,000 versions from text",
                   [] { return std::make_unique<VersionWork>(VersionJob::parse); }});
    catalogue.add({"version", "print_1000", TestClass::micro, "1,000 versions to text; the same text",
                   [] { return std::make_unique<VersionWork>(VersionJob::print); }});
    catalogue.add({"version", "compare_sort_1000", TestClass::micro, "1,000 versions sorted; in order",
                   [] { return std::make_unique<VersionWork>(VersionJob::compare); }});
    catalogue.add({"version_range", "parse_and_match_200", TestClass::micro,
                   "one range of npm's grammar against 200 versions",
                   [] { return std::make_unique<RangeWork>(); }});
    catalogue.add({"metadata",
                   "manifest_parse_20_dependencies",
                   TestClass::micro,
                   "gpack.toml with 20 dependencies",
                   [] { return std::make_unique<ManifestWork>(); },
                   {"metadata_parse"}});
}

}  // namespace ggen::bench
