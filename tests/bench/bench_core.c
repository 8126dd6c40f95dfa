/* How fast the core trains and predicts, beside what the machine gives in the same minute: every
 * round measures the product of two 2,048-square matrices by OpenBLAS and then every case. Rounds
 * in which the machine gave less than 70 % of its best are dropped. Prints median and quartiles in
 * images a second, and the share of the matrix product's rate that the model's arithmetic reaches
 * (three times the forward pass for a training step).
 *
 *   bench_core [rounds]   (default 7) */
#include "core/model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_LIMIT 64
#define CUBE 2048
#define CASE_SECONDS 0.2

typedef struct {
    const char *name, *spec;
    int side, channels, batch;
    bool training;
    sx_model model;
    sx_graph *graph;
    sx_run *run;
    float *images, *gradient, *logits;
    int32_t *labels;
    double rate[ROUNDS_LIMIT]; /* images per second */
} bench_case;

static bench_case cases[] = {
    {.name = "cnn train",
     .spec = "cnn(width=16, depth=3)",
     .side = 32,
     .channels = 3,
     .batch = 64,
     .training = true},
    {.name = "cnn predict",
     .spec = "cnn(width=16, depth=3)",
     .side = 32,
     .channels = 3,
     .batch = 64},
    {.name = "cnn predict",
     .spec = "cnn(width=16, depth=3)",
     .side = 32,
     .channels = 3,
     .batch = 512},
    {.name = "cnn predict",
     .spec = "cnn(width=16, depth=3)",
     .side = 32,
     .channels = 3,
     .batch = 1},
    {.name = "mlp train",
     .spec = "mlp(width=256, depth=1)",
     .side = 28,
     .channels = 1,
     .batch = 64,
     .training = true},
    {.name = "mlp predict",
     .spec = "mlp(width=256, depth=1)",
     .side = 28,
     .channels = 1,
     .batch = 512},
};

enum { CASES = sizeof cases / sizeof *cases };

static void fail(const sx_error *err) {
    fprintf(stderr, "bench_core: %s\n", err->message);
    exit(1);
}

static void open_case(bench_case *c, sx_pool *pool) {
    sx_error err = {0};
    size_t size = (size_t)(c->batch * c->side * c->side * c->channels);
    if (sx_model_new(c->spec, c->side, c->side, c->channels, 10, 1, &c->model, &err)) fail(&err);
    c->graph = sx_model_graph(&c->model, c->batch, &err);
    if (!c->graph) fail(&err);
    c->run = sx_run_new(c->graph, pool, c->training, &err);
    if (!c->run) fail(&err);
    c->images = sx_alloc(size, sizeof(float));
    c->gradient = sx_alloc(c->model.parameters.size, sizeof(float));
    c->logits = sx_alloc((size_t)c->batch * 10, sizeof(float));
    c->labels = sx_alloc((size_t)c->batch, sizeof(int32_t));
    if (!c->images || !c->gradient || !c->logits || !c->labels) exit(1);
    sx_random random = sx_random_from(1, 2, 3);
    for (size_t i = 0; i < size; i++) c->images[i] = sx_random_normal(&random);
    for (int i = 0; i < c->batch; i++) c->labels[i] = i % 10;
}

static void close_case(bench_case *c) {
    sx_run_free(c->run);
    sx_graph_free(c->graph);
    sx_model_done(&c->model);
    sx_free(c->images);
    sx_free(c->gradient);
    sx_free(c->logits);
    sx_free(c->labels);
}

static void run_once(bench_case *c, int64_t step) {
    sx_run_report report;
    if (c->training)
        sx_run_train(c->run, &c->model.parameters, c->images, c->labels, 1, step, c->gradient,
                     &report);
    else
        sx_run_predict(c->run, &c->model.parameters, c->images, c->batch, c->logits, NULL);
}

