#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "merkle/checkpoint.hpp"
#include "merkle/note.hpp"
#include "registry/witness.hpp"

namespace ggen {

/// A witness that the writer of a log asks: an address, or where a peer is.
struct WitnessPlace {
    merkle::VerifierKey key;
    std::string place;
    friend bool operator==(WitnessPlace const&, WitnessPlace const&) = default;
};

/// Whom to ask for cosignatures before a checkpoint becomes public.
struct Cosigning {
    /// Gives the body of an add-checkpoint request to the witness at `place`; called from several threads.
    using Ask = std::function<Result<WitnessAnswer>(std::string const& place, std::string const& body)>;
    std::vector<WitnessPlace> witnesses;
    Ask ask;
};

struct CosignedNote {
    std::string note;                   ///< With the cosignatures that came and hold, in the order of the witnesses.
    std::vector<std::string> failures;  ///< One sentence for each witness that gave none.
    /// A witness has cosigned more entries than the log has here, or others: signing on could fork it.
    std::optional<std::string> contradiction;
};

/// Consistency proof of the checkpoint from an older size on.
using ProveFrom = std::function<Result<std::vector<Digest>>(std::uint64_t old_size)>;

/// Asks all witnesses at once. `previous` is what was public before: whose cosignature it carries knows its size.
[[nodiscard]] CosignedNote gather_cosignatures(Cosigning const& cosigning, merkle::SignedCheckpoint const& checkpoint,
                                               std::optional<merkle::SignedCheckpoint> const& previous,
                                               ProveFrom const& prove);

}  // namespace ggen
