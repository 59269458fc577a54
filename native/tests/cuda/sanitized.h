#ifndef LACUNA_TESTS_CUDA_SANITIZED_H
#define LACUNA_TESTS_CUDA_SANITIZED_H

namespace lacuna::test {

// AddressSanitizer ends a process that touches what it must not, where the emulator and the stand-in would report it.
#ifdef __SANITIZE_ADDRESS__
constexpr bool kAddressSanitizer = true;
#else
constexpr bool kAddressSanitizer = false;
#endif

}  // namespace lacuna::test
#endif
