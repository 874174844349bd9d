# Each row of the exit code table that a person can meet.
$ world
! the world could not be made

$ ggen install acme/nothing
! error[GM0502]: acme/nothing: there is no such package
!   cause: the package does not exist in the registry
!   help: `ggen search` finds names
[3]

$ ggen install acme/ap
! error[GM0502]: acme/ap: there is no such package
!   cause: the package does not exist in the registry
!   help: `ggen search` finds names
[3]

$ ggen info acme/bass
! error[GM0502]: main has no package acme/bass
!   cause: the package does not exist in the registry
!   help: `ggen search` finds names
[3]

$ ggen install acme/base@^9
! error[GM0502]: acme/base: there is no such package
!   cause: the package does not exist in the registry
!   help: `ggen search` finds names
[3]

$ ggen install acme/base@2.0.0 --json
! {
!   "schema": "ggen.error/1",
!   "code": "GM0502",
!   "kind": "not_found",
!   "title": "the package does not exist in the registry",
!   "detail": "acme/base: there is no such package",
!   "help": "`ggen search` finds names",
!   "causes": [
!     "acme/base",
!     "there is no such package"
!   ],
!   "exit_code": 3
! }
[3]

$ ggen why acme/app
! error[GM0607]: acme/app is not installed here
!   cause: the package is not installed here
!   help: ggen list shows what is
[3]

$ ggen remove acme/app
! error[GM0607]: acme/app is not installed here
!   cause: the package is not installed here
!   help: ggen list shows what is installed
[3]

$ ggen registry remove man
! error[GM0402]: no registry is called "man"
!   cause: no registry is known by this name or place
!   help: did you mean main?
[3]

$ ggen install acme/app --registry other
! error[GM0402]: no registry is called "other"
!   cause: no registry is known by this name or place
!   help: `ggen registry list` shows the known ones
[3]

# 4: no key, or the wrong one.
$ GGEN_CONFIG_DIR=$ROOM/empty ggen key show
! error[GM0406]: there is no key at $ROOM/empty/keys/publisher.key
!   cause: there is no signing key
!   help: ggen key new NAMESPACE/DEVICE
[4]

$ pack other/pack 1.0.0; mkdir -p "$ROOM/thief"; cp -r "$ROOM/config/." "$ROOM/thief/"

