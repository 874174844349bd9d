#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "crypto/digest.hpp"

namespace ggen {

/// What a generation is made of (docs/formats/store.md).
struct GenerationContent {
    /// "acme/base" or "base" -> package; paths relative to tree/, one link each.
    std::vector<std::pair<std::string, Digest>> packages;
    /// Small texts in it: "ggen.lock", "tree/.ggen-installed". They and the links tell whether a generation that
    /// stands already is this one.
    std::vector<std::pair<std::string, std::string>> files;
    /// Texts that may differ between builders of the same generation: "ggen.lock.proofs".
    std::vector<std::pair<std::string, std::string>> notes;
};

/// That somebody checked a lockfile together with files that its digest does not cover.
struct GenerationCheck {
    Digest key;  ///< Of whatever was checked: proofs, gpack.toml.
    std::uint64_t packages = 0;
    friend bool operator==(GenerationCheck const&, GenerationCheck const&) = default;
};

/// The newest first, at most k_checks_max; one spelling. Lines that do not parse end the list.
[[nodiscard]] std::string print_checks(std::vector<GenerationCheck> const& checks);
[[nodiscard]] std::vector<GenerationCheck> parse_checks(std::string_view text);
inline constexpr std::size_t k_checks_max = 8;

/// Files that were hashed, by their inodes: while those stand unchanged the digests need no reading.
struct SeenFiles {
    Digest generation;
    Digest key;
    std::string identity;  ///< One line.
    friend bool operator==(SeenFiles const&, SeenFiles const&) = default;
};

/// Root of collection: a project and the generations that it may go back to.
struct ProjectRoot {
    static constexpr std::size_t k_generations_max = 5;
    static constexpr std::size_t k_bytes_max = 32'768;

    std::string project;  ///< Absolute.
    std::string target;   ///< The link of the project; absolute.
    std::vector<Digest> generations;  ///< The newest first.
    std::optional<SeenFiles> seen;

    /// Puts `id` at the front and forgets what lies behind the k_generations_max newest.
    void push(Digest const& id);
    [[nodiscard]] bool keeps(Digest const& id) const;
    [[nodiscard]] std::string print() const;
    /// One spelling only; nothing when `text` is anything else.
    [[nodiscard]] static std::optional<ProjectRoot> parse(std::string_view text);
    friend bool operator==(ProjectRoot const&, ProjectRoot const&) = default;
};

/// The generation that a link of this shape names: ".../env/<64 hex>/tree".
[[nodiscard]] std::optional<Digest> generation_of_link(std::string_view link);

}  // namespace ggen
