#include "sim/latency.hpp"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <numeric>
#include <utility>

namespace ggen::sim {

namespace {
#include "sim/latency_table.inc"

/// Two nodes on one host of a matrix share a switch, not a processor.
constexpr Nanos k_same_host_one_way = 250 * k_microsecond;
constexpr std::uint64_t k_factor_one = 1'000;

/// Linear between equally likely values; `die` is uniform over 64 bits.
template <std::size_t Count>
std::uint64_t quantile(std::array<std::uint32_t, Count> const& values, std::uint64_t die) {
    auto const at = scale(die, Count * 1'000);
    auto const index = static_cast<std::size_t>(at / 1'000);
    auto const part = at % 1'000;
    std::uint64_t const low = values[index];
    std::uint64_t const high = values[index + 1 < Count ? index + 1 : index];
    return low + (high - low) * part / 1'000;
}

class ShippedLatency final : public LatencyModel {
public:
    [[nodiscard]] Place draw(Dice& dice) const override {
        auto const hosts = std::accumulate(k_region_hosts.begin(), k_region_hosts.end(), std::uint32_t{0});
        auto host = dice.below(hosts);
        Place place;
        while (host >= k_region_hosts[place.site]) host -= k_region_hosts[place.site++];
        place.height_us = static_cast<std::uint32_t>(quantile(k_height_us, dice.next()));
        return place;
    }
    [[nodiscard]] Nanos one_way(Place a, Place b, std::uint64_t pair) const override {
        std::uint64_t const base = k_region_rtt_us[a.site][b.site];
        auto const factor = quantile(k_pair_factor, mix(pair, static_cast<std::uint64_t>(Purpose::height)));
        auto const rtt_us = (base + a.height_us + b.height_us) * factor / k_factor_one;
        return static_cast<Nanos>(rtt_us) * k_microsecond / 2 + 1;
    }
};

class ConstantLatency final : public LatencyModel {
public:
    explicit ConstantLatency(Nanos one_way) : one_way_(one_way) {}
    [[nodiscard]] Place draw(Dice& /*dice*/) const override { return {}; }
    [[nodiscard]] Nanos one_way(Place /*a*/, Place /*b*/, std::uint64_t /*pair*/) const override { return one_way_; }

private:
    Nanos one_way_;
};

class MatrixLatency final : public LatencyModel {
public:
    MatrixLatency(std::vector<std::uint32_t> rtt_us, std::uint32_t hosts) : rtt_us_(std::move(rtt_us)), hosts_(hosts) {}
    [[nodiscard]] Place draw(Dice& dice) const override {
        return {.site = static_cast<std::uint32_t>(dice.below(hosts_)), .height_us = 0};
    }
    [[nodiscard]] Nanos one_way(Place a, Place b, std::uint64_t /*pair*/) const override {
        if (a.site == b.site) return k_same_host_one_way;
        // One triangle for both directions, should the file differ.
        auto const [low, high] = std::minmax(a.site, b.site);
        return Nanos{rtt_us_[std::size_t{high} * hosts_ + low]} * k_microsecond / 2 + 1;
    }

private:
    std::vector<std::uint32_t> rtt_us_;
    std::uint32_t hosts_;
};

Result<std::vector<std::uint32_t>> parse_row(std::string_view line, std::size_t number) {
    std::vector<std::uint32_t> row;
    constexpr std::string_view k_blanks = " \t\r";
    auto at = line.find_first_not_of(k_blanks);
    while (at != std::string_view::npos) {
        double ms = 0;
        auto const [end, error] = std::from_chars(line.data() + at, line.data() + line.size(), ms);
        if (error != std::errc{} || !(ms >= 0) || ms > 1e6) {
            return Error{Errc::invalid, fmt::format("latency matrix: line {}: not a time in milliseconds", number)};
        }
        row.push_back(static_cast<std::uint32_t>(ms * 1'000));
        at = line.find_first_not_of(k_blanks, static_cast<std::size_t>(end - line.data()));
    }
    return row;
}

Result<std::string> decompress(std::string const& packed) {
    std::string plain;
    std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> const stream{ZSTD_createDStream(), &ZSTD_freeDStream};
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    std::array<char, 1 << 16> chunk{};
    std::size_t state = 1;
    while (in.pos < in.size || state != 0) {
        ZSTD_outBuffer out{chunk.data(), chunk.size(), 0};
        auto const before = in.pos;
        state = ZSTD_decompressStream(stream.get(), &out, &in);
        if (ZSTD_isError(state) != 0U) return Error{Errc::corrupt, "not zstd, or damaged"};
        if (out.pos == 0 && in.pos == before) return Error{Errc::corrupt, "cut short"};
        plain.append(chunk.data(), out.pos);
        if (plain.size() > k_rtt_matrix_bytes_max) return Error{Errc::too_large, "over 64 MiB"};
    }
    return plain;
}

Result<std::string> read_file(std::string const& path) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file{std::fopen(path.c_str(), "rb"), &std::fclose};
    if (file == nullptr) return Error{Errc::io, "cannot be opened"};
    std::string text;
    std::array<char, 1 << 16> chunk{};
    while (auto const count = std::fread(chunk.data(), 1, chunk.size(), file.get())) {
        text.append(chunk.data(), count);
        if (text.size() > k_rtt_matrix_bytes_max) return Error{Errc::too_large, "over 64 MiB"};
    }
    if (std::ferror(file.get()) != 0) return Error{Errc::io, "cannot be read"};
    return text;
}

}  // namespace

std::unique_ptr<LatencyModel const> make_shipped_latency() { return std::make_unique<ShippedLatency>(); }

std::unique_ptr<LatencyModel const> make_constant_latency(Nanos one_way) {
    return std::make_unique<ConstantLatency>(one_way);
}

Result<std::unique_ptr<LatencyModel const>> parse_latency_matrix(std::string_view text) {
    std::vector<std::uint32_t> cells;
    std::size_t hosts = 0;
    std::size_t rows = 0;
    for (std::size_t number = 1; !text.empty(); ++number) {
        auto const end = std::min(text.find('\n'), text.size());
        ASSIGN_OR_RETURN(auto const row, parse_row(text.substr(0, end), number));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (row.empty()) continue;
        if (rows == 0) hosts = row.size();
        if (hosts > k_rtt_matrix_hosts_max) return Error{Errc::too_large, "latency matrix: over 2,000 hosts"};
        if (row.size() != hosts || ++rows > hosts) {
            return Error{Errc::invalid, fmt::format("latency matrix: line {}: the matrix is not square", number)};
        }
        cells.insert(cells.end(), row.begin(), row.end());
    }
    if (rows != hosts || hosts < 2) return Error{Errc::invalid, "latency matrix: not square, or under two hosts"};
    return std::make_unique<MatrixLatency>(std::move(cells), static_cast<std::uint32_t>(hosts));
}

Result<std::unique_ptr<LatencyModel const>> load_latency_matrix(std::string const& path) {
    auto text = read_file(path);
    if (text && path.ends_with(".zst")) text = decompress(text.value());
    if (!text) return wrap(std::move(text).error(), path);
    auto model = parse_latency_matrix(text.value());
    if (!model) return wrap(std::move(model).error(), path);
    return model;
}

}  // namespace ggen::sim