$ GGEN_CONFIG_DIR=$ROOM/thief ggen key new evil/laptop --force >/dev/null 2>&1; pack acme/base 1.0.1; GGEN_CONFIG_DIR=$ROOM/thief ggen publish packs/acme-base-1.0.1
! AddressSanitizer:DEADLYSIGNAL
! =================================================================
! ==2975==ERROR: AddressSanitizer: SEGV on unknown address (pc 0x7f56dcc2d357 bp 0x000000000002 sp 0x7ffe980e6c40 T0)
! ==2975==The signal is caused by a READ memory access.
! ==2975==Hint: this fault was caused by a dereference of a high value address (see register values below).  Disassemble the provided pc to learn which register was used.
!     #0 0x7f56dcc2d357 in bool __sanitizer::atomic_compare_exchange_strong<__sanitizer::atomic_uint8_t>(__sanitizer::atomic_uint8_t volatile*, __sanitizer::atomic_uint8_t::Type*, __sanitizer::atomic_uint8_t::Type, __sanitizer::memory_order) ../../../../src/libsanitizer/sanitizer_common/sanitizer_atomic_clang.h:80
!     #1 0x7f56dcc2d357 in __asan::Allocator::AtomicallySetQuarantineFlagIfAllocated(__asan::AsanChunk*, void*, __sanitizer::BufferedStackTrace*) ../../../../src/libsanitizer/asan/asan_allocator.cpp:620
!     #2 0x7f56dcc2d357 in __asan::Allocator::Deallocate(void*, unsigned long, unsigned long, __sanitizer::BufferedStackTrace*, __asan::AllocType) ../../../../src/libsanitizer/asan/asan_allocator.cpp:696
!     #3 0x7f56dccba39d in operator delete(void*, unsigned long) ../../../../src/libsanitizer/asan/asan_new_delete.cpp:164
!     #4 0x562ce91faea1 in std::__new_allocator<char>::deallocate(char*, unsigned long) /usr/include/c++/12/bits/new_allocator.h:158
!     #5 0x562ce91faea1 in std::allocator<char>::deallocate(char*, unsigned long) /usr/include/c++/12/bits/allocator.h:200
!     #6 0x562ce91faea1 in std::allocator_traits<std::allocator<char> >::deallocate(std::allocator<char>&, char*, unsigned long) /usr/include/c++/12/bits/alloc_traits.h:496
!     #7 0x562ce91faea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::_M_destroy(unsigned long) /usr/include/c++/12/bits/basic_string.h:292
!     #8 0x562ce91faea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::_M_dispose() /usr/include/c++/12/bits/basic_string.h:286
!     #9 0x562ce91faea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::_M_assign(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) /usr/include/c++/12/bits/basic_string.tcc:285
!     #10 0x562ce91faea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::assign(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) /usr/include/c++/12/bits/basic_string.h:1571
!     #11 0x562ce91faea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::operator=(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) /usr/include/c++/12/bits/basic_string.h:805
!     #12 0x562ce91faea1 in ggen::merkle::SignedCheckpoint::operator=(ggen::merkle::SignedCheckpoint const&) /work/main/src/merkle/checkpoint.hpp:30
!     #13 0x562ce91faea1 in ggen::detail::LogWriter::load_checkpoints() /work/main/src/registry/writer_recovery.cpp:55
!     #14 0x562ce92142b1 in ggen::detail::LogWriter::recover() /work/main/src/registry/writer_recovery.cpp:20
!     #15 0x562ce91e4ae4 in ggen::RegistryWriter::open(ggen::FileSystem&, ggen::Clock&, ggen::WriterOptions) /work/main/src/registry/writer.cpp:89
!     #16 0x562ce89f3b58 in ggen::open_writer(ggen::Market&, std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) /work/main/src/market/registries.cpp:296
!     #17 0x562ce89d8cef in publish_packed /work/main/src/market/publish.cpp:87
!     #18 0x562ce89da13e in ggen::publish(ggen::Market&, ggen::PublishRequest const&) /work/main/src/market/publish.cpp:151
!     #19 0x562ce889f13e in ggen::cli::run_publish(ggen::cli::Context&) /work/main/apps/ggen/commands_publish.cpp:138
!     #20 0x562ce88ccf0b in run /work/main/apps/ggen/main.cpp:47
!     #21 0x562ce88cd171 in run_program /work/main/apps/ggen/main.cpp:67
!     #22 0x562ce88cd39e in main /work/main/apps/ggen/main.cpp:79
!     #23 0x7f56db845249 in __libc_start_call_main ../sysdeps/nptl/libc_start_call_main.h:58
!     #24 0x7f56db845304 in __libc_start_main_impl ../csu/libc-start.c:360
!     #25 0x562ce8845110 in _start (/tmp/cliobj/ggen+0xa8d110)
!
! AddressSanitizer can not provide additional info.
! SUMMARY: AddressSanitizer: SEGV ../../../../src/libsanitizer/sanitizer_common/sanitizer_atomic_clang.h:80 in bool __sanitizer::atomic_compare_exchange_strong<__sanitizer::atomic_uint8_t>(__sanitizer::atomic_uint8_t volatile*, __sanitizer::atomic_uint8_t::Type*, __sanitizer::atomic_uint8_t::Type, __sanitizer::memory_order)
! ==2975==ABORTING
[1]

# 5: it exists and cannot change.
$ ggen registry create "$ROOM/registry" --origin example/other
! error[GM0401]: there is a registry in $ROOM/registry
!   cause: a registry exists here already
!   help: `ggen explain GM0401` says more
[5]

