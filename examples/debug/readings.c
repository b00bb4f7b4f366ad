/*
 * Readings of a sensor, smoothed and summed up: something to walk through with `sallyport debug`. Arguments are readings;
 * without any, five are made up.
 */
#include <stdio.h>
#include <stdlib.h>

enum quality { GOOD, DOUBTFUL };

struct reading {
  int value;
  enum quality quality;
};

static struct reading readings[16];
static int count;

static void add(int value) {
  struct reading *at = &readings[count];
  at->value = value;
  at->quality = value < -40 || value > 85 ? DOUBTFUL : GOOD;
  count += 1;
}

static int sum(const struct reading *from, int left) {
  if (left == 0) return 0;
  int rest = sum(from + 1, left - 1);
  return from->value + rest;
}

static int smooth(int previous, int value) {
  int mixed = 3 * previous + value;
  return mixed / 4;
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc && count < 16; i += 1) add(atoi(argv[i]));
  if (count == 0) {
    int made_up[] = {21, 22, 24, 99, 23};
    for (int i = 0; i < 5; i += 1) add(made_up[i]);
  }
  int level = readings[0].value;
  for (int i = 0; i < count; i += 1) {
    level = smooth(level, readings[i].value);
    printf("%d -> %d%s\n", readings[i].value, level, readings[i].quality == GOOD ? "" : " (doubtful)");
  }
  int total = sum(readings, count);
  printf("mean %d\n", total / count);
  return 0;
}
