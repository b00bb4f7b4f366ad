/*
 * An integer mix of four kernels in about equal parts, each checked by a CRC: a linked list that is searched, reversed
 * and merge-sorted; products of small matrices; a state machine over numbers written as text; the CRC itself.
 */
#include "bench.h"
#include <string.h>

static uint16_t crc16(uint16_t crc, uint8_t byte) {
  for (int bit = 0; bit < 8; bit++) {
    int carry = (crc ^ byte) & 1;
    crc >>= 1;
    byte >>= 1;
    if (carry) crc ^= 0xa001;
  }
  return crc;
}

static NOINLINE uint16_t crc32of(uint16_t crc, uint32_t word) {
  for (int n = 0; n < 4; n++) crc = crc16(crc, (uint8_t)(word >> (8 * n)));
  return crc;
}

/* --- lists */

typedef struct node {
  struct node *next;
  int16_t key;
  int16_t place;
} node;

static node nodes[200];

static NOINLINE node *build(int seed) {
  node *list = NULL;
  for (int n = 0; n < 200; n++) {
    seed = (seed * 1103 + 12345) & 0x7fff;
    nodes[n].key = (int16_t)seed;
    nodes[n].place = (int16_t)n;
    nodes[n].next = list;
    list = &nodes[n];
  }
  return list;
}

static NOINLINE node *find(node *list, int16_t key) {
  while (list && list->key != key) list = list->next;
  return list;
}

static NOINLINE node *reverse(node *list) {
  node *done = NULL;
  while (list) {
    node *next = list->next;
    list->next = done;
    done = list;
    list = next;
  }
  return done;
}

static NOINLINE node *sort(node *list) {
  for (int width = 1;; width *= 2) {
    node *from = list, *tail = NULL;
    int merges = 0;
    list = NULL;
    while (from) {
      merges++;
      node *right = from;
      int left_count = 0;
      for (; left_count < width && right; left_count++) right = right->next;
      int right_count = width;
      while (left_count > 0 || (right_count > 0 && right)) {
        node *taken;
        if (left_count == 0 || (right_count > 0 && right && right->key < from->key)) {
          taken = right;
          right = right->next;
          right_count--;
        } else {
          taken = from;
          from = from->next;
          left_count--;
        }
        if (tail) tail->next = taken;
        else list = taken;
        tail = taken;
      }
      from = right;
    }
    tail->next = NULL;
    if (merges <= 1) return list;
  }
}

static NOINLINE uint16_t lists(int seed, uint16_t crc) {
  node *list = build(seed);
  int found = 0;
  for (int n = 0; n < 40; n++) {
    node *one = find(list, (int16_t)((seed + n * 811) & 0x7fff));
    found += one ? one->place : 1;
    list = reverse(list);
  }
  list = sort(list);
  for (node *one = list; one; one = one->next) crc = crc32of(crc, (uint32_t)(uint16_t)one->key);
  return crc32of(crc, (uint32_t)found);
}

/* --- matrices */

#define N 9
static int16_t left[N][N], right[N][N];
static int32_t product[N][N];

static NOINLINE void multiply(void) {
  for (int row = 0; row < N; row++)
    for (int column = 0; column < N; column++) {
      int32_t sum = 0;
      for (int k = 0; k < N; k++) sum += (int32_t)left[row][k] * right[k][column];
      product[row][column] = sum;
    }
}

static NOINLINE uint16_t matrices(int seed, uint16_t crc) {
  for (int n = 0; n < N * N; n++) {
    left[n / N][n % N] = (int16_t)(seed + n);
    right[n / N][n % N] = (int16_t)(seed * 3 - n);
  }
  for (int pass = 0; pass < 6; pass++) {
    multiply();
    int32_t clip = 0;
    for (int row = 0; row < N; row++)
      for (int column = 0; column < N; column++) {
        clip += product[row][column] > clip ? 10 : product[row][column] >> 4;
        left[row][column] = (int16_t)(product[row][column] >> 2);
      }
    crc = crc32of(crc, (uint32_t)clip);
  }
  return crc;
}

/* --- states */

enum state { START, SIGN, INT, POINT, FRACTION, E, ESIGN, EXPONENT, INVALID, STATES };
static const char *samples[] = {"5012", "1234", "-874", "+122", "35.54400", ".1234500", "-110.700", "+0.64400",
                                "5.500e+3", "-.123e-2", "-87e+832", "+0.6e-12", "T0.3e-1F", "-T.T++Tq", "1T3.4e4z", "34.0e-T^"};

static NOINLINE enum state scan(const char *text, int *counts) {
  enum state state = START;
  for (; *text; text++) {
    char c = *text;
    int digit = c >= '0' && c <= '9';
    counts[state]++;
    switch (state) {
    case START: state = digit ? INT : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : INVALID; break;
    case SIGN: state = digit ? INT : c == '.' ? POINT : INVALID; break;
    case INT: state = digit ? INT : c == '.' ? FRACTION : c == 'e' ? E : INVALID; break;
    case POINT: state = digit ? FRACTION : INVALID; break;
    case FRACTION: state = digit ? FRACTION : c == 'e' ? E : INVALID; break;
    case E: state = c == '+' || c == '-' ? ESIGN : INVALID; break;
    case ESIGN: state = digit ? EXPONENT : INVALID; break;
    case EXPONENT: state = digit ? EXPONENT : INVALID; break;
    default: return state;
    }
  }
  return state;
}

static NOINLINE uint16_t states(int seed, uint16_t crc) {
  int counts[STATES] = {0}, ends[STATES] = {0};
  for (int n = 0; n < 64; n++) ends[scan(samples[(n * 7 + seed) & 15], counts)]++;
  for (int n = 0; n < STATES; n++) crc = crc32of(crc32of(crc, (uint32_t)counts[n]), (uint32_t)ends[n]);
  return crc;
}

static NOINLINE uint32_t run(int round, uint32_t sum) {
  uint16_t crc = (uint16_t)sum;
  crc = lists(round, crc);
  crc = matrices(round & 15, crc);
  crc = states(round, crc);
  return mix(sum, crc);
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 1;
  uint32_t sum = 0;
  for (int n = 0; n < rounds; n++) sum = run(n, sum);
  return report("integer", rounds, sum);
}
