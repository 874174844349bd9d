#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "peers/programs.hpp"

/// The installers that are compared, each with a project of its own in one room.
namespace ggen::bench {

/// One room: everything that is measured lies below it, so on its file system.
struct Room {
    std::string path;
    std::size_t parked = 0;
    /// Moves `what` away when it stands there: nobody waits for a deletion.
    void park(std::string const& what);
};

/// GGEN_* directories below `home`, and nothing of the user's.
[[nodiscard]] std::map<std::string, std::string> ggen_environment(std::string const& home);

class Installer {
public:
    virtual ~Installer() = default;
    [[nodiscard]] virtual std::string name() const = 0;
    /// The tree and whatever else makes it current are put away; caches stay.
    virtual void lose_tree() = 0;
    /// As lose_tree(), and the caches too.
    virtual void lose_cache() = 0;
    /// The command that installs what the lockfile says.
    virtual Result<Finished> install() = 0;
};

/// ggen, with what only it has.
class GgenInstaller : public Installer {
public:
    virtual Result<Finished> install_with(std::vector<std::string> const& more) = 0;
    /// What this machine has built is forgotten; the packages stay in the store.
    virtual void lose_generations() = 0;
    /// Lockfile and proofs as a new checkout has them: the same bytes in files of their own.
    virtual void renew_files() = 0;
    [[nodiscard]] virtual std::string project() const = 0;
};

/// Resolves and installs once, so that caches are warm. Errors: io, with what the tool said.
Result<std::unique_ptr<GgenInstaller>> make_ggen(Room& room, std::string const& program, std::string const& registry,
                                             std::vector<std::string> const& roots);

struct PeerRecipe {
    std::string name;                 ///< "bun hoisted"
    std::string program;
    std::vector<std::string> first;   ///< Resolves and installs.
    std::vector<std::string> again;   ///< From the lockfile.
    std::map<std::string, std::string> files;   ///< In the project, beside package.json.
    std::map<std::string, std::string> caches;  ///< Environment variable -> directory name of a cache.
};
/// The best modes of a peer ("bun", "pnpm", "npm"), against the npm registry at `registry`.
[[nodiscard]] std::vector<PeerRecipe> recipes_of(std::string const& peer, std::string const& directory,
                                                 std::string const& registry);
Result<std::unique_ptr<Installer>> make_peer(Room& room, PeerRecipe const& recipe,
                                             std::vector<std::string> const& roots);

}  // namespace ggen::bench
