#pragma once

#include <dlfcn.h>

#include <optional>

namespace ggen {

/// A shared library that is loaded when it is first needed, so that programs that do not need it start faster. It stays
/// until the end of the process: what was found in it may be in use by any thread.
class SharedLibrary {
public:
    /// Nothing when the machine has no library of that file name ("libcurl.so.4").
    [[nodiscard]] static std::optional<SharedLibrary> load(char const* file_name) {
        void* const handle = ::dlopen(file_name, RTLD_NOW | RTLD_LOCAL);
        return handle == nullptr ? std::nullopt : std::optional{SharedLibrary{handle}};
    }
    /// Whether the library has `name`; then `function` is it. Its type is the caller's word.
    template <class Function>
    [[nodiscard]] bool find(char const* name, Function& function) const {
        function = reinterpret_cast<Function>(::dlsym(handle_, name));
        return function != nullptr;
    }

private:
    explicit SharedLibrary(void* handle) : handle_(handle) {}
    void* handle_;
};

}  // namespace ggen
