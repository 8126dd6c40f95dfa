/* `make-si-score`: builds a set of composed pictures, with progress; an interrupted one is gone on
 * with by the same command. */
#include "app/arguments.h"
#include "app/commands.h"

#include "core/data/data.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal) {
    (void)signal;
    interrupted = 1;
}

typedef struct {
    double began, next;
    size_t first; /* pictures that were there when it began */
} progress;

/* A line now and then on standard error; on a terminal in place. */
static bool show_progress(void *user, const char *what, size_t done, size_t total) {
    progress *p = user;
    double now = sx_seconds();
    if (interrupted) return false;
    if (now < p->next) return true;
    bool in_place = isatty(STDERR_FILENO), begins = p->next == 0;
    p->next = now + (in_place ? 0.5 : 5);
    if (begins) p->first = done;
    char counts[2][32], left[32];
    double share = (double)(done - p->first) / (double)(total - p->first + 1);
    sx_text_duration(left, share > 0 ? (now - p->began) * (1 - share) / share : 0);
    fprintf(stderr, "%s%s of %s %s", in_place ? "\r" : "",
            sx_text_count(counts[0], (long long)done), sx_text_count(counts[1], (long long)total),
            what);
    if (share > 0) fprintf(stderr, ", %s left", left);
    fprintf(stderr, in_place ? "\033[K" : "\n");
    return true;
}

static void report(const char *out, double threshold, const sx_si_report *r, double seconds) {
    char text[6][32];
    printf("%s: %s classes, %s objects, %s pairs of object and background\n", out,
           sx_text_count(text[0], (long long)r->classes),
           sx_text_count(text[1], (long long)r->objects),
           sx_text_count(text[2], (long long)r->pairs));
    printf("%s pictures made in %s, %s were there, %s left out (less than %g of the box inside; "
           "dropped.csv counts them by class and value)\n",
           sx_text_count(text[3], (long long)r->made), sx_text_duration(text[4], seconds),
           sx_text_count(text[5], (long long)r->kept),
           sx_text_count(text[0], (long long)r->dropped), threshold);
    if (r->refused)
        printf("%s files could not be read and were left out; the first: %s\n",
               sx_text_count(text[0], (long long)r->refused), r->first_refused);
}

static sx_status whole_number(const char *flag, const char *text, double most, double *out,
                              sx_error *err) {
    if (!text) return SX_OK;
    if (sx_text_number(text, out) && *out == (double)(uint32_t)*out && *out >= 0 && *out <= most)
        return SX_OK;
    return sx_fail(err, SX_USAGE, "--%s %.40s: must be a whole number from 0 to %.0f", flag, text,
                   most);
}

/* The options of the command line over those of the set. */
static sx_status read_options(const sx_arguments *a, sx_si_grid *grid, sx_si_options *out,
                              sx_error *err) {
    double seed = 0, instances = 0, resolution = 0;
    const char *format = a->format ? a->format : "jpg";
    sx_status status = sx_si_grid_read(a->grid ? a->grid : "location", grid, err);
    if (!status) status = whole_number("seed", a->seed, UINT32_MAX, &seed, err);
    if (!status) status = whole_number("instances", a->instances, 1e6, &instances, err);
    if (!status) status = whole_number("resolution", a->resolution, 4096, &resolution, err);
    if (status) return status;
    if (a->resolution && resolution < 8)
        return sx_fail(err, SX_USAGE, "--resolution %.40s: must be from 8 to 4096", a->resolution);
    if (a->resolution) grid->resolution = (int)resolution;
    if (a->threshold && (!sx_text_number(a->threshold, &grid->threshold) || grid->threshold < 0 ||
                         grid->threshold > 1))
        return sx_fail(err, SX_USAGE, "--threshold %.40s: must be a number from 0 to 1",
                       a->threshold);
    if (strcmp(format, "jpg") != 0 && strcmp(format, "png") != 0)
        return sx_fail(err, SX_USAGE, "--format %.40s: must be jpg or png", format);
    if (!a->out) return sx_fail(err, SX_USAGE, "make-si-score needs a folder: --out DIR");
    *out = (sx_si_options){.foregrounds = a->foregrounds ? a->foregrounds : "shapes",
                           .backgrounds = a->backgrounds,
                           .grid = grid,
                           .out = a->out,
                           .png = strcmp(format, "png") == 0,
                           .seed = (uint32_t)seed,
                           .instances = (int)instances};
    return SX_OK;
}

static int build(const sx_arguments *arguments, const sx_si_options *wanted, double threshold,
                 sx_error *err) {
    sx_si_report made = {0};
    progress p = {.began = sx_seconds()};
    const sx_loading loading = {show_progress, &p};
    struct sigaction action = {.sa_handler = on_interrupt}, before;
    sx_pool *pool = sx_app_pool(arguments, err);
    if (!pool) return sx_app_fail(err);
    sx_si_options options = *wanted;
    options.pool = pool;
    options.loading = &loading;
    sigaction(SIGINT, &action, &before);
    sx_status status = sx_si_build(&options, &made, err);
    sigaction(SIGINT, &before, NULL);
    sx_pool_free(pool);
    if (isatty(STDERR_FILENO)) fprintf(stderr, "\r\033[K");
    if (status == SX_CANCELLED) {
        fprintf(stderr, "sextant: stopped; the same command goes on\n");
        return 130;
    }
    if (status) return sx_app_fail(err);
    report(arguments->out, threshold, &made, sx_seconds() - p.began);
    return SX_EXIT_DONE;
}

int sx_command_make_si_score(int argc, char **argv) {
    sx_error err = {0};
    sx_arguments arguments;
    sx_si_options options = {0};
    if (sx_arguments_parse(argc, argv, SX_FOR_SI_SCORE, &arguments, &err)) return sx_app_fail(&err);
    if (arguments.help) return sx_command_usage("make-si-score", SX_FOR_SI_SCORE);
    sx_si_grid *grid = sx_alloc(1, sizeof *grid);
    int code;
    if (arguments.count > 0) {
        sx_fail(&err, SX_USAGE, "make-si-score takes options only, not '%.60s'", arguments.rest[0]);
        code = sx_app_fail(&err);
    } else if (!grid) {
        sx_fail(&err, SX_NO_MEMORY, "not enough memory for the grid");
        code = sx_app_fail(&err);
    } else if (read_options(&arguments, grid, &options, &err)) {
        code = sx_app_fail(&err);
    } else {
        code = build(&arguments, &options, grid->threshold, &err);
    }
    sx_free(grid);
    return code;
}
