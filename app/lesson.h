/* A lesson that plays at a terminal. Private to app. */
#ifndef SX_APP_LESSON_H
#define SX_APP_LESSON_H

#include "app/script.h"

/* The lessons that come with the program, by name, row by row; NULL past the end. */
const char *sx_lesson_choice(int row);

/* True if `name` is one of them, and no file of that name lies here. */
bool sx_lesson_comes_along(const char *name);

/* Start with {0}: nothing plays. */
typedef struct {
    sx_script *script;
    double speed, due; /* due: when the next turn is, 0: at once, INFINITY: with news */
    bool paused;
} sx_lesson;

/* Plays `name` from its beginning; one that played ends. */
sx_status sx_lesson_begin(sx_lesson *lesson, sx_workbench *bench, const char *name, double speed,
                          sx_error *err);
void sx_lesson_end(sx_lesson *lesson, sx_workbench *bench);

/* A key while it plays; true: it was for the lesson. */
bool sx_lesson_key(sx_lesson *lesson, sx_workbench *bench, const char *key);

/* Its next step if it is time; true: there is something new to draw. */
bool sx_lesson_turn(sx_lesson *lesson, sx_workbench *bench);

#endif
