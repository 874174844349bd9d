// Carries the precompiled gtest header that every test program reuses.
