/* Scripts and lessons: what drives the workbench instead of a person (script.c), and what a person
 * did, as such a script (recorder.c). Private to app. */
#ifndef SX_APP_SCRIPT_H
#define SX_APP_SCRIPT_H

#include "app/workbench.h"

typedef struct sx_script sx_script;

/* Reads the file: as it is named, else assets/scripts/NAME.txt. Returns owned. */
sx_script *sx_script_new(const char *path, sx_error *err);
void sx_script_free(sx_script *script); /* NULL is fine */

/* Pauses last a `speed`-th of what is written, keys follow each other as a person would press them;
 * 0 (at first): no pause at all. */
void sx_script_pace(sx_script *script, double speed);

typedef enum {
    SX_SCRIPT_WENT,  /* one step was made: draw, and call again */
    SX_SCRIPT_WAITS, /* for news of the engine, or until *due (INFINITY: for news alone) */
    SX_SCRIPT_ENDED, /* the last line is done, or the workbench was left */
    SX_SCRIPT_FAILED
} sx_script_turn_kind;

/* The next step, if its time has come. Never blocks. */
sx_script_turn_kind sx_script_turn(sx_script *script, sx_workbench *bench, double *due,
                                   sx_error *err);

/* Lines done and all lines, for a person. */
void sx_script_progress(const sx_script *script, int *done, int *all);

/* ---- recording --------------------------------------------------------------------------------
 */

/* What was pressed since the recording began. Start with {0}. */
typedef struct {
    char path[SX_PATH_SIZE]; /* "": nothing is recorded */
    sx_text text;
    size_t before_prompt; /* the text up to the key that opened the command line */
    bool in_keys;         /* the last line takes more keys */
    double last;          /* when the last key was pressed */
} sx_recorder;

void sx_recorder_begin(sx_recorder *recorder, const char *path);
/* A key that was pressed and has acted; `step` >= 0: it told the engine something at that step. */
void sx_recorder_key(sx_recorder *recorder, const char *key, bool in_prompt, int64_t step);
/* Writes the file; the keys of a command line that ended the recording are left out. */
sx_status sx_recorder_end(sx_recorder *recorder, bool by_prompt, sx_error *err);

#endif
