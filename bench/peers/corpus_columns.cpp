#include "peers/corpus_columns.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "peers/corpus.hpp"

namespace ggen::bench {
namespace {

// The values that the derived columns take. The first ones of a list are the more frequent ones.
constexpr std::array<std::string_view, 20> k_categories = {
    "audio", "build", "cli",     "data",   "database", "devops",  "finance", "games", "graphics", "iot",
    "ml",    "mobile", "network", "science", "security", "testing", "text",    "ui",    "utility",  "web"};
constexpr std::array<std::string_view, 6> k_licenses = {"MIT",          "Apache-2.0",       "BSD-3-Clause",
                                                        "GPL-3.0-only", "LGPL-3.0-or-later", "ISC"};
constexpr std::uint64_t k_author_count = 60'000;
constexpr std::int64_t k_day_seconds = 86'400;
constexpr std::int64_t k_first_day = 16'071;  // 2014-01-01
constexpr std::int64_t k_day_count = 4'700;   // until November 2026

// Every derived column has a salt of its own, so that they do not depend on each other.
enum Salt : std::uint64_t { category_salt = 1, license_salt, author_salt, stars_salt, downloads_salt, day_salt };

std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// Days since 1970-01-01 (proleptic Gregorian calendar).
std::int64_t days_of(std::int64_t year, std::int64_t month, std::int64_t day) {
    year -= month <= 2 ? 1 : 0;
    auto const era = year / 400;
    auto const year_of_era = year - era * 400;
    auto const day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

/// The 15th of "2026-11"; a day drawn from the name when there is no month.
std::int64_t released_unix(std::string_view name, std::string_view month) {
    if (month.size() == 7 && month[4] == '-') {
        return days_of(static_cast<std::int64_t>(number(month.substr(0, 4))),
                       static_cast<std::int64_t>(number(month.substr(5))), 15) * k_day_seconds;
    }
    auto const drawn = name_hash(name, day_salt) % static_cast<std::uint64_t>(k_day_count);
    return (k_first_day + static_cast<std::int64_t>(drawn)) * k_day_seconds;
}

/// A fraction in [0, 1).
double fraction(std::uint64_t hash) { return static_cast<double>(hash >> 11) * 0x1p-53; }

std::string license_of(std::string_view name) {
    auto const part = fraction(name_hash(name, license_salt));
    // Half are MIT, a quarter Apache, and so on.
    std::size_t place = 0;
    for (double bound = 0.5; part >= bound && place + 1 < k_licenses.size(); bound += (1 - bound) / 2) ++place;
    return std::string{k_licenses[place]};
}

std::string author_of(std::string_view name) {
    // Squared: few authors have many packages.
    auto const part = fraction(name_hash(name, author_salt));
    return "author" + std::to_string(static_cast<std::uint64_t>(part * part * k_author_count));
}

std::uint64_t stars_of(std::string_view name, std::uint64_t downloads) {
    auto const part = fraction(name_hash(name, stars_salt));
    return static_cast<std::uint64_t>(std::sqrt(static_cast<double>(downloads)) * part * part);
}

/// Packages beyond the ranking: 10 to 3,000 a month, drawn evenly on a logarithmic scale.
std::uint64_t unranked_downloads(std::string_view name) {
    auto const part = fraction(name_hash(name, downloads_salt));
    return static_cast<std::uint64_t>(10 * std::pow(300.0, part));
}

}  // namespace

std::uint64_t name_hash(std::string_view text, std::uint64_t salt) {
    std::uint64_t hash = 0xcbf29ce484222325U ^ (salt * 0x9e3779b97f4a7c15U);  // FNV-1a, then splitmix64's mixer.
    for (char const c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9U;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebU;
    return hash ^ (hash >> 31);
}

std::uint64_t downloads_of_rank(std::uint64_t rank) {
    // Level for the first few tens, then falling with the power 1.4: about 1.4 thousand million for the first,
    // a quarter of a million for the 15,000th.
    return static_cast<std::uint64_t>(1.5e9 / std::pow(1 + static_cast<double>(rank) / 30, 1.4));
}

Result<void> Columns::read_head(std::string_view line) {
    heads_.clear();
    for (;;) {
        auto const end = std::min(line.find('\t'), line.size());
        heads_.emplace_back(line.substr(0, end));
        if (end == line.size()) break;
        line.remove_prefix(end + 1);
    }
    if (std::find(heads_.begin(), heads_.end(), "name") != heads_.end()) return ok();
    return Error{Errc::invalid, "has no column called name"};
}

SearchDocument Columns::document(std::string_view line) const {
    SearchDocument out;
    std::string_view month;
    std::string_view downloads;
    std::string_view stars;
    std::uint64_t rank = 0;
    for (auto const& head : heads_) {
        auto const end = std::min(line.find('\t'), line.size());
        auto const cell = line.substr(0, end);
        line.remove_prefix(std::min(end + 1, line.size()));
        if (head == "name") out.name = cell;
        else if (head == "origin") out.origin = cell;
        else if (head == "version") out.version = cell;
        else if (head == "summary") out.description = cell;
        else if (head == "category") out.category = cell;
        else if (head == "license") out.license = cell;
        else if (head == "author" && !cell.empty()) out.authors.emplace_back(cell);
        else if (head == "month") month = cell;
        else if (head == "stars") stars = cell;
        else if (head == "downloads_a_month") downloads = cell;
        else if (head == "rank_among_15000_most_downloaded") rank = number(cell);
    }
    if (out.origin.empty()) out.origin = origin_;
    if (!downloads.empty()) out.downloads = number(downloads);
    else out.downloads = rank > 0 ? downloads_of_rank(rank) : unranked_downloads(out.name);
    if (out.category.empty()) out.category = k_categories[name_hash(out.name, category_salt) % k_categories.size()];
    if (out.license.empty()) out.license = license_of(out.name);
    if (out.authors.empty()) out.authors.push_back(author_of(out.name));
    out.stars = stars.empty() ? stars_of(out.name, out.downloads) : number(stars);
    out.released_unix = released_unix(out.name, month);
    return out;
}

}  // namespace ggen::bench
