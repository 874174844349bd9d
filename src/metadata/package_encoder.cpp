#include "metadata/package_encoder.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "metadata/checksum.hpp"
#include "metadata/little_endian.hpp"
#include "metadata/range_code.hpp"
#include "metadata/record_layout.hpp"

namespace ggen::metadata {
namespace {

constexpr std::size_t k_tail_bytes_max = 255;

/// "rc.1+b5"; empty for a plain release.
std::string tail_text(Version const& version) {
    auto out = prerelease_text(version);
    if (!version.build().empty()) out += "+" + version.build();
    return out;
}

void freeze(std::vector<ReleaseFacts>& releases) {
    std::sort(releases.begin(), releases.end(), [](ReleaseFacts const& a, ReleaseFacts const& b) {
        if (auto const order = *a.version <=> *b.version; order != 0) return order < 0;
        if (a.is_yanked != b.is_yanked) return b.is_yanked;
        return a.version->build() > b.version->build();
    });
    auto const same = [](ReleaseFacts const& a, ReleaseFacts const& b) { return *a.version == *b.version; };
    releases.erase(std::unique(releases.begin(), releases.end(), same), releases.end());
}

/// Numbers things by their first appearance.
template <class Key>
class Numbers {
public:
    std::pair<std::uint32_t, bool> number(Key const& key) {
        auto const [found, is_new] = ids_.try_emplace(key, static_cast<std::uint32_t>(ids_.size()));
        return {found->second, is_new};
    }
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(ids_.size()); }

private:
    std::unordered_map<Key, std::uint32_t> ids_;
};

class Encoder {
public:
    Encoder(PackageName const& name, std::vector<ReleaseFacts> releases)
        : name_(name), releases_(std::move(releases)) {}

    Result<Bytes> run() {
        for (auto const& release : releases_) add(release);
        RecordHeader header = numbers();
        auto const layout = layout_of(header);
        if (layout.end > k_record_bytes_max) return too_large("its metadata would need more than 64 MiB");
        header.length = static_cast<std::uint32_t>(layout.end);
        return bytes_of(header);
    }

    [[nodiscard]] Error too_large(std::string why) const {
        return {Errc::too_large, ErrorId::resolution_limit, name_.text() + ": " + std::move(why)};
    }

private:
    void add(ReleaseFacts const& release) {
        auto const& version = *release.version;
        major_max_ = std::max(major_max_, version.major());
        minor_max_ = std::max(minor_max_, version.minor());
        patch_max_ = std::max(patch_max_, version.patch());
        has_yanked_ = has_yanked_ || release.is_yanked;
        has_prereleases_ = has_prereleases_ || version.is_prerelease();
        auto const tail = tail_text(version);
        tail_offsets_.push_back(tail.empty() ? 0 : static_cast<std::uint32_t>(tails_.size()) + 1);
        if (!tail.empty()) {
            GGEN_ASSERT(tail.size() <= k_tail_bytes_max);
            tails_.push_back(static_cast<std::uint8_t>(tail.size()));
            tails_.insert(tails_.end(), tail.begin(), tail.end());
        }
        lists_of_.push_back(release.has_known_needs ? list(release.needs) : PackageRecord::k_unknown_list);
    }

    std::uint32_t list(std::span<NeedFacts const> needs) {
        std::string key;  // The pairs' numbers as bytes.
        for (auto const& need : needs) {
            auto const id = pair(need);
            key.append(reinterpret_cast<char const*>(&id), sizeof id);
        }
        auto const [id, is_new] = list_ids_.number(key);
        if (!is_new) return id;
        for (std::size_t at = 0; at < key.size(); at += sizeof id) {
            list_items_.push_back(load<std::uint32_t>(reinterpret_cast<std::uint8_t const*>(key.data() + at)));
        }
        list_offsets_.push_back(static_cast<std::uint32_t>(list_items_.size()));
        return id;
    }

    std::uint32_t pair(NeedFacts const& need) {
        auto const [name, is_new_name] = name_ids_.number(need.name);
        if (is_new_name) {
            names_ += need.name;
            name_offsets_.push_back(static_cast<std::uint32_t>(name_.text().size() + names_.size()));
        }
        auto const range = range_number(*need.range);
        auto const key = std::uint64_t{name | (need.is_optional ? k_optional_bit : 0U)} << 32U | range;
        auto const [id, is_new] = pair_ids_.number(key);
        if (is_new) pairs_.push_back(key);
        return id;
    }

    std::uint32_t range_number(VersionRange const& range) {
        auto const [id, is_new] = range_ids_.number(std::string_view{range.text()});
        if (!is_new) return id;
        texts_ += range.text();
        text_offsets_.push_back(static_cast<std::uint32_t>(texts_.size()));
        append_range_code(codes_, range);
        code_offsets_.push_back(static_cast<std::uint32_t>(codes_.size()));
        return id;
    }

