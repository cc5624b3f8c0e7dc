/*
 * The atomic operations that a compiler calls for where the machine has none. RV32IM has no A extension and Vouch one
 * hart that nothing interrupts, so plain accesses are atomic. (compiler-rt's own wait for a lock that needs them.)
 */
#include <stdbool.h>
#include <stdint.h>

#define ATOMICS(size, type)                                                                                  \
  type load_##size(const volatile type *at, int order) __asm__("__atomic_load_" #size);                      \
  type load_##size(const volatile type *at, int order) {                                                     \
    (void)order;                                                                                             \
    return *at;                                                                                              \
  }                                                                                                          \
  void store_##size(volatile type *at, type value, int order) __asm__("__atomic_store_" #size);              \
  void store_##size(volatile type *at, type value, int order) {                                              \
    (void)order;                                                                                             \
    *at = value;                                                                                             \
  }                                                                                                          \
  type exchange_##size(volatile type *at, type value, int order) __asm__("__atomic_exchange_" #size);        \
  type exchange_##size(volatile type *at, type value, int order) {                                           \
    type old = *at;                                                                                          \
    (void)order;                                                                                             \
    *at = value;                                                                                             \
    return old;                                                                                              \
  }                                                                                                          \
  bool compare_exchange_##size(volatile type *at, type *expected, type value, int then, int otherwise)       \
      __asm__("__atomic_compare_exchange_" #size);                                                           \
  bool compare_exchange_##size(volatile type *at, type *expected, type value, int then, int otherwise) {     \
    type old = *at;                                                                                          \
    bool same = old == *expected;                                                                            \
    (void)then, (void)otherwise;                                                                             \
    if (same) *at = value;                                                                                   \
    else *expected = old;                                                                                    \
    return same;                                                                                             \
  }

ATOMICS(1, uint8_t)
ATOMICS(2, uint16_t)
ATOMICS(4, uint32_t)
