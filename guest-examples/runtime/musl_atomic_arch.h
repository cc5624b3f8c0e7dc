/* For musl's arch/riscv32/atomic_arch.h, which uses LR/SC: one hart, nothing interrupts it. */
#define a_barrier a_barrier
static inline void a_barrier(void) { __asm__ __volatile__("" : : : "memory"); }

#define a_cas a_cas
static inline int a_cas(volatile int *p, int t, int s) {
  int old = *p;
  if (old == t) *p = s;
  return old;
}
