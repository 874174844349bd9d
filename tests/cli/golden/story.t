# The main job, as a person sees it.
$ ggen key new acme/laptop
  acme/laptop+KEYID+KEY
! the private half is in $ROOM/config/keys/publisher.key

$ ggen registry create "$ROOM/registry" --origin example/main --alias main
  alias          main
  origin         example/main
  folder         $ROOM/registry
  log key        example/main+KEYID+KEY
  fingerprint    sha256:HEX
! others add it with: ggen registry add LOCATION --fingerprint sha256:HEX

$ pack acme/base 1.0.0; pack acme/tool 1.0.0 '"acme/base" = "^1.0.0"'; pack acme/app 1.0.0 '"acme/tool" = "^1.0.0"'

$ ggen publish packs/acme-base-1.0.0 --dry-run
  acme/base@1.0.0  258 B
! 1 package would be published to main; nothing was signed

$ ggen publish packs/acme-base-1.0.0 packs/acme-tool-1.0.0 packs/acme-app-1.0.0
! AddressSanitizer:DEADLYSIGNAL
! =================================================================
! ==3075==ERROR: AddressSanitizer: SEGV on unknown address (pc 0x7fa7a0e2d357 bp 0x000000000002 sp 0x7ffecfdb9640 T0)
! ==3075==The signal is caused by a READ memory access.
! ==3075==Hint: this fault was caused by a dereference of a high value address (see register values below).  Disassemble the provided pc to learn which register was used.
!     #0 0x7fa7a0e2d357 in bool __sanitizer::atomic_compare_exchange_strong<__sanitizer::atomic_uint8_t>(__sanitizer::atomic_uint8_t volatile*, __sanitizer::atomic_uint8_t::Type*, __sanitizer::atomic_uint8_t::Type, __sanitizer::memory_order) ../../../../src/libsanitizer/sanitizer_common/sanitizer_atomic_clang.h:80
!     #1 0x7fa7a0e2d357 in __asan::Allocator::AtomicallySetQuarantineFlagIfAllocated(__asan::AsanChunk*, void*, __sanitizer::BufferedStackTrace*) ../../../../src/libsanitizer/asan/asan_allocator.cpp:620
!     #2 0x7fa7a0e2d357 in __asan::Allocator::Deallocate(void*, unsigned long, unsigned long, __sanitizer::BufferedStackTrace*, __asan::AllocType) ../../../../src/libsanitizer/asan/asan_allocator.cpp:696
!     #3 0x7fa7a0eba39d in operator delete(void*, unsigned long) ../../../../src/libsanitizer/asan/asan_new_delete.cpp:164
!     #4 0x55a127916ea1 in std::__new_allocator<char>::deallocate(char*, unsigned long) /usr/include/c++/12/bits/new_allocator.h:158
!     #5 0x55a127916ea1 in std::allocator<char>::deallocate(char*, unsigned long) /usr/include/c++/12/bits/allocator.h:200
!     #6 0x55a127916ea1 in std::allocator_traits<std::allocator<char> >::deallocate(std::allocator<char>&, char*, unsigned long) /usr/include/c++/12/bits/alloc_traits.h:496
!     #7 0x55a127916ea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::_M_destroy(unsigned long) /usr/include/c++/12/bits/basic_string.h:292
!     #8 0x55a127916ea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::_M_dispose() /usr/include/c++/12/bits/basic_string.h:286
!     #9 0x55a127916ea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::_M_assign(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) /usr/include/c++/12/bits/basic_string.tcc:285
!     #10 0x55a127916ea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::assign(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) /usr/include/c++/12/bits/basic_string.h:1571
!     #11 0x55a127916ea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::operator=(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) /usr/include/c++/12/bits/basic_string.h:805
!     #12 0x55a127916ea1 in ggen::merkle::SignedCheckpoint::operator=(ggen::merkle::SignedCheckpoint const&) /work/main/src/merkle/checkpoint.hpp:30
!     #13 0x55a127916ea1 in ggen::detail::LogWriter::load_checkpoints() /work/main/src/registry/writer_recovery.cpp:55
!     #14 0x55a1279302b1 in ggen::detail::LogWriter::recover() /work/main/src/registry/writer_recovery.cpp:20
!     #15 0x55a127900ae4 in ggen::RegistryWriter::open(ggen::FileSystem&, ggen::Clock&, ggen::WriterOptions) /work/main/src/registry/writer.cpp:89
!     #16 0x55a12710fb58 in ggen::open_writer(ggen::Market&, std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) /work/main/src/market/registries.cpp:296
!     #17 0x55a1270f4cef in publish_packed /work/main/src/market/publish.cpp:87
!     #18 0x55a1270f613e in ggen::publish(ggen::Market&, ggen::PublishRequest const&) /work/main/src/market/publish.cpp:151
!     #19 0x55a126fbb13e in ggen::cli::run_publish(ggen::cli::Context&) /work/main/apps/ggen/commands_publish.cpp:138
!     #20 0x55a126fe8f0b in run /work/main/apps/ggen/main.cpp:47
!     #21 0x55a126fe9171 in run_program /work/main/apps/ggen/main.cpp:67
!     #22 0x55a126fe939e in main /work/main/apps/ggen/main.cpp:79
!     #23 0x7fa79fa45249 in __libc_start_call_main ../sysdeps/nptl/libc_start_call_main.h:58
!     #24 0x7fa79fa45304 in __libc_start_main_impl ../csu/libc-start.c:360
!     #25 0x55a126f61110 in _start (/tmp/cliobj/ggen+0xa8d110)
!
! AddressSanitizer can not provide additional info.
! SUMMARY: AddressSanitizer: SEGV ../../../../src/libsanitizer/sanitizer_common/sanitizer_atomic_clang.h:80 in bool __sanitizer::atomic_compare_exchange_strong<__sanitizer::atomic_uint8_t>(__sanitizer::atomic_uint8_t volatile*, __sanitizer::atomic_uint8_t::Type*, __sanitizer::atomic_uint8_t::Type, __sanitizer::memory_order)
! ==3075==ABORTING
[1]

