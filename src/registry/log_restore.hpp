#pragma once

#include <cstdint>
#include <optional>

#include "base/cancel.hpp"
#include "base/file_system.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "registry/root_file.hpp"
#include "registry/source.hpp"
#include "registry/writer.hpp"

namespace ggen {

struct RestoreReport {
    std::uint64_t old_size = 0;  ///< What this machine knew that it signed.
    std::uint64_t size = 0;      ///< What it knows now.
    std::uint64_t shown = 0;     ///< What the source holds.
};

/// Holds a log of ours against a copy of it that somebody else kept. When the copy is longer - ours came from an old
/// backup, or is gone - its entries come back, verified like any mirror's, and the writer goes on after them. Archives
/// come back when they are asked for. Killed anywhere, it begins again.
///
/// Errors: refused (log_fork: the copy does not extend ours, both signed; the evidence stays in the writer's state
/// directory, and nothing is signed any more), conflict (registry_busy), those of LogMirror::update, io.
[[nodiscard]] Result<RestoreReport> restore_log(FileSystem& files, Clock& clock, WriterOptions const& options,
                                                RootFile const& root, RegistrySource& source,
                                                CancelToken const& cancel);

/// Says that what stands on this machine is the newest there is: a copy that was brought here may sign from now on.
/// Errors: not_found, refused (log_writer_stopped: it is damaged), conflict (registry_busy), io.
[[nodiscard]] Result<void> accept_log(FileSystem& files, Clock& clock, WriterOptions options);

}  // namespace ggen
