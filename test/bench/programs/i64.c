/* 64-bit hashing and mixing: multiplications, rotations, shifts, a division now and then. */
#include "bench.h"

static uint64_t rotate(uint64_t x, int n) { return x << n | x >> (64 - n); }

static NOINLINE uint64_t hash(uint64_t seed, int words) {
  uint64_t a = seed ^ 0x9e3779b97f4a7c15ull, b = seed * 0xbf58476d1ce4e5b9ull + 1;
  for (int n = 0; n < words; n++) {
    a += b;
    b = rotate(b, 13) ^ a;
    a = rotate(a, 32) * 0x94d049bb133111ebull;
    b ^= b >> 29;
    if ((n & 63) == 63) a += b % 1000003ull;
  }
  return a ^ b;
}

static NOINLINE uint32_t run(int round, uint32_t sum) {
  uint64_t h = hash((uint64_t)round << 32 | sum, 1024);
  return mix(sum, (uint32_t)(h ^ h >> 32));
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 1;
  uint32_t sum = 0;
  for (int n = 0; n < rounds; n++) sum = run(n, sum);
  return report("i64", rounds, sum);
}
