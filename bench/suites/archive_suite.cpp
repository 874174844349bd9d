#include <fmt/format.h>

#include "archive/archive.hpp"
#include "suites/seeded.hpp"
#include "suites/suites.hpp"

namespace ggen::bench {
namespace {

Error wrong(std::string text) { return Error{Errc::internal, std::move(text)}; }

std::vector<ArchiveFile> make_files(std::size_t count, std::size_t bytes) {
    SeededBytes random{29};
    std::vector<ArchiveFile> out;
    for (std::size_t i = 0; i < count; ++i) {
        ArchiveFile file{fmt::format("src/module-{}/file-{}.txt", i / 20, i), i % 7 == 0, {}};
        while (file.content.size() < bytes) {
            auto const line = fmt::format("let value_{} = {};\n", random.below(500), random.below(100'000));
            file.content.insert(file.content.end(), line.begin(), line.end());
        }
        out.push_back(std::move(file));
    }
    return out;
}

class ArchiveWork final : public Work {
public:
    ArchiveWork(bool is_encode, std::size_t files, std::size_t bytes)
        : is_encode_(is_encode), files_(make_files(files, bytes)) {}
    Result<void> prepare(std::string const& /*directory*/) override {
        ASSIGN_OR_RETURN(archive_, codec_.encode("p-1.0.0", files_));
        return ok();
    }
    Result<void> run() override {
        if (is_encode_) {
            ASSIGN_OR_RETURN(archive_, codec_.encode("p-1.0.0", files_));
            return ok();
        }
        ASSIGN_OR_RETURN(auto const decoded, codec_.decode(archive_.packed));
        decoded_files_ = decoded.files.size();
        return ok();
    }
    Result<void> check() override {
        ASSIGN_OR_RETURN(auto const decoded, codec_.decode(archive_.packed));
        if (decoded.files.size() != files_.size() || !(decoded.tree == archive_.tree))
            return wrong("another tree");
        if (!is_encode_ && decoded_files_ != files_.size()) return wrong("files are missing");
        auto damaged = archive_.packed;
        damaged[damaged.size() / 2] = static_cast<std::uint8_t>(damaged[damaged.size() / 2] ^ 1U);
        return codec_.decode(damaged) ? Result<void>{wrong("a damaged archive was accepted")} : ok();
    }
    std::vector<Figure> figures() override {
        return {{"packed_bytes", "bytes", Kind::exact, {static_cast<double>(archive_.packed.size())}}};
    }

private:
    bool is_encode_;
    std::vector<ArchiveFile> files_;
    ArchiveCodec codec_;
    EncodedArchive archive_;
    std::size_t decoded_files_ = 0;
};

}  // namespace

void add_archive_suite(Catalogue& catalogue) {
    for (std::size_t const n : {1UL, 10UL, 100UL}) {
        for (bool const is_encode : {true, false}) {
            catalogue.add({is_encode ? "archive_encode" : "archive_decode", fmt::format("files_n{}", n),
                           TestClass::micro,
                           is_encode ? "n files of 4 kB to a canonical archive"
                                     : "a canonical archive of n files, all checks",
                           [=] { return std::make_unique<ArchiveWork>(is_encode, n, 4'000); }});
        }
    }
    catalogue.add({"archive_decode", "one_file_1_mb", TestClass::micro, "one file of 1 MB",
                   [] { return std::make_unique<ArchiveWork>(false, 1, 1'000'000); }});
}

}  // namespace ggen::bench
