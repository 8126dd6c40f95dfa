/* How fast a million predictions over 10 classes are read from CSV and scored (all figures but the
 * intervals), beside pandas, NumPy and scikit-learn (tests/bench/peer_sklearn.py) on the same file
 * with as many threads. The file is written once, to /dev/shm where there is one. Rounds alternate;
 * prints medians.
 *
 *   bench_predictions [rounds [rows]]   (default 5, 1000000; /usr/bin/python3 is the peer's)
 */
#include "core/study/predictions.h"
#include "core/study/scoring.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS_LIMIT 32
#define CLASSES 10

enum { READ, SCORE, PARTS };
static const char *const part_names[PARTS] = {"read", "score"};
static double ours[PARTS][ROUNDS_LIMIT], theirs[PARTS][ROUNDS_LIMIT];
static char path[64], reader[16];
static double area; /* AURC, the same of both */

static void fail(const char *what) {
    fprintf(stderr, "bench_predictions: %s\n", what);
    unlink(path);
    exit(1);
}

static void write_file(long rows) {
    FILE *out = fopen(path, "w");
    sx_random random = sx_random_from(1, 2, 3);
    if (!out) fail("cannot write the file");
    fprintf(out, "label");
    for (int k = 0; k < CLASSES; k++) fprintf(out, ",z%d", k);
    for (long i = 0; i < rows; i++) {
        int label = (int)sx_random_below(&random, CLASSES);
        fprintf(out, "\n%d", label);
        for (int k = 0; k < CLASSES; k++)
            fprintf(out, ",%.6f", (double)sx_random_normal(&random) + (k == label ? 3.0 : 0.0));
    }
    if (fclose(out)) fail("cannot write the file");
}

static void take(void *user, sx_result *result) {
    (void)user;
    if (strcmp(result->name, "risk") == 0) area = result->table.columns[1].numbers[0];
    sx_result_release(result);
}

static void run_ours(int round, sx_pool *pool) {
    sx_predictions p;
    sx_ensemble e;
    sx_error err = {0};
    double start = sx_seconds();
    if (sx_predictions_read(path, NULL, pool, &p, &err)) fail(err.message);
    double middle = sx_seconds();
    sx_predictions_choice all = {.part = &p.inside, .labelled = true};
    if (sx_predictions_ensemble(&p, all, pool, &e, &err)) fail(err.message);
    sx_method method = {.name = "file", .inside = &e, .temperature = NAN};
    const sx_scoring scoring = {.n = p.inside.n,
                                .classes = p.classes,
                                .most_rows = 20000,
                                .step = -1,
                                .pool = pool,
                                .publish = take};
    if (sx_scoring_publish(&scoring, &method, 1, &err)) fail(err.message);
    ours[READ][round] = middle - start;
    ours[SCORE][round] = sx_seconds() - middle;
    sx_ensemble_done(&e);
    sx_predictions_done(&p);
}

/* False if there is no peer. */
static bool run_theirs(int round, int threads) {
    char command[256], line[256] = "";
    double their_area = 0;
    snprintf(command, sizeof command,
             "OPENBLAS_NUM_THREADS=%d OMP_NUM_THREADS=%d /usr/bin/python3 "
             "tests/bench/peer_sklearn.py %s 2>/dev/null",
             threads, threads, path);
    FILE *in = popen(command, "r");
    bool there = in && fgets(line, sizeof line, in);
    if (in) pclose(in);
    if (!there || sscanf(line, "%lf %lf %lf %15s", &theirs[READ][round], &theirs[SCORE][round],
                         &their_area, reader) != 4)
        return false;
    if (fabs(their_area - area) > 1e-6) fail("the peer's AURC is another");
    return true;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, ascending);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 5, threads = sx_default_threads();
    long rows = argc > 2 ? atol(argv[2]) : 1000000;
    sx_error err = {0};
    if (rounds < 1 || rounds > ROUNDS_LIMIT || rows < 100)
        fail("rounds are 1 to 32, rows from 100");
    snprintf(path, sizeof path, "%s/sextant-bench-%d.csv",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int)getpid());
    sx_pool *pool = sx_pool_new(threads, &err);
    if (!pool) fail(err.message);
    write_file(rows);
    bool peer = true;
    for (int round = 0; round < rounds; round++) {
        run_ours(round, pool);
        peer = peer && run_theirs(round, threads);
    }
    printf("predictions: %ld rows of %d classes, %d threads, %d rounds, medians\n", rows, CLASSES,
           threads, rounds);
    for (int part = 0; part < PARTS; part++) {
        double mine = median(ours[part], rounds), other = median(theirs[part], rounds);
        printf("  %-6s sextant %6.3f s", part_names[part], mine);
        if (peer)
            printf("   %s %6.3f s   ratio %.1f", part == READ ? reader : "scikit-learn", other,
                   other / mine);
        printf("\n");
    }
    if (!peer) printf("  no peer: python3-sklearn (and python3-pandas) of Debian would be one\n");
    unlink(path);
    sx_pool_free(pool);
    return 0;
}