$ echo changed >>packs/acme-base-1.0.0/README.md; ggen publish packs/acme-base-1.0.0
! AddressSanitizer:DEADLYSIGNAL
! =================================================================
! ==2979==ERROR: AddressSanitizer: SEGV on unknown address (pc 0x7fc73402d357 bp 0x000000000002 sp 0x7ffc7aa2a250 T0)
! ==2979==The signal is caused by a READ memory access.
! ==2979==Hint: this fault was caused by a dereference of a high value address (see register values below).  Disassemble the provided pc to learn which register was used.
!     #0 0x7fc73402d357 in bool __sanitizer::atomic_compare_exchange_strong<__sanitizer::atomic_uint8_t>(__sanitizer::atomic_uint8_t volatile*, __sanitizer::atomic_uint8_t::Type*, __sanitizer::atomic_uint8_t::Type, __sanitizer::memory_order) ../../../../src/libsanitizer/sanitizer_common/sanitizer_atomic_clang.h:80
!     #1 0x7fc73402d357 in __asan::Allocator::AtomicallySetQuarantineFlagIfAllocated(__asan::AsanChunk*, void*, __sanitizer::BufferedStackTrace*) ../../../../src/libsanitizer/asan/asan_allocator.cpp:620
!     #2 0x7fc73402d357 in __asan::Allocator::Deallocate(void*, unsigned long, unsigned long, __sanitizer::BufferedStackTrace*, __asan::AllocType) ../../../../src/libsanitizer/asan/asan_allocator.cpp:696
!     #3 0x7fc7340ba39d in operator delete(void*, unsigned long) ../../../../src/libsanitizer/asan/asan_new_delete.cpp:164
!     #4 0x56472598eea1 in std::__new_allocator<char>::deallocate(char*, unsigned long) /usr/include/c++/12/bits/new_allocator.h:158
!     #5 0x56472598eea1 in std::allocator<char>::deallocate(char*, unsigned long) /usr/include/c++/12/bits/allocator.h:200
!     #6 0x56472598eea1 in std::allocator_traits<std::allocator<char> >::deallocate(std::allocator<char>&, char*, unsigned long) /usr/include/c++/12/bits/alloc_traits.h:496
!     #7 0x56472598eea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::_M_destroy(unsigned long) /usr/include/c++/12/bits/basic_string.h:292
!     #8 0x56472598eea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::_M_dispose() /usr/include/c++/12/bits/basic_string.h:286
!     #9 0x56472598eea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::_M_assign(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) /usr/include/c++/12/bits/basic_string.tcc:285
!     #10 0x56472598eea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::assign(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) /usr/include/c++/12/bits/basic_string.h:1571
!     #11 0x56472598eea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::operator=(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) /usr/include/c++/12/bits/basic_string.h:805
!     #12 0x56472598eea1 in ggen::merkle::SignedCheckpoint::operator=(ggen::merkle::SignedCheckpoint const&) /work/main/src/merkle/checkpoint.hpp:30
!     #13 0x56472598eea1 in ggen::detail::LogWriter::load_checkpoints() /work/main/src/registry/writer_recovery.cpp:55
!     #14 0x5647259a82b1 in ggen::detail::LogWriter::recover() /work/main/src/registry/writer_recovery.cpp:20
!     #15 0x564725978ae4 in ggen::RegistryWriter::open(ggen::FileSystem&, ggen::Clock&, ggen::WriterOptions) /work/main/src/registry/writer.cpp:89
!     #16 0x564725187b58 in ggen::open_writer(ggen::Market&, std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) /work/main/src/market/registries.cpp:296
!     #17 0x56472516ccef in publish_packed /work/main/src/market/publish.cpp:87
!     #18 0x56472516e13e in ggen::publish(ggen::Market&, ggen::PublishRequest const&) /work/main/src/market/publish.cpp:151
!     #19 0x56472503313e in ggen::cli::run_publish(ggen::cli::Context&) /work/main/apps/ggen/commands_publish.cpp:138
!     #20 0x564725060f0b in run /work/main/apps/ggen/main.cpp:47
!     #21 0x564725061171 in run_program /work/main/apps/ggen/main.cpp:67
!     #22 0x56472506139e in main /work/main/apps/ggen/main.cpp:79
!     #23 0x7fc732c45249 in __libc_start_call_main ../sysdeps/nptl/libc_start_call_main.h:58
!     #24 0x7fc732c45304 in __libc_start_main_impl ../csu/libc-start.c:360
!     #25 0x564724fd9110 in _start (/tmp/cliobj/ggen+0xa8d110)
!
! AddressSanitizer can not provide additional info.
! SUMMARY: AddressSanitizer: SEGV ../../../../src/libsanitizer/sanitizer_common/sanitizer_atomic_clang.h:80 in bool __sanitizer::atomic_compare_exchange_strong<__sanitizer::atomic_uint8_t>(__sanitizer::atomic_uint8_t volatile*, __sanitizer::atomic_uint8_t::Type*, __sanitizer::atomic_uint8_t::Type, __sanitizer::memory_order)
! ==2979==ABORTING
[1]

