/* How fast the core trains and infers, beside PyTorch and beside what the machine gives in the same
 * minute. Every round measures the product of two 2,048-square matrices by OpenBLAS, and then each
 * case by us, by PyTorch, by ONNX Runtime (predictions only), by us on one thread, and as many
 * times side by side on one thread each as there are threads: no way to share a step's work can
 * scale further than models that share nothing. Rounds in which the machine gave less than 70 % of
 * its best are dropped. Prints medians (and quartiles of the ratio) as a table; a training step is
 * forward, backward and SGD with momentum, and counts as three forward passes of arithmetic.
 *
 *   bench_core [rounds [case ...]]   (default 7 and all)
 *
 * /usr/bin/python3 with torch is the one peer, node with onnxruntime-node in PEERS (`make
 * bench-peers`) the other, on models that PyTorch exports to that folder.
 */
#include "core/model/model.h"
#include "core/train/optimizer.h"
#include "tests/bench/peer.h"

#include <math.h>
#include <pthread.h>

#define ROUNDS_LIMIT 64
#define CUBE 2048
#define SECONDS 0.5
/* A processor that has slept, and caches that held another model, take a while; as long as the peer
 * has. */
#define WARM_UP 0.2

typedef struct {
    sx_pool *pool;
    sx_run *run;
} engine;

typedef struct {
    const char *name, *spec; /* name: the peer's, too */
    int side, channels, batch, classes;
    bool predicts;
} case_form;

typedef struct bench_case {
    case_form form;
    struct bench_case *twins; /* of training cases: [threads - 1], each with a model of its own */
    int twin_count;
    sx_model model;
    sx_graph *graph;
    engine engines[2]; /* on all threads, on one */
    sx_optimizer *optimizer;
    float *images, *gradient, *output;
    int32_t *labels;
    int64_t steps;
    double last; /* images per second that a twin measured */
    /* Images per second: on all threads, on one, side by side, PyTorch, ONNX Runtime. */
    double rate[ROUNDS_LIMIT], alone[ROUNDS_LIMIT], apart[ROUNDS_LIMIT];
    double peer[ROUNDS_LIMIT], runtime[ROUNDS_LIMIT];
} bench_case;

#define MODELS SX_SOURCE "/tests/bench/models/"
#define PEERS SX_SOURCE "/build/peers"

static const case_form forms[] = {
    {"strided-cnn", MODELS "strided-cnn.ini", 28, 1, 64, 10, false},
    {"cnn-4", MODELS "cnn-4.ini", 28, 1, 64, 10, false},
    {"resnet-20", "resnet(depth=20, width=16)", 32, 3, 64, 10, false},
    {"resnet-18", MODELS "resnet-18.ini", 64, 3, 32, 10, false},
    {"vit", "vit(dim=64, depth=6, heads=4, patch=4)", 28, 1, 64, 10, false},
    {"vit-ti", "vit(dim=192, depth=12, heads=3, patch=4)", 32, 3, 64, 10, false},
    {"autoencoder", MODELS "autoencoder.ini", 64, 3, 64, 10, false},
    {"mlp", "mlp(width=256, depth=1)", 28, 1, 64, 10, false},
    {"tabular", "mlp(width=64, depth=2, activation=tanh)", 1, 17, 64, 6, false},
    {"tabular", "mlp(width=64, depth=2, activation=tanh)", 1, 17, 1, 6, false},
    {"cnn-4", MODELS "cnn-4.ini", 28, 1, 256, 10, true},
    {"resnet-20", "resnet(depth=20, width=16)", 32, 3, 256, 10, true},
    {"vit", "vit(dim=64, depth=6, heads=4, patch=4)", 28, 1, 256, 10, true},
    {"vit-b16", "vit-b", 224, 3, 8, 1000, true},
    {"resnet-18-224", "resnet-imagenet(depth=18)", 224, 3, 8, 1000, true},
    {"resnet-50-224", "resnet-imagenet(depth=50)", 224, 3, 8, 1000, true},
    {"strided-cnn", MODELS "strided-cnn.ini", 28, 1, 1, 10, true},
    {"tabular", "mlp(width=64, depth=2, activation=tanh)", 1, 17, 1, 6, true},
};

enum { CASES = sizeof forms / sizeof *forms };