static double measure_case(bench_case *c) {
    int64_t done = 0;
    run_once(c, 0);
    double start = sx_seconds(), now;
    do {
        run_once(c, ++done);
    } while ((now = sx_seconds()) < start + CASE_SECONDS);
    return (double)done * c->batch / (now - start);
}

/* ---- the machine ----------------------------------------------------------------------------- */

typedef struct {
    float *a, *b, *c;
    int parts;
} cube;

static void multiply_part(void *context, int piece, int worker) {
    cube *k = context;
    (void)worker;
    int first = CUBE * piece / k->parts, last = CUBE * (piece + 1) / k->parts;
    sx_matmul(false, false, last - first, CUBE, CUBE, 1, k->a + (size_t)first * CUBE, CUBE, k->b,
              CUBE, 0, k->c + (size_t)first * CUBE, CUBE);
}

static double measure_cube(sx_pool *pool, cube *k) {
    double start = sx_seconds();
    sx_pool_run(pool, k->parts, multiply_part, k);
    return 2.0 * CUBE * CUBE * CUBE / (sx_seconds() - start);
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_case(bench_case *c, int rounds, double peak) {
    qsort(c->rate, (size_t)rounds, sizeof *c->rate, compare_doubles);
    double median = c->rate[rounds / 2], factor = c->training ? 6 : 2;
    printf("%-12s %-24s batch %3d  %9.0f images/s  (quartiles %.0f, %.0f)  %5.1f GF/s, %2.0f %%\n",
           c->name, c->spec, c->batch, median, c->rate[rounds / 4], c->rate[rounds * 3 / 4],
           median * sx_graph_cost(c->graph) * factor * 1e-9,
           100 * median * sx_graph_cost(c->graph) * factor / peak);
}

/* Drops the rounds in which the machine was slow; returns how many are left. */
static int drop_slow_rounds(double *cubes, int rounds) {
    double best = 0;
    int kept = 0;
    for (int r = 0; r < rounds; r++) best = cubes[r] > best ? cubes[r] : best;
    for (int r = 0; r < rounds; r++) {
        if (cubes[r] < 0.7 * best) continue;
        for (int i = 0; i < CASES; i++) cases[i].rate[kept] = cases[i].rate[r];
        cubes[kept++] = cubes[r];
    }
    return kept;
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 7, threads = sx_default_threads();
    if (rounds < 1 || rounds > ROUNDS_LIMIT) rounds = 7;
    double cubes[ROUNDS_LIMIT];
    sx_tensor_init();
    sx_error err = {0};
    sx_pool *pool = sx_pool_new(threads, &err);
    if (!pool) fail(&err);
    size_t size = (size_t)CUBE * CUBE;
    cube k = {sx_alloc(size, 4), sx_alloc(size, 4), sx_alloc(size, 4), 2 * threads};
    if (!k.a || !k.b || !k.c) return 1;
    for (size_t i = 0; i < size; i++) k.a[i] = k.b[i] = (float)(i % 7) - 3;
    for (int i = 0; i < CASES; i++) open_case(&cases[i], pool);
    measure_cube(pool, &k);
    for (int r = 0; r < rounds; r++) {
        cubes[r] = measure_cube(pool, &k);
        for (int i = 0; i < CASES; i++) cases[i].rate[r] = measure_case(&cases[i]);
    }
    int kept = drop_slow_rounds(cubes, rounds);
    qsort(cubes, (size_t)kept, sizeof *cubes, compare_doubles);
    printf("%d threads, kernels %s, %d of %d rounds; sgemm %d cube: %.0f GF/s\n", threads,
           sx_tensor_isa(), kept, rounds, CUBE, cubes[kept / 2] * 1e-9);
    for (int i = 0; i < CASES; i++) print_case(&cases[i], kept, cubes[kept / 2]);
    for (int i = 0; i < CASES; i++) close_case(&cases[i]);
    sx_free(k.a);
    sx_free(k.b);
    sx_free(k.c);
    sx_pool_free(pool);
    return 0;
}