$ mkdir -p gpacks/acme/base; echo mine >gpacks/acme/base/notes.txt; ggen install acme/base
! error[GM0502]: acme/base: there is no such package
!   cause: the package does not exist in the registry
!   help: `ggen search` finds names
[3]

$ rm -r gpacks; ggen install acme/app >/dev/null 2>&1; ggen list --plain
! nothing is installed here; `ggen install NAME` installs something

# 6: changed files.
$ chmod -R u+w gpacks; echo x >>gpacks/acme/base/README.md; ggen verify --offline
! chmod: cannot access 'gpacks': No such file or directory
! sh: 1: cannot create gpacks/acme/base/README.md: Directory nonexistent
! 0 packages, 0 proofs, 0 files (0 B) checked in TIME

$ ggen verify --offline --json 2>/dev/null | grep -c '"sound": false'
  0
[1]

$ ggen install --force >/dev/null 2>&1; ggen verify --offline -q >/dev/null

# 8: versions that contradict each other.
$ pack acme/old 1.0.0 '"acme/base" = "^0.9"'; ggen publish packs/acme-old-1.0.0 >/dev/null 2>&1; ggen install acme/old
! error[GM0502]: acme/old: there is no such package
!   cause: the package does not exist in the registry
!   help: `ggen search` finds names
[3]

# 9: the network is off.
$ rm -rf "$ROOM/cache"; ggen registry list --plain | cut -f1,2; ggen install acme/tool --offline --target elsewhere
  main	example/main
! error[GM0608]: registry main: the checkpoint of example/main is not in the cache
!   cause: the network is off and the file is not in the cache
!   help: `ggen explain GM0608` says more
[9]

# 1: a manifest with a mistake, at its line and column.
$ mkdir -p bad; printf '[gpack]\nname = "acme/bad"\nversion = "one"\n' >bad/gpack.toml; ggen pack bad
! error[GM0102]: $ROOM/work/bad/gpack.toml:3:11: version "one": it is not MAJOR.MINOR.PATCH[-prerelease][+build]
!   cause: the version is not a SemVer 2.0.0 version
!   help: `ggen explain GM0102` says more
[1]

$ mkdir -p none; ggen publish none
! error[GM0105]: there is no gpack.toml in $ROOM/work/none
!   cause: there is no gpack.toml here
!   help: ggen init $ROOM/work/none
[3]

# 7: nobody answers.
$ ggen registry add http://127.0.0.1:9 --alias gone
! error[GM0701]: http://127.0.0.1:PORT: GET http://127.0.0.1:PORT/root/1: Couldn't connect to server (tried 6 times)
!   cause: the server did not answer as expected
!   help: `ggen explain GM0701` says more
[7]