$ ggen publish packs/acme-base-1.0.0
! AddressSanitizer:DEADLYSIGNAL
! =================================================================
! ==3077==ERROR: AddressSanitizer: SEGV on unknown address (pc 0x7fdd78e2d357 bp 0x000000000002 sp 0x7fff500b7630 T0)
! ==3077==The signal is caused by a READ memory access.
! ==3077==Hint: this fault was caused by a dereference of a high value address (see register values below).  Disassemble the provided pc to learn which register was used.
!     #0 0x7fdd78e2d357 in bool __sanitizer::atomic_compare_exchange_strong<__sanitizer::atomic_uint8_t>(__sanitizer::atomic_uint8_t volatile*, __sanitizer::atomic_uint8_t::Type*, __sanitizer::atomic_uint8_t::Type, __sanitizer::memory_order) ../../../../src/libsanitizer/sanitizer_common/sanitizer_atomic_clang.h:80
!     #1 0x7fdd78e2d357 in __asan::Allocator::AtomicallySetQuarantineFlagIfAllocated(__asan::AsanChunk*, void*, __sanitizer::BufferedStackTrace*) ../../../../src/libsanitizer/asan/asan_allocator.cpp:620
!     #2 0x7fdd78e2d357 in __asan::Allocator::Deallocate(void*, unsigned long, unsigned long, __sanitizer::BufferedStackTrace*, __asan::AllocType) ../../../../src/libsanitizer/asan/asan_allocator.cpp:696
!     #3 0x7fdd78eba39d in operator delete(void*, unsigned long) ../../../../src/libsanitizer/asan/asan_new_delete.cpp:164
!     #4 0x5558f4221ea1 in std::__new_allocator<char>::deallocate(char*, unsigned long) /usr/include/c++/12/bits/new_allocator.h:158
!     #5 0x5558f4221ea1 in std::allocator<char>::deallocate(char*, unsigned long) /usr/include/c++/12/bits/allocator.h:200
!     #6 0x5558f4221ea1 in std::allocator_traits<std::allocator<char> >::deallocate(std::allocator<char>&, char*, unsigned long) /usr/include/c++/12/bits/alloc_traits.h:496
!     #7 0x5558f4221ea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::_M_destroy(unsigned long) /usr/include/c++/12/bits/basic_string.h:292
!     #8 0x5558f4221ea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::_M_dispose() /usr/include/c++/12/bits/basic_string.h:286
!     #9 0x5558f4221ea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::_M_assign(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) /usr/include/c++/12/bits/basic_string.tcc:285
!     #10 0x5558f4221ea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::assign(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) /usr/include/c++/12/bits/basic_string.h:1571
!     #11 0x5558f4221ea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::operator=(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) /usr/include/c++/12/bits/basic_string.h:805
!     #12 0x5558f4221ea1 in ggen::merkle::SignedCheckpoint::operator=(ggen::merkle::SignedCheckpoint const&) /work/main/src/merkle/checkpoint.hpp:30
!     #13 0x5558f4221ea1 in ggen::detail::LogWriter::load_checkpoints() /work/main/src/registry/writer_recovery.cpp:55
!     #14 0x5558f423b2b1 in ggen::detail::LogWriter::recover() /work/main/src/registry/writer_recovery.cpp:20
!     #15 0x5558f420bae4 in ggen::RegistryWriter::open(ggen::FileSystem&, ggen::Clock&, ggen::WriterOptions) /work/main/src/registry/writer.cpp:89
!     #16 0x5558f3a1ab58 in ggen::open_writer(ggen::Market&, std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) /work/main/src/market/registries.cpp:296
!     #17 0x5558f39ffcef in publish_packed /work/main/src/market/publish.cpp:87
!     #18 0x5558f3a0113e in ggen::publish(ggen::Market&, ggen::PublishRequest const&) /work/main/src/market/publish.cpp:151
!     #19 0x5558f38c613e in ggen::cli::run_publish(ggen::cli::Context&) /work/main/apps/ggen/commands_publish.cpp:138
!     #20 0x5558f38f3f0b in run /work/main/apps/ggen/main.cpp:47
!     #21 0x5558f38f4171 in run_program /work/main/apps/ggen/main.cpp:67
!     #22 0x5558f38f439e in main /work/main/apps/ggen/main.cpp:79
!     #23 0x7fdd77a45249 in __libc_start_call_main ../sysdeps/nptl/libc_start_call_main.h:58
!     #24 0x7fdd77a45304 in __libc_start_main_impl ../csu/libc-start.c:360
!     #25 0x5558f386c110 in _start (/tmp/cliobj/ggen+0xa8d110)
!
! AddressSanitizer can not provide additional info.
! SUMMARY: AddressSanitizer: SEGV ../../../../src/libsanitizer/sanitizer_common/sanitizer_atomic_clang.h:80 in bool __sanitizer::atomic_compare_exchange_strong<__sanitizer::atomic_uint8_t>(__sanitizer::atomic_uint8_t volatile*, __sanitizer::atomic_uint8_t::Type*, __sanitizer::atomic_uint8_t::Type, __sanitizer::memory_order)
! ==3077==ABORTING
[1]