static bench_case cases[CASES];

static void fail(const char *what, const sx_error *err) {
    fprintf(stderr, "bench_core: %s: %s\n", what, err->message);
    exit(1);
}

static void fill(bench_case *c, size_t size) {
    sx_random random = sx_random_from(1, 2, 3);
    for (size_t i = 0; i < size; i++) c->images[i] = sx_random_normal(&random);
    for (int i = 0; i < c->form.batch; i++) c->labels[i] = i % 6;
}

static void open_case(bench_case *c, sx_pool *const *pools) {
    sx_error err = {0};
    size_t size = (size_t)(c->form.batch * c->form.side * c->form.side * c->form.channels);
    if (sx_model_new(c->form.spec, c->form.side, c->form.side, c->form.channels, c->form.classes, 1,
                     &c->model, &err) ||
        !(c->graph = sx_model_graph(&c->model, c->form.batch, &err)) ||
        !(c->optimizer =
              sx_optimizer_new("sgd(lr=0.001, momentum=0.9)", &c->model.parameters, &err)))
        fail(c->form.name, &err);
    c->images = sx_alloc(size, sizeof(float));
    c->gradient = sx_alloc(c->model.parameters.size, sizeof(float));
    c->output = sx_alloc((size_t)c->form.batch * sx_graph_output_size(c->graph), sizeof(float));
    c->labels = sx_alloc((size_t)c->form.batch, sizeof(int32_t));
    if (!c->images || !c->gradient || !c->output || !c->labels) exit(1);
    fill(c, size);
    for (int i = 0; i < 2; i++) {
        c->engines[i] = (engine){pools[i], sx_run_new(c->graph, pools[i], !c->form.predicts, &err)};
        if (!c->engines[i].run) fail(c->form.name, &err);
        /* As whoever measures a model does; ONNX Runtime packs when it opens one. */
        sx_run_hold(c->engines[i].run, c->form.predicts);
        if (sx_graph_output_size(c->graph) == size / (size_t)c->form.batch)
            sx_run_targets(c->engines[i].run, c->images);
    }
}

static void open_twins(bench_case *c, sx_pool *one, int count) {
    if (c->form.predicts || count < 1) return;
    c->twin_count = count;
    c->twins = sx_alloc((size_t)count, sizeof *c->twins);
    if (!c->twins) exit(1);
    for (int i = 0; i < count; i++) {
        c->twins[i].form = c->form;
        open_case(&c->twins[i], (sx_pool *const[]){one, one});
    }
}

static void close_case(bench_case *c) {
    for (int i = 0; i < c->twin_count; i++) close_case(&c->twins[i]);
    sx_free(c->twins);
    for (int i = 0; i < 2; i++) sx_run_free(c->engines[i].run);
    sx_optimizer_free(c->optimizer);
    sx_graph_free(c->graph);
    sx_model_done(&c->model);
    sx_free(c->images);
    sx_free(c->gradient);
    sx_free(c->output);
    sx_free(c->labels);
}

static void run_once(bench_case *c, const engine *e) {
    sx_run_report report;
    if (c->form.predicts) {
        sx_run_predict(e->run, &c->model.parameters, c->images, c->form.batch, c->output, NULL);
        return;
    }
    c->steps++;
    if (sx_run_train(e->run, &c->model.parameters, c->images, c->labels, 1, c->steps, c->gradient,
                     &report))
        fail(c->form.name, &(sx_error){.message = "a training step failed"});
    sx_optimizer_step(c->optimizer, c->gradient, 1e-6, c->steps, e->pool);
}

static double measure_case(bench_case *c, const engine *e) {
    int64_t done = 0;
    double start = sx_seconds(), now;
    do run_once(c, e);
    while (sx_seconds() < start + WARM_UP);
    start = sx_seconds();
    do {
        run_once(c, e);
        done++;
    } while ((now = sx_seconds()) < start + SECONDS);
    return (double)done * c->form.batch / (now - start);
}

static void *measure_twin(void *twin) {
    bench_case *c = twin;
    c->last = measure_case(c, &c->engines[1]);
    return NULL;
}

static double measure_apart(bench_case *c) {
    pthread_t threads[64];
    int started = 0;
    while (started < c->twin_count && started < 64 &&
           pthread_create(&threads[started], NULL, measure_twin, &c->twins[started]) == 0)
        started++;
    double sum = measure_case(c, &c->engines[1]);
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
        sum += c->twins[i].last;
    }
    return sum;
}

