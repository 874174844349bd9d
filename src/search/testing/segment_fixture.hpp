#pragma once

#include <cctype>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/file_system.hpp"
#include "search/segment_builder.hpp"
#include "search/segment_reader.hpp"

namespace ggen::search_index::testing {

/// A plain analyser for tests of the file: runs of letters, digits and bytes over 127, lower case.
class PlainAnalyser {
public:
    void operator()(SearchDocument const& document, std::vector<IndexedString>& strings) {
        texts_.clear();
        std::string joined;
        add_words(document.name, k_in_name, &joined);
        add_words(document.description, k_in_text, nullptr);
        for (auto const& tag : document.tags) add_words(tag, k_in_text, nullptr);
        for (auto const& keyword : document.keywords) add_words(keyword, k_in_text, nullptr);
        if (!joined.empty() && joined.size() <= k_term_bytes_max) add(joined, k_joined_whole);
        strings.clear();
        for (auto const& [text, flags] : texts_) strings.push_back({text, flags});
    }

private:
    static bool is_word(char c) {
        auto const byte = static_cast<unsigned char>(c);
        return byte > 127 || std::isalnum(byte) != 0;
    }
    void add(std::string const& text, std::uint8_t flags) {
        for (auto& [known, all] : texts_) {
            if (known != text) continue;
            all = static_cast<std::uint8_t>(all | flags);
            return;
        }
        texts_.emplace_back(text, flags);
    }
    void add_words(std::string const& text, std::uint8_t flags, std::string* joined) {
        std::string word;
        for (std::size_t i = 0; i <= text.size(); ++i) {
            if (i < text.size() && is_word(text[i]) && word.size() < 64) {
                word += static_cast<char>(std::tolower(static_cast<unsigned char>(text[i])));
                continue;
            }
            if (!word.empty()) add(word, flags);
            if (joined != nullptr) *joined += word;
            word.clear();
        }
    }
    std::vector<std::pair<std::string, std::uint8_t>> texts_;
};

/// `count` documents with words over a small alphabet, so that edits collide; same seed, same documents.
[[nodiscard]] inline std::vector<SearchDocument> random_documents(std::size_t count, std::uint64_t seed,
                                                                  std::string const& alphabet = "abcde") {
    std::mt19937_64 random{seed};
    auto const word = [&](std::size_t most) {
        std::string text;
        for (std::size_t n = 1 + random() % most; n > 0; --n) text += alphabet[random() % alphabet.size()];
        return text;
    };
    std::vector<SearchDocument> documents;
    for (std::size_t i = 0; i < count; ++i) {
        SearchDocument document;
        document.name = random() % 8 == 0 ? "@" + word(3) + "/" + word(7) : word(6) + "-" + word(6);
        document.name += random() % 2 == 0 ? "" : "_" + std::to_string(i);
        document.version = std::to_string(random() % 9) + ".0." + std::to_string(i);
        document.description = word(9) + " " + word(5) + " of " + word(4);
        document.category = random() % 5 == 0 ? "" : "category " + std::to_string(random() % 7);
        document.license = random() % 2 == 0 ? "MIT" : "Apache-2.0";
        document.origin = random() % 3 == 0 ? "https://two.example" : "https://one.example";
        for (std::size_t n = random() % 4; n > 0; --n) document.tags.push_back(word(2));
        for (std::size_t n = random() % 3; n > 0; --n) document.authors.push_back("author " + word(3));
        document.keywords = {"k" + word(1)};
        document.downloads = random() % 4 == 0 ? random() % 10 : random() % 100'000;
        document.stars = random() % 20'000;
        document.released_unix = static_cast<std::int64_t>(random() % 1'700'000'000);
        documents.push_back(std::move(document));
    }
    return documents;
}

/// Builds `path` from `documents`.
inline Result<SegmentSummary> build_segment(FileSystem& files, std::string const& path,
                                            std::vector<SearchDocument> const& documents) {
    ASSIGN_OR_RETURN(auto builder, SegmentBuilder::create(files, path, PlainAnalyser{}));
    for (auto const& document : documents) RETURN_IF_ERROR(builder->add(document));
    return builder->finish();
}

}  // namespace ggen::search_index::testing
