/* A job without a screen: a line every few seconds, then the plots, figures and claims as text.
 * A signal stops the job with a checkpoint; a second one ends the process at once. */
#include "app/commands.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SECONDS_BETWEEN_LINES 3.0
#define REPORT_COLUMNS 100

/* Which network of a study of several. */
static void print_cell(const sx_snapshot *now, bool fixed_clock) {
    char left[32];
    if (!now->cell_count) return;
    printf("%s (%d of %d", now->cell, now->cell_number, now->cell_count);
    if (!fixed_clock && isfinite(now->cells_seconds_left) && isfinite(now->seconds_left))
        printf(", all: %s left",
               sx_text_duration(left, now->seconds_left + now->cells_seconds_left));
    printf(")  ");
}

static void print_progress(const sx_snapshot *now, bool fixed_clock) {
    const sx_study_report *r = &now->report;
    char step[32], steps[32], left[32];
    if (now->state == SX_STATE_LOADING) {
        printf("loading %s\n", now->loading);
        return;
    }
    print_cell(now, fixed_clock);
    if (r->measures_only) {
        printf("%s of %s %s", sx_text_count(step, r->step), sx_text_count(steps, r->steps),
               r->unit ? r->unit : "pictures");
        if (!fixed_clock && isfinite(now->seconds_left))
            printf("  %s left", sx_text_duration(left, now->seconds_left));
        printf("\n");
        return;
    }
    if (r->phase == SX_PHASE_MEASURING) {
        printf("measuring on test objects, %.0f %%\n", 100 * r->phase_done);
        return;
    }
    printf("step %s of %s", sx_text_count(step, r->step), sx_text_count(steps, r->steps));
    if (!isnan(r->loss)) printf("  loss %.3f", r->loss);
    if (!isnan(r->validation_accuracy)) printf("  val %.3f", r->validation_accuracy);
    if (!isnan(r->learning_rate)) printf("  lr %.2g", r->learning_rate);
    bool sees_images = !isnan(r->learning_rate); /* last layers are drawn on features */
    if (!fixed_clock && sees_images && isfinite(now->images_per_second))
        printf("  %s images/s", sx_text_count(step, (long long)now->images_per_second));
    if (!fixed_clock && isfinite(now->images_per_second) && isfinite(now->seconds_left))
        printf("  %s left", sx_text_duration(left, now->seconds_left));
    printf("\n");
}

static bool is_over(sx_state state) {
    return state == SX_STATE_FINISHED || state == SX_STATE_STOPPED || state == SX_STATE_FAILED;
}

/* Follows the job to its end; returns the last snapshot, owned by the caller. */
static const sx_snapshot *follow(sx_engine *engine, bool fixed_clock) {
    uint64_t version = 0;
    double next_line = 0;
    bool stopping = false, said_note = false;
    for (;;) {
        sx_engine_wait(engine, version, 500);
        const sx_snapshot *now = sx_engine_snapshot(engine);
        version = now->version;
        if (is_over(now->state)) return now;
        for (int signal; (signal = sx_signals_take());) {
            if (stopping) _exit(128 + signal);
            stopping = true;
            fprintf(stderr, "sextant: stopping with a checkpoint; once more ends at once\n");
            sx_engine_send(engine, SX_COMMAND_STOP, 0);
        }
        if (!said_note && now->state == SX_STATE_RUNNING) {
            said_note = true;
            printf("run %s\n", now->path);
            if (now->message[0]) printf("note: %s\n", now->message);
        }
        if (sx_seconds() >= next_line) {
            print_progress(now, fixed_clock);
            next_line = sx_seconds() + SECONDS_BETWEEN_LINES;
        }
        fflush(stdout);
        sx_snapshot_release(now);
    }
}

static void print_report(const sx_snapshot *last, bool ascii, bool fixed_clock) {
    sx_text text = {0};
    char duration[32];
    sx_report((sx_result *const *)last->results, last->result_count, REPORT_COLUMNS,
              !ascii && sx_app_unicode(), &text);
    if (text.data) fwrite(text.data, 1, text.size, stdout);
    sx_text_done(&text);
    printf("%s %s", sx_state_name(last->state), last->run);
    if (!fixed_clock) printf(" · %s", sx_text_duration(duration, last->seconds));
    if (!fixed_clock && last->measuring_share > 0) /* not for a run that was only opened */
        printf(" · %d threads · measuring took %.0f %% of the training time · %.1f %% of batches "
               "were waited for",
               last->threads, 100 * last->measuring_share, 100 * last->report.waiting);
    printf("\nrun folder %s\n", last->path);
}

static int finish(const sx_snapshot *last, const sx_app_options *options) {
    if (last->state == SX_STATE_FAILED) {
        fprintf(stderr, "sextant: %s\n", last->message);
        return SX_EXIT_FAILED;
    }
    print_report(last, options->ascii, options->fixed_clock);
    if (last->state == SX_STATE_FINISHED) return SX_EXIT_DONE;
    if (options->job.kind == SX_JOB_OPEN) return SX_EXIT_DONE;
    fprintf(stderr, "sextant: stopped at %s %lld; go on with: sextant run --resume %s\n",
            last->report.measures_only ? "picture" : "step", (long long)last->report.step,
            last->path);
    return SX_EXIT_FAILED;
}

int sx_app_headless(const sx_app_options *options) {
    if (options->note[0]) fprintf(stderr, "sextant: %s\n", options->note);
    sx_error err = {0};
    const char *time =
        options->job.config ? sx_config_text(options->job.config, "study", "time") : "";
    if (*time) printf("expected time: %s\n", time);
    sx_signals_install(SX_SIGNALS_ENDING);
    sx_engine *engine = sx_engine_new(options->threads, &err);
    if (!engine || sx_engine_queue(engine, &options->job, &err)) {
        sx_engine_free(engine);
        return sx_app_fail(&err);
    }
    const sx_snapshot *last = follow(engine, options->fixed_clock);
    int code = finish(last, options);
    sx_snapshot_release(last);
    sx_engine_free(engine);
    if (fflush(stdout) != 0 && code == SX_EXIT_DONE) {
        perror("sextant: cannot write to standard output");
        code = SX_EXIT_FAILED;
    }
    return code;
}
