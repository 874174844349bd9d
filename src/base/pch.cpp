// Carries the precompiled header of common includes that every library and program reuses (cmake/GgenModule.cmake).
