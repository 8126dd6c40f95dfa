/* The command line: one table of flags for all commands, read by the parser and by --help. */
#ifndef SX_APP_ARGUMENTS_H
#define SX_APP_ARGUMENTS_H

#include "app/app.h"

/* Which commands take a flag. */
enum {
    SX_FOR_RUN = 1,    /* run */
    SX_FOR_SCREEN = 2, /* the workbench: run, open, no command */
    SX_FOR_EXPORT = 4,
    SX_FOR_REPORT = 16,
    SX_FOR_MODEL = 32, /* open MODEL, classify, inspect */
    SX_FOR_LESSON = 64,
    SX_FOR_OPEN = 128,
    SX_FOR_INSPECT = 256,
    SX_FOR_TUNE = 512,
    SX_FOR_SI_SCORE = 1024,
    SX_FOR_DESCRIBE = 4096,
    SX_FOR_MEASURE = 2048,
    SX_SETTING = 8, /* can be kept in the file of settings */
};

/* The values of a flag that may come again and again; they point into argv. */
#define SX_WORDS 128
typedef struct {
    const char *words[SX_WORDS];
    int count;
} sx_words;

typedef struct {
    sx_app_options app;
    const char *preset, *seed, *out, *resume, *only, *format, *clock, *speed;
    const char *data, *set, *prepare, *classes, *rows; /* of models from outside */
    const char *merges, *prompts_file, *filters;
    sx_words prompts;
    const char *recipe, *names;                /* of tune; of export */
    const char *patch, *layer, *block, *class; /* of looking inside */
    const char *class_map, *foregrounds, *backgrounds, *grid, *threshold, *instances,
        *resolution;                  /* of a set */
    const char *crop, *same_pairs;    /* of measuring models there */
    const char *labels, *temperature; /* of predictions */
    bool help, tensors;
    char **rest; /* what is not a flag, in order; points into argv */
    int count;
} sx_arguments;

/* What is kept in the file of settings (app/settings.h) holds where the command line says nothing;
 * what is wrong in it is told in app.note. Parses the flags that `mask` allows; flags and other
 * words may come in any order, "--" ends the flags. SX_USAGE with a sentence for an unknown flag
 * (with the nearest one), a missing or a bad value. */
sx_status sx_arguments_parse(int argc, char **argv, unsigned mask, sx_arguments *out,
                             sx_error *err);

/* Gives a setting its value, as the file of settings would; `value` is borrowed. */
sx_status sx_arguments_set(const char *name, const char *value, sx_arguments *out, sx_error *err);

/* "NAME VALUE" of every setting and what it may be, row by row; NULL past the end. */
const char *sx_arguments_choice(int row);

/* Appends all flags, "--name" each, blanks between. */
void sx_arguments_names(sx_text *out);

/* Appends the flags that `mask` allows as help text. */
void sx_arguments_describe(unsigned mask, sx_text *out);

#endif
