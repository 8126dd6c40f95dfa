/* How fast sets after SI-Score are built, beside a plain restatement in NumPy and Pillow
 * (tests/reference/si_score.py) on the same number of threads. Both write the same JPEG files at
 * the published resolution; the restatement has read objects and backgrounds before its time
 * begins. Files go to /dev/shm where there is one: how fast a disk makes files, and remembers those
 * that the round before has removed, is not what is compared. Rounds alternate; prints medians.
 *
 *   bench_si_score [rounds]   (default 5; /usr/bin/python3 with numpy and PIL is the peer)
 */
#include "core/data/data.h"
#include "core/tensor/tensor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS_LIMIT 32
#define BACKGROUNDS 4

typedef struct {
    const char *set;
    int objects; /* so many that a round takes a few seconds */
    double ours[ROUNDS_LIMIT], theirs[ROUNDS_LIMIT];
} bench_case;

static bench_case cases[] = {
    {"size", 3, {0}, {0}}, {"rotation", 6, {0}, {0}}, {"location", 1, {0}, {0}}};
enum { CASES = sizeof cases / sizeof *cases };

static char folder[64];
static sx_si_grid grid;

static void fail(const char *what) {
    fprintf(stderr, "bench_si_score: %s\n", what);
    exit(1);
}

static void write_picture(const char *path, int height, int width, int channels, unsigned seed) {
    sx_image image;
    sx_bytes bytes;
    if (sx_image_new(&image, height, width, channels, NULL)) fail("memory");
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            uint8_t *p = image.pixels + (size_t)(y * width + x) * (size_t)channels;
            int u = 2 * x - width, v = 2 * y - height;
            for (int c = 0; c < 3; c++) p[c] = (uint8_t)(x * (c + 1) + y * 3 + (int)seed * 40);
            if (channels == 4) p[3] = u * u / width + v * v / height < height / 2 ? 255 : 0;
        }
    if (sx_png_encode(&image, &bytes, NULL) || sx_file_write(path, bytes.data, bytes.size, NULL))
        fail("cannot write a picture");
    sx_bytes_done(&bytes);
    sx_image_done(&image);
}

static void write_inputs(const bench_case *c) {
    char path[160];
    snprintf(path, sizeof path, "%s/%s/objects/zebra", folder, c->set);
    sx_directory_make(path, NULL);
    for (int i = 0; i < c->objects; i++) {
        snprintf(path, sizeof path, "%s/%s/objects/zebra/%d.png", folder, c->set, i);
        write_picture(path, 300 + 20 * i, 360, 4, (unsigned)i);
    }
    snprintf(path, sizeof path, "%s/backgrounds", folder);
    sx_directory_make(path, NULL);
    for (int i = 0; i < BACKGROUNDS; i++) {
        snprintf(path, sizeof path, "%s/backgrounds/%d.png", folder, i);
        write_picture(path, 700, 900, 3, (unsigned)i);
    }
}

static void remove_folder(const char *name) {
    char command[160];
    snprintf(command, sizeof command, "rm -rf '%s/%s'", folder, name);
    if (system(command)) fail("cannot clean up");
}

/* Pictures a second. */
static double build(const bench_case *c, sx_pool *pool) {
    char objects[160], backgrounds[160], out[160];
    sx_si_report made;
    sx_error err = {0};
    snprintf(objects, sizeof objects, "%s/%s/objects", folder, c->set);
    snprintf(backgrounds, sizeof backgrounds, "%s/backgrounds", folder);
    snprintf(out, sizeof out, "%s/ours", folder);
    if (sx_si_grid_read(c->set, &grid, &err)) fail(err.message);
    const sx_si_options options = {.foregrounds = objects,
                                   .backgrounds = backgrounds,
                                   .grid = &grid,
                                   .out = out,
                                   .pool = pool};
    double start = sx_seconds();
    if (sx_si_build(&options, &made, &err)) fail(err.message);
    double rate = (double)made.made / (sx_seconds() - start);
    remove_folder("ours");
    return rate;
}

/* The same; 0 if there is no peer. */
static double ask(const bench_case *c, int threads) {
    char command[700], line[128] = "";
    double pictures = 0, seconds = 0;
    snprintf(command, sizeof command,
             "/usr/bin/python3 " SX_SOURCE
             "/tests/reference/si_score.py --foregrounds '%s/%s/objects' "
             "--backgrounds '%s/backgrounds' --set %s --out '%s/theirs' --threads %d",
             folder, c->set, folder, c->set, folder, threads);
    FILE *peer = popen(command, "r");
    if (peer && fgets(line, sizeof line, peer) &&
        sscanf(line, "%lf pictures in %lf s", &pictures, &seconds) != 2)
        seconds = 0;
    if (peer) pclose(peer);
    remove_folder("theirs");
    return seconds > 0 ? pictures / seconds : 0;
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *a, const double *b, int rounds) {
    double sorted[ROUNDS_LIMIT];
    for (int r = 0; r < rounds; r++) sorted[r] = b ? a[r] / b[r] : a[r];
    qsort(sorted, (size_t)rounds, sizeof *sorted, compare_doubles);
    return sorted[rounds / 2];
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 5, threads = sx_default_threads();
    sx_error err = {0};
    if (rounds < 1 || rounds > ROUNDS_LIMIT) rounds = 5;
    sx_tensor_init();
    sx_pool *pool = sx_pool_new(threads, &err);
    bool in_memory = access("/dev/shm", W_OK) == 0;
    snprintf(folder, sizeof folder, "%s/sx-bench-XXXXXX", in_memory ? "/dev/shm" : "/tmp");
    if (!pool || !mkdtemp(folder)) fail("cannot begin");
    for (int i = 0; i < CASES; i++) write_inputs(&cases[i]);
    for (int r = 0; r < rounds; r++)
        for (int i = 0; i < CASES; i++) {
            cases[i].ours[r] = build(&cases[i], pool);
            cases[i].theirs[r] = ask(&cases[i], threads);
        }
    printf("\n| set | pictures/s | NumPy and Pillow | ratio |\n|---|---|---|---|\n");
    for (int i = 0; i < CASES; i++)
        if (cases[i].theirs[0] > 0)
            printf("| %-8s | %6.0f | %6.0f | %5.2f |\n", cases[i].set,
                   median(cases[i].ours, NULL, rounds), median(cases[i].theirs, NULL, rounds),
                   median(cases[i].ours, cases[i].theirs, rounds));
        else
            printf("| %-8s | %6.0f | - | - |\n", cases[i].set, median(cases[i].ours, NULL, rounds));
    remove_folder("");
    sx_pool_free(pool);
    return 0;
}
