/* How fast a job goes and when it will be done. The rate is that of training over the last seconds;
 * what is left is taken from the measured pace of steps and of measurements, and stays unknown
 * until both were seen. */
#include "core/engine/internal.h"

#include <math.h>

#define WINDOW 1.0     /* seconds; a rate is taken over the current window and the one before */
#define FIRST_RATE 0.3 /* seconds until there is one */

void sx_pace_begin(sx_pace *pace) {
    *pace = (sx_pace){.began = sx_seconds()};
}

static void forget_window(sx_pace *pace) {
    pace->window_began[0] = pace->window_began[1] = 0;
}

void sx_pace_pause(sx_pace *pace, bool paused) {
    if (paused) {
        pace->paused_since = sx_seconds();
        return;
    }
    pace->paused_seconds += sx_seconds() - pace->paused_since;
    pace->paused_since = 0;
    forget_window(pace);
}

double sx_pace_seconds(const sx_pace *pace) {
    double now = pace->paused_since > 0 ? pace->paused_since : sx_seconds();
    return pace->began > 0 ? now - pace->began - pace->paused_seconds : 0;
}

static void count_seconds(sx_pace *pace, const sx_study_report *report, double seconds) {
    if (report->phase != SX_PHASE_TRAINING) {
        pace->end_seconds += seconds;
        pace->end_advances++;
    } else if (report->trained) {
        pace->training_seconds += seconds;
    } else {
        pace->measuring_seconds += seconds;
        pace->measuring_advances++;
    }
}

/* After training the last rate stays: it is one of training. */
static void update_rate(sx_pace *pace, sx_snapshot *now) {
    double time = sx_seconds();
    if (now->report.phase != SX_PHASE_TRAINING) return;
    if (pace->window_began[0] <= 0) {
        pace->window_began[0] = pace->window_began[1] = time;
        pace->window_images[0] = pace->window_images[1] = 0;
        return;
    }
    if (now->report.trained) pace->window_images[1] += now->report.batch;
    double span = time - pace->window_began[0];
    if (span >= FIRST_RATE)
        now->images_per_second = (pace->window_images[0] + pace->window_images[1]) / span;
    if (time - pace->window_began[1] < WINDOW) return;
    pace->window_began[0] = pace->window_began[1];
    pace->window_images[0] = pace->window_images[1];
    pace->window_began[1] = time;
    pace->window_images[1] = 0;
}

static double seconds_left(const sx_pace *pace, const sx_study_report *report) {
    int64_t slices = pace->measuring_advances + pace->end_advances;
    int64_t steps = report->step - pace->first_step, steps_left = report->steps - report->step;
    double step = 0, slice = 0;
    if (steps_left > 0 && report->phase == SX_PHASE_TRAINING)
        step = steps > 0 ? (pace->training_seconds + pace->measuring_seconds) / (double)steps
                         : (double)NAN;
    if (report->slices_left > 0)
        slice = slices > 0 ? (pace->measuring_seconds + pace->end_seconds) / (double)slices
                           : (double)NAN;
    return step * (double)steps_left + slice * report->slices_left;
}

void sx_pace_count(sx_pace *pace, sx_snapshot *now, double seconds, double asleep) {
    count_seconds(pace, &now->report, seconds - asleep);
    if (asleep > 0) {
        pace->paused_seconds += asleep;
        forget_window(pace);
    }
    double all = pace->training_seconds + pace->measuring_seconds;
    now->measuring_share = all > 0 ? pace->measuring_seconds / all : 0;
    now->seconds_left = seconds_left(pace, &now->report);
    update_rate(pace, now);
}