$ ggen search app
! nothing found in 0 packages

$ ggen search
! nothing found in 0 packages

$ ggen search ap --plain
! nothing found in 0 packages

$ ggen search tool --detailed
! nothing found in 0 packages

$ ggen search acme/bsae
! nothing found in 0 packages

$ ggen search bsae --fuzzy
! nothing found in 0 packages

$ ggen info acme/app
! error[GM0502]: main has no package acme/app
!   cause: the package does not exist in the registry
!   help: `ggen search` finds names
[3]

$ ggen install acme/app --dry-run
! error[GM0502]: acme/app: there is no such package
!   cause: the package does not exist in the registry
!   help: `ggen search` finds names
[3]

$ ggen install acme/app
! error[GM0502]: acme/app: there is no such package
!   cause: the package does not exist in the registry
!   help: `ggen search` finds names
[3]

$ ggen install acme/app
! error[GM0502]: acme/app: there is no such package
!   cause: the package does not exist in the registry
!   help: `ggen search` finds names
[3]

$ ggen install --frozen
! error[GM0105]: there is nothing to install: no package is named, and $ROOM/work has neither ggen.lock nor a gpack.toml with dependencies
!   cause: there is no gpack.toml here
!   help: name one: ggen install NAME; ggen search finds names
[3]

