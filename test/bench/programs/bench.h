/* What every program shares: the iteration count from argv, a checksum on stdout. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))

static uint32_t mix(uint32_t sum, uint32_t value) {
  sum ^= value + 0x9e3779b9u + (sum << 6) + (sum >> 2);
  return sum;
}

static int report(const char *name, int rounds, uint32_t sum) {
  printf("%s %d %08x\n", name, rounds, sum);
  return 0;
}
