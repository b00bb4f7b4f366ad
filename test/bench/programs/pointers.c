/* Binary trees that are grown, walked by recursion and freed; a ring of pointers that is chased. */
#include "bench.h"

typedef struct tree {
  struct tree *left, *right;
  int value;
} tree;

static NOINLINE tree *grow(int depth, int value) {
  tree *t = malloc(sizeof *t);
  t->value = value;
  t->left = depth > 0 ? grow(depth - 1, 2 * value) : NULL;
  t->right = depth > 0 ? grow(depth - 1, 2 * value + 1) : NULL;
  return t;
}

static NOINLINE int walk(const tree *t) { return t ? t->value - walk(t->left) + walk(t->right) : 0; }

static NOINLINE void drop(tree *t) {
  if (!t) return;
  drop(t->left);
  drop(t->right);
  free(t);
}

static void *ring[4096];

static NOINLINE int chase(int steps) {
  void **at = ring;
  while (steps-- > 0) at = *at;
  return (int)(at - ring);
}

static NOINLINE uint32_t run(int round, uint32_t sum) {
  tree *t = grow(7, round);
  sum = mix(sum, (uint32_t)walk(t));
  drop(t);
  return mix(sum, (uint32_t)chase(4096));
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 1;
  uint32_t sum = 0, at = 0;
  for (int n = 0; n < 4096; n++) {
    uint32_t next = (at * 5 + 1237) & 4095;
    ring[at] = &ring[next];
    at = next;
  }
  for (int n = 0; n < rounds; n++) sum = run(n, sum);
  return report("pointers", rounds, sum);
}