    [[nodiscard]] RecordHeader numbers() const {
        RecordHeader out;
        out.versions = static_cast<std::uint32_t>(releases_.size());
        out.lists = list_ids_.size();
        out.items = static_cast<std::uint32_t>(list_items_.size());
        out.pairs = pair_ids_.size();
        out.ranges = range_ids_.size();
        out.names = name_ids_.size();
        out.string_bytes = static_cast<std::uint32_t>(name_.text().size() + names_.size() + texts_.size());
        out.tail_bytes = static_cast<std::uint32_t>(tails_.size());
        out.code_bytes = static_cast<std::uint32_t>(codes_.size());
        bool const has_log = !releases_.empty() && releases_.front().log != nullptr;
        out.flags = static_cast<std::uint8_t>((has_yanked_ ? k_has_yanked : 0U) |
                                              (has_prereleases_ ? k_has_prereleases : 0U) |
                                              (has_log ? k_has_log_facts : 0U));
        out.name_bytes = static_cast<std::uint8_t>(name_.text().size());
        out.major_width = static_cast<std::uint8_t>(width_of(major_max_));
        out.minor_width = static_cast<std::uint8_t>(width_of(minor_max_));
        out.patch_width = static_cast<std::uint8_t>(width_of(patch_max_));
        out.tail_width = static_cast<std::uint8_t>(tails_.empty() ? 0 : width_of(tails_.size()));
        out.list_width = static_cast<std::uint8_t>(width_of(out.lists));  // One number more: unknown.
        out.pair_width = static_cast<std::uint8_t>(width_of(out.pairs));
        return out;
    }

    void append_states(Bytes& out, bool (*is_in)(ReleaseFacts const&)) const {
        std::vector<std::uint64_t> words(state_words(releases_.size()));
        for (std::size_t i = 0; i < releases_.size(); ++i) {
            if (is_in(releases_[i])) words[(i + 1) / 64] |= std::uint64_t{1} << ((i + 1) % 64);
        }
        for (auto const word : words) append(out, word);
    }

    static void append_log(Bytes& out, LogFacts const& log) {
        append(out, log.index);
        append(out, log.first_seen_unix);
        out.insert(out.end(), log.leaf.begin(), log.leaf.end());
    }

    void append_versions(Bytes& out, RecordHeader const& header) const {
        for (auto const& release : releases_) append_width(out, release.version->major(), header.major_width);
        for (auto const& release : releases_) append_width(out, release.version->minor(), header.minor_width);
        for (auto const& release : releases_) append_width(out, release.version->patch(), header.patch_width);
        for (auto const offset : tail_offsets_) append_width(out, offset, header.tail_width);
        for (auto const id : lists_of_) append_width(out, std::min(id, header.lists), header.list_width);
    }

    [[nodiscard]] Bytes bytes_of(RecordHeader const& header) const {
        Bytes out;
        out.reserve(header.length);
        append(out, std::uint64_t{0});
        for (auto const number : {header.length, header.versions, header.lists, header.items, header.pairs,
                                  header.ranges, header.names, header.string_bytes, header.tail_bytes,
                                  header.code_bytes})
            append(out, number);
        for (auto const byte : {header.flags, header.name_bytes, header.major_width, header.minor_width,
                                header.patch_width, header.tail_width, header.list_width, header.pair_width})
            out.push_back(byte);
        if (has_yanked_) append_states(out, [](ReleaseFacts const& one) { return one.is_yanked; });
        if (has_prereleases_) append_states(out, [](ReleaseFacts const& one) { return one.version->is_prerelease(); });
        if ((header.flags & k_has_log_facts) != 0) {
            for (auto const& release : releases_) append_log(out, *release.log);
        }
        auto const name_bytes = static_cast<std::uint32_t>(name_.text().size());
        auto const texts_start = static_cast<std::uint32_t>(name_.text().size() + names_.size());
        for (auto const offset : list_offsets_) append(out, offset);
        append(out, name_bytes);
        for (auto const offset : name_offsets_) append(out, offset);
        append(out, texts_start);
        for (auto const offset : text_offsets_) append(out, texts_start + offset);
        for (auto const offset : code_offsets_) append(out, offset);
        for (auto const key : pairs_) {
            append(out, static_cast<std::uint32_t>(key >> 32U));
            append(out, static_cast<std::uint32_t>(key));
        }
        append_versions(out, header);
        for (auto const item : list_items_) append_width(out, item, header.pair_width);
        out.insert(out.end(), codes_.begin(), codes_.end());
        out.insert(out.end(), tails_.begin(), tails_.end());
        for (auto const text : {std::string_view{name_.text()}, std::string_view{names_}, std::string_view{texts_}})
            out.insert(out.end(), text.begin(), text.end());
        out.resize(header.length);
        store(out.data(), checksum(BytesView{out}.subspan(sizeof(std::uint64_t))));
        return out;
    }

    PackageName const& name_;
    std::vector<ReleaseFacts> releases_;
    std::uint64_t major_max_ = 0;
    std::uint64_t minor_max_ = 0;
    std::uint64_t patch_max_ = 0;
    bool has_yanked_ = false;
    bool has_prereleases_ = false;
    Bytes tails_;
    Bytes codes_;
    std::string names_;
    std::string texts_;
    std::vector<std::uint32_t> tail_offsets_;
    std::vector<std::uint32_t> lists_of_;
    std::vector<std::uint32_t> list_items_;
    std::vector<std::uint32_t> list_offsets_{0};
    std::vector<std::uint32_t> name_offsets_;
    std::vector<std::uint32_t> text_offsets_;
    std::vector<std::uint32_t> code_offsets_{0};
    std::vector<std::uint64_t> pairs_;
    Numbers<std::string_view> name_ids_;
    Numbers<std::string_view> range_ids_;
    Numbers<std::uint64_t> pair_ids_;
    Numbers<std::string> list_ids_;
};

}  // namespace

Result<Bytes> encode_package(PackageName const& name, std::vector<ReleaseFacts> releases) {
    freeze(releases);
    auto const count = releases.size();
    Encoder encoder{name, std::move(releases)};
    if (count > k_versions_max) return encoder.too_large("it has more than 100,000 versions");
    return encoder.run();
}

}  // namespace ggen::metadata
