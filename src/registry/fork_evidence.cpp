#include "registry/fork_evidence.hpp"

#include <utility>

#include "codec/base64.hpp"
#include "codec/json.hpp"

namespace ggen::detail {

ForkEvidence make_fork_evidence(std::string_view origin, merkle::SignedCheckpoint const& first,
                                merkle::SignedCheckpoint const& second, std::vector<Digest> const& proof) {
    auto hashes = Json::array();
    for (auto const& hash : proof) hashes.push(base64_encode(hash.view()));
    auto evidence = Json::object();
    evidence.set("format", "ggen/fork-evidence/v1");
    evidence.set("origin", origin);
    evidence.set("first", first.note);
    evidence.set("second", second.note);
    evidence.set("consistency_proof", std::move(hashes));
    return {"evidence/fork-" + std::to_string(first.checkpoint.size) + "-" + std::to_string(second.checkpoint.size) +
                ".json",
            evidence.dump(2) + "\n"};
}

}  // namespace ggen::detail
