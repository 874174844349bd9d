#include "registry/state_tree.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "merkle/tree.hpp"
#include "registry/state.hpp"

namespace ggen::detail {
namespace {

constexpr std::size_t k_node_width = 256;

void push_once(StateTree::Objects& objects, std::unordered_set<Digest>& seen, Digest const& address,
               Bytes bytes) {
    if (seen.insert(address).second) objects.emplace_back(address, std::move(bytes));
}

}  // namespace

unsigned StateTree::bits_for(std::size_t name_count) {
    return name_count < RegistryState::k_small_names_max ? 8 : 16;
}

void StateTree::touch(PackageName const& name, Names const& names) {
    auto const bits = bits_for(names.size());
    if (bits != bits_) {
        rebuild(bits, names);
        return;
    }
    auto const bucket = bucket_of(name, bits_);
    auto& list = buckets_[bucket];
    auto const at = std::lower_bound(list.begin(), list.end(), name);
    bool const is_listed = at != list.end() && *at == name;
    bool const is_present = names.find(name) != names.end();
    if (is_present && !is_listed) list.insert(at, name);
    if (!is_present && is_listed) list.erase(at);
    dirty_.insert(bucket);
    stale_.insert(bucket);
}

void StateTree::settle() {
    dirty_.clear();
    all_changed_ = false;
}

Digest StateTree::root(Names const& names, UnixTime leaf_time) {
    update(names, leaf_time);
    return heap_[1];
}

StateTree::Objects StateTree::objects(Names const& names, UnixTime leaf_time) {
    update(names, leaf_time);
    Objects objects;
    std::unordered_set<Digest> seen;
    auto const bucket_count = buckets_.size();
    for (std::uint32_t bucket = 0; bucket < bucket_count; ++bucket) {
        if (seen.count(heap_[bucket_count + bucket]) != 0) continue;
        push_once(objects, seen, heap_[bucket_count + bucket], bucket_bytes(bucket, names, leaf_time));
    }
    if (bits_ == 16) {
        for (auto i = k_node_width; i < 2 * k_node_width; ++i)
            push_once(objects, seen, heap_[i], node_bytes(i));
    }
    push_once(objects, seen, heap_[1], node_bytes(1));
    return objects;
}

StateTree::Objects StateTree::changed_objects(Names const& names, UnixTime leaf_time) {
    if (all_changed_) return objects(names, leaf_time);
    update(names, leaf_time);
    Objects objects;
    std::unordered_set<Digest> seen;
    std::set<std::size_t> nodes;
    for (auto const bucket : dirty_) {
        auto const leaf = buckets_.size() + bucket;
        push_once(objects, seen, heap_[leaf], bucket_bytes(bucket, names, leaf_time));
        if (bits_ == 16) nodes.insert(leaf >> 8U);
    }
    if (!dirty_.empty()) nodes.insert(1);
    for (auto const node : nodes) push_once(objects, seen, heap_[node], node_bytes(node));
    return objects;
}

void StateTree::rebuild(unsigned bits, Names const& names) {
    bits_ = bits;
    auto const count = std::size_t{1} << bits;
    buckets_.assign(count, {});
    dirty_.clear();
    for (auto const& [name, state] : names) {
        auto const bucket = bucket_of(name, bits);
        buckets_[bucket].push_back(name);
        dirty_.insert(bucket);
    }
    stale_ = dirty_;
    heap_.assign(2 * count, Digest{});
    auto hash = merkle::leaf_hash(encode_bucket({}));
    for (auto level = count; level >= 1; level /= 2) {
        std::fill(heap_.begin() + static_cast<std::ptrdiff_t>(level),
                  heap_.begin() + static_cast<std::ptrdiff_t>(2 * level), hash);
        hash = merkle::node_hash(hash, hash);
    }
    all_changed_ = true;
}

void StateTree::update(Names const& names, UnixTime leaf_time) {
    if (bits_ == 0) rebuild(bits_for(names.size()), names);
    if (leaf_time != hashed_for_) stale_ = dirty_;
    hashed_for_ = leaf_time;
    std::set<std::size_t> parents;
    for (auto const bucket : std::exchange(stale_, {})) {
        auto const leaf = buckets_.size() + bucket;
        heap_[leaf] = merkle::leaf_hash(bucket_bytes(bucket, names, leaf_time));
        parents.insert(leaf / 2);
    }
    while (!parents.empty() && *parents.begin() >= 1) {
        std::set<std::size_t> above;
        for (auto const at : parents) {
            heap_[at] = merkle::node_hash(heap_[2 * at], heap_[2 * at + 1]);
            if (at > 1) above.insert(at / 2);
        }
        parents = std::move(above);
    }
}

Bytes StateTree::bucket_bytes(std::uint32_t bucket, Names const& names, UnixTime leaf_time) const {
    std::vector<NameState const*> states;
    for (auto const& name : buckets_[bucket]) states.push_back(&names.at(name));
    return encode_bucket(states, leaf_time);
}

Bytes StateTree::node_bytes(std::size_t heap_index) const {
    Bytes bytes;
    bytes.reserve(k_state_node_bytes);
    for (std::size_t i = 0; i < k_node_width; ++i) {
        auto const& hash = heap_[(heap_index << 8U) + i].bytes;
        bytes.insert(bytes.end(), hash.begin(), hash.end());
    }
    return bytes;
}

}  // namespace ggen::detail