/* ---- the machine ------------------------------------------------------------------------------
 */

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

/* ---- figures ----------------------------------------------------------------------------------
 */

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The quartile (1, 2 or 3) of a / b over the rounds; b NULL: of a. */
static double quartile(const double *a, const double *b, int rounds, int which) {
    double sorted[ROUNDS_LIMIT];
    for (int r = 0; r < rounds; r++) sorted[r] = b ? a[r] / b[r] : a[r];
    qsort(sorted, (size_t)rounds, sizeof *sorted, compare_doubles);
    return sorted[rounds * which / 4];
}

/* A peer's rate, our rate over it, and that ratio's quartiles. */
static void print_ratio(const double *ours, const double *theirs, int rounds) {
    if (theirs[0] > 0)
        printf(" %9.*f | %5.2f | %.2f-%.2f |", theirs[0] < 100, quartile(theirs, NULL, rounds, 2),
               quartile(ours, theirs, rounds, 2), quartile(ours, theirs, rounds, 1),
               quartile(ours, theirs, rounds, 3));
    else
        printf(" - | - | - |");
}

static double print_case(const bench_case *c, int rounds, double peak) {
    double rate = quartile(c->rate, NULL, rounds, 2);
    double flops = rate * sx_graph_cost(c->graph) * (c->form.predicts ? 2 : 6);
    double ratio = c->peer[0] > 0 ? quartile(c->rate, c->peer, rounds, 2) : 0;
    printf("| %-13s | %-7s | %3d | %9.*f | %8.3f | %5.2f |", c->form.name,
           c->form.predicts ? "predict" : "train", c->form.batch, rate < 100, rate,
           1e3 * c->form.batch / rate, quartile(c->rate, c->alone, rounds, 2));
    if (c->twin_count)
        printf(" %5.2f |", quartile(c->apart, c->alone, rounds, 2));
    else
        printf("     - |");
    printf(" %5.1f | %3.0f %% |", flops * 1e-9, 100 * flops / peak);
    print_ratio(c->rate, c->peer, rounds);
    print_ratio(c->rate, c->runtime, rounds);
    printf("\n");
    return ratio;
}

static void print_table(const bool *chosen, int rounds, double peak) {
    double sum = 0;
    int counted = 0;
    printf("| case | does | batch | images/s | ms/step | all over 1 thread | apart over 1 | GF/s | "
           "of sgemm | PyTorch images/s | ratio | quartiles | ONNX Runtime images/s | ratio | "
           "quartiles |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (int i = 0; i < CASES; i++) {
        double ratio = chosen[i] ? print_case(&cases[i], rounds, peak) : 0;
        if (ratio <= 0 || cases[i].form.predicts) continue;
        sum += log(ratio);
        counted++;
    }
    if (counted) printf("\nTraining, geometric mean of the ratios: %.2f\n", exp(sum / counted));
}

/* Drops the rounds in which the machine was slow; returns how many are left. */
static int drop_slow_rounds(double *cubes, int rounds) {
    double best = 0;
    int kept = 0;
    for (int r = 0; r < rounds; r++) best = cubes[r] > best ? cubes[r] : best;
    for (int r = 0; r < rounds; r++) {
        if (cubes[r] < 0.7 * best) continue;
        for (int i = 0; i < CASES; i++) {
            cases[i].rate[kept] = cases[i].rate[r];
            cases[i].alone[kept] = cases[i].alone[r];
            cases[i].apart[kept] = cases[i].apart[r];
            cases[i].peer[kept] = cases[i].peer[r];
            cases[i].runtime[kept] = cases[i].runtime[r];
        }
        cubes[kept++] = cubes[r];
    }
    return kept;
}

static void run_round(int round, const bool *chosen, peer *torch, peer *runtime) {
    for (int i = 0; i < CASES; i++) {
        bench_case *c = &cases[i];
        if (!chosen[i]) continue;
        c->rate[round] = measure_case(c, &c->engines[0]);
        c->peer[round] = ask_peer(torch, c->form.name, !c->form.predicts, c->form.batch, SECONDS);
        if (c->form.predicts)
            c->runtime[round] = ask_peer(runtime, c->form.name, false, c->form.batch, SECONDS);
        c->alone[round] = measure_case(c, &c->engines[1]);
        if (c->twin_count) c->apart[round] = measure_apart(c);
    }
}

