/* Five bodies that attract each other, in doubles, and a row of the Mandelbrot set. */
#include "bench.h"
#include <math.h>

typedef struct {
  double x, y, z, vx, vy, vz, mass;
} body;

static body bodies[5] = {{0, 0, 0, 0, 0, 0, 39.47},
                         {4.84, -1.16, -0.10, 0.60, 2.81, -0.02, 0.037},
                         {8.34, 4.12, -0.40, -1.01, 1.82, 0.008, 0.011},
                         {12.89, -15.11, -0.22, 1.08, 0.86, -0.01, 0.0017},
                         {15.37, -25.9, 0.17, 0.97, 0.59, -0.03, 0.002}};

static NOINLINE void advance(double dt) {
  for (int i = 0; i < 5; i++)
    for (int j = i + 1; j < 5; j++) {
      body *a = &bodies[i], *b = &bodies[j];
      double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
      double square = dx * dx + dy * dy + dz * dz;
      double pull = dt / (square * sqrt(square));
      a->vx -= dx * b->mass * pull;
      a->vy -= dy * b->mass * pull;
      a->vz -= dz * b->mass * pull;
      b->vx += dx * a->mass * pull;
      b->vy += dy * a->mass * pull;
      b->vz += dz * a->mass * pull;
    }
  for (int i = 0; i < 5; i++) {
    bodies[i].x += dt * bodies[i].vx;
    bodies[i].y += dt * bodies[i].vy;
    bodies[i].z += dt * bodies[i].vz;
  }
}

static NOINLINE int row(double y) {
  int total = 0;
  for (int column = 0; column < 64; column++) {
    double x = column / 32.0 - 1.5, re = 0, im = 0;
    int n = 0;
    for (; n < 50 && re * re + im * im < 4; n++) {
      double next = re * re - im * im + x;
      im = 2 * re * im + y;
      re = next;
    }
    total += n;
  }
  return total;
}

static NOINLINE uint32_t run(int round, uint32_t sum) {
  for (int n = 0; n < 20; n++) advance(0.001);
  union {
    double d;
    uint32_t w[2];
  } bits = {bodies[0].x};
  return mix(sum, bits.w[0] ^ bits.w[1] ^ (uint32_t)row((round % 64) / 32.0 - 1));
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 1;
  uint32_t sum = 0;
  for (int n = 0; n < rounds; n++) sum = run(n, sum);
  return report("float", rounds, sum);
}