$ ggen list
! nothing is installed here; `ggen install NAME` installs something

$ ggen list --plain
! nothing is installed here; `ggen install NAME` installs something

$ ggen list --detailed

$ ggen why acme/base
! error[GM0607]: acme/base is not installed here
!   cause: the package is not installed here
!   help: ggen list shows what is
[3]

$ ggen tree
  your project

$ ggen verify --offline
! 0 packages, 0 proofs, 0 files (0 B) checked in TIME

$ ggen verify --offline --plain
! 0 packages, 0 proofs, 0 files (0 B) checked in TIME

$ ggen outdated
! everything is up to date

$ pack acme/base 1.1.0; ggen publish packs/acme-base-1.1.0 >/dev/null
! AddressSanitizer:DEADLYSIGNAL
! =================================================================
! ==3121==ERROR: AddressSanitizer: SEGV on unknown address (pc 0x7f270882d357 bp 0x000000000002 sp 0x7ffdb9095390 T0)
! ==3121==The signal is caused by a READ memory access.
! ==3121==Hint: this fault was caused by a dereference of a high value address (see register values below).  Disassemble the provided pc to learn which register was used.
!     #0 0x7f270882d357 in bool __sanitizer::atomic_compare_exchange_strong<__sanitizer::atomic_uint8_t>(__sanitizer::atomic_uint8_t volatile*, __sanitizer::atomic_uint8_t::Type*, __sanitizer::atomic_uint8_t::Type, __sanitizer::memory_order) ../../../../src/libsanitizer/sanitizer_common/sanitizer_atomic_clang.h:80
!     #1 0x7f270882d357 in __asan::Allocator::AtomicallySetQuarantineFlagIfAllocated(__asan::AsanChunk*, void*, __sanitizer::BufferedStackTrace*) ../../../../src/libsanitizer/asan/asan_allocator.cpp:620
!     #2 0x7f270882d357 in __asan::Allocator::Deallocate(void*, unsigned long, unsigned long, __sanitizer::BufferedStackTrace*, __asan::AllocType) ../../../../src/libsanitizer/asan/asan_allocator.cpp:696
!     #3 0x7f27088ba39d in operator delete(void*, unsigned long) ../../../../src/libsanitizer/asan/asan_new_delete.cpp:164
!     #4 0x56276cdcdea1 in std::__new_allocator<char>::deallocate(char*, unsigned long) /usr/include/c++/12/bits/new_allocator.h:158
!     #5 0x56276cdcdea1 in std::allocator<char>::deallocate(char*, unsigned long) /usr/include/c++/12/bits/allocator.h:200
!     #6 0x56276cdcdea1 in std::allocator_traits<std::allocator<char> >::deallocate(std::allocator<char>&, char*, unsigned long) /usr/include/c++/12/bits/alloc_traits.h:496
!     #7 0x56276cdcdea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::_M_destroy(unsigned long) /usr/include/c++/12/bits/basic_string.h:292
!     #8 0x56276cdcdea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::_M_dispose() /usr/include/c++/12/bits/basic_string.h:286
!     #9 0x56276cdcdea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::_M_assign(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) /usr/include/c++/12/bits/basic_string.tcc:285
!     #10 0x56276cdcdea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::assign(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) /usr/include/c++/12/bits/basic_string.h:1571
!     #11 0x56276cdcdea1 in std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::operator=(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) /usr/include/c++/12/bits/basic_string.h:805
!     #12 0x56276cdcdea1 in ggen::merkle::SignedCheckpoint::operator=(ggen::merkle::SignedCheckpoint const&) /work/main/src/merkle/checkpoint.hpp:30
!     #13 0x56276cdcdea1 in ggen::detail::LogWriter::load_checkpoints() /work/main/src/registry/writer_recovery.cpp:55
!     #14 0x56276cde72b1 in ggen::detail::LogWriter::recover() /work/main/src/registry/writer_recovery.cpp:20
!     #15 0x56276cdb7ae4 in ggen::RegistryWriter::open(ggen::FileSystem&, ggen::Clock&, ggen::WriterOptions) /work/main/src/registry/writer.cpp:89
!     #16 0x56276c5c6b58 in ggen::open_writer(ggen::Market&, std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&) /work/main/src/market/registries.cpp:296
!     #17 0x56276c5abcef in publish_packed /work/main/src/market/publish.cpp:87
!     #18 0x56276c5ad13e in ggen::publish(ggen::Market&, ggen::PublishRequest const&) /work/main/src/market/publish.cpp:151
!     #19 0x56276c47213e in ggen::cli::run_publish(ggen::cli::Context&) /work/main/apps/ggen/commands_publish.cpp:138
!     #20 0x56276c49ff0b in run /work/main/apps/ggen/main.cpp:47
!     #21 0x56276c4a0171 in run_program /work/main/apps/ggen/main.cpp:67
!     #22 0x56276c4a039e in main /work/main/apps/ggen/main.cpp:79
!     #23 0x7f2707445249 in __libc_start_call_main ../sysdeps/nptl/libc_start_call_main.h:58
!     #24 0x7f2707445304 in __libc_start_main_impl ../csu/libc-start.c:360
!     #25 0x56276c418110 in _start (/tmp/cliobj/ggen+0xa8d110)
!
! AddressSanitizer can not provide additional info.
! SUMMARY: AddressSanitizer: SEGV ../../../../src/libsanitizer/sanitizer_common/sanitizer_atomic_clang.h:80 in bool __sanitizer::atomic_compare_exchange_strong<__sanitizer::atomic_uint8_t>(__sanitizer::atomic_uint8_t volatile*, __sanitizer::atomic_uint8_t::Type*, __sanitizer::atomic_uint8_t::Type, __sanitizer::memory_order)
! ==3121==ABORTING
[1]

$ ggen outdated
! everything is up to date

$ ggen outdated --exit-code
! everything is up to date

$ ggen update --all --dry-run
! update: 0 packages would change; nothing was written

$ ggen update acme/base
! error[GM0607]: acme/base is not installed here
!   cause: the package is not installed here
!   help: ggen list shows what is; ggen install acme/base adds it
[3]

$ ggen verify --offline -q

$ ggen lock
! lock: 0 packages changed, 0 in all; TIME

$ ggen remove acme/app --dry-run
! error[GM0607]: acme/app is not installed here
!   cause: the package is not installed here
!   help: ggen list shows what is installed
[3]

$ ggen remove acme/app
! error[GM0607]: acme/app is not installed here
!   cause: the package is not installed here
!   help: ggen list shows what is installed
[3]

$ ggen list
! nothing is installed here; `ggen install NAME` installs something

$ ggen marketplace list --json
  {
    "schema": "ggen.list/1",
    "packages": []
  }
