/* A lesson at a terminal: a script that plays with pauses. Space holds it, and then every key is
 * the person's own, to look around with; space goes on. Esc ends it where it is. */
#include "app/lesson.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SLOWEST 0.125
#define FASTEST 16.0

static void tell(const sx_lesson *lesson, sx_workbench *bench) {
    int done = 0, all = 0;
    char line[160];
    sx_script_progress(lesson->script, &done, &all);
    if (lesson->paused)
        snprintf(line, sizeof line, "space goes on   the other keys are yours   line %d of %d",
                 done, all);
    else
        snprintf(line, sizeof line,
                 "space holds the lesson   Esc ends it   + - speed %g   line %d of %d",
                 lesson->speed, done, all);
    sx_screen_lesson(bench->screen, line);
}

sx_status sx_lesson_begin(sx_lesson *lesson, sx_workbench *bench, const char *name, double speed,
                          sx_error *err) {
    sx_script *script = sx_script_new(name, err);
    if (!script) return err->status;
    sx_lesson_end(lesson, bench);
    *lesson = (sx_lesson){.script = script, .speed = speed};
    bench->plays = true;
    sx_script_pace(script, speed);
    tell(lesson, bench);
    return SX_OK;
}

void sx_lesson_end(sx_lesson *lesson, sx_workbench *bench) {
    if (!lesson->script) return;
    sx_script_free(lesson->script);
    *lesson = (sx_lesson){0};
    bench->plays = false;
    sx_screen_lesson(bench->screen, "");
    sx_screen_command(bench->screen, "caption", NULL);
}

bool sx_lesson_key(sx_lesson *lesson, sx_workbench *bench, const char *key) {
    if (!lesson->script || sx_screen_prompting(bench->screen)) return false;
    bool faster = !strcmp(key, "+") || !strcmp(key, "="), slower = !strcmp(key, "-");
    if (strcmp(key, "space") == 0) {
        lesson->paused = !lesson->paused;
        bench->plays = !lesson->paused;
    } else if (lesson->paused) {
        return false;
    } else if (strcmp(key, "Esc") == 0) {
        sx_lesson_end(lesson, bench);
        sx_screen_say(bench->screen, "the lesson has ended here", false);
        return true;
    } else if (faster || slower) {
        lesson->speed = fmin(fmax(lesson->speed * (faster ? 2 : 0.5), SLOWEST), FASTEST);
        sx_script_pace(lesson->script, lesson->speed);
    } else if (strcmp(key, "q") == 0 || strcmp(key, "Ctrl-C") == 0 || strcmp(key, "Ctrl-Z") == 0) {
        return false;
    }
    tell(lesson, bench);
    return true;
}

bool sx_lesson_turn(sx_lesson *lesson, sx_workbench *bench) {
    sx_error err = {0};
    lesson->due = INFINITY;
    if (!lesson->script || lesson->paused) return false;
    switch (sx_script_turn(lesson->script, bench, &lesson->due, &err)) {
    case SX_SCRIPT_WAITS:
        return false;
    case SX_SCRIPT_WENT:
        lesson->due = 0;
        tell(lesson, bench);
        return true;
    case SX_SCRIPT_ENDED:
        sx_lesson_end(lesson, bench);
        sx_screen_say(bench->screen, "the lesson is over; everything here is yours", false);
        return true;
    case SX_SCRIPT_FAILED:
        sx_scratch_keep(); /* somebody may want to see why */
        sx_lesson_end(lesson, bench);
        sx_screen_say(bench->screen, err.message, true);
        return true;
    }
    return false;
}
