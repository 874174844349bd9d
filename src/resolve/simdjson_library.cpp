// Loads simdjson on demand: it alone would make every start of the program load the shared C++ runtime. Builds that
// are not for speed link it as usual: without optimisation its inline code calls more of the library.
#include "resolve/simdjson_library.hpp"

#ifdef GGEN_SIMDJSON_LINKED

namespace ggen {

bool has_simdjson() { return true; }

}  // namespace ggen

#else

#include <simdjson.h>

#include "base/shared_library.hpp"

namespace ggen {
namespace {

using Implementation = simdjson::internal::atomic_ptr<simdjson::implementation const>;
using ImplementationOf = Implementation& (*)();

static_assert(simdjson::SIMDJSON_VERSION_MAJOR == 3, "the name of the library changes with its headers");

/// The one function of the library that its inline code calls; null when the library is not there.
ImplementationOf library_function() {
    static ImplementationOf const function = [] {
        ImplementationOf found = nullptr;
        auto const library = SharedLibrary::load("libsimdjson.so.14");
        bool const is_found = library && library->find("_ZN8simdjson25get_active_implementationEv", found);
        return is_found ? found : nullptr;
    }();
    return function;
}

}  // namespace

bool has_simdjson() { return library_function() != nullptr; }

}  // namespace ggen

namespace simdjson {

/// What the header declares and the library defines: forwarded to the library that was loaded.
internal::atomic_ptr<implementation const>& get_active_implementation() { return ggen::library_function()(); }

}  // namespace simdjson

#endif