static cube open_cube(int threads) {
    size_t size = (size_t)CUBE * CUBE;
    cube k = {sx_alloc(size, 4), sx_alloc(size, 4), sx_alloc(size, 4), 2 * threads};
    if (!k.a || !k.b || !k.c) exit(1);
    for (size_t i = 0; i < size; i++) k.a[i] = k.b[i] = (float)(i % 7) - 3;
    return k;
}

static void choose(bool *chosen, int argc, char **argv) {
    for (int i = 0; i < CASES; i++) {
        cases[i].form = forms[i];
        chosen[i] = argc < 3;
        for (int k = 2; k < argc; k++) chosen[i] |= strcmp(argv[k], cases[i].form.name) == 0;
    }
}

/* ONNX Runtime, on the chosen models; where a model cannot be written it has no rate. */
static peer open_runtime(const bool *chosen, int threads) {
    char names[CASES][64],
        *export[CASES + 4] = {"/usr/bin/python3", SX_SOURCE "/tests/bench/export_onnx.py", PEERS};
    char *const serve[] = {"node", SX_SOURCE "/tests/bench/peer_onnx.cjs", PEERS, NULL};
    int count = 3;
    if (access(PEERS "/node_modules/onnxruntime-node", R_OK)) return (peer){0};
    for (int i = 0; i < CASES; i++) {
        if (!chosen[i] || !forms[i].predicts) continue;
        snprintf(names[i], sizeof names[i], "%s:%d", forms[i].name, forms[i].batch);
        export[count++] = names[i];
    }
    if (count == 3) return (peer){0};
    pid_t process = fork();
    if (process == 0) {
        execv(export[0], export);
        _exit(127);
    }
    waitpid(process, NULL, 0);
    return open_peer(serve, threads);
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 7, threads = sx_default_threads();
    if (rounds < 1 || rounds > ROUNDS_LIMIT) rounds = 7;
    double cubes[ROUNDS_LIMIT];
    bool chosen[CASES];
    choose(chosen, argc, argv);
    char *const torch_command[] = {"/usr/bin/python3", SX_SOURCE "/tests/bench/peer_torch.py",
                                   NULL};
    peer torch = open_peer(torch_command, threads), runtime = open_runtime(chosen, threads);
    sx_tensor_init();
    sx_error err = {0};
    sx_pool *pools[] = {sx_pool_new(threads, &err), sx_pool_new(1, &err)};
    if (!pools[0] || !pools[1]) fail("threads", &err);
    cube k = open_cube(threads);
    for (int i = 0; i < CASES; i++)
        if (chosen[i]) {
            open_case(&cases[i], pools);
            open_twins(&cases[i], pools[1], threads - 1);
        }
    measure_cube(pools[0], &k);
    for (int r = 0; r < rounds; r++) {
        cubes[r] = measure_cube(pools[0], &k);
        run_round(r, chosen, &torch, &runtime);
        fprintf(stderr, "round %d of %d: sgemm %.0f GF/s\n", r + 1, rounds, cubes[r] * 1e-9);
    }
    int kept = drop_slow_rounds(cubes, rounds);
    double peak = quartile(cubes, NULL, kept, 2);
    printf("sextant: %d threads, kernels %s, OpenBLAS %s; %d of %d rounds; sgemm of %d cubed: %.0f "
           "GF/s\npeers: %s; %s\n\n",
           threads, sx_tensor_isa(), sx_tensor_blas(), kept, rounds, CUBE, peak * 1e-9,
           torch.to ? torch.about : "no PyTorch (install python3-torch)",
           runtime.to ? runtime.about : "no ONNX Runtime (make bench-peers)");
    print_table(chosen, kept, peak);
    for (int i = 0; i < CASES; i++)
        if (chosen[i]) close_case(&cases[i]);
    sx_free(k.a);
    sx_free(k.b);
    sx_free(k.c);
    close_peer(&torch);
    close_peer(&runtime);
    for (int i = 0; i < 2; i++) sx_pool_free(pools[i]);
    return 0;
}
