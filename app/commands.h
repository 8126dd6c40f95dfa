/* The commands of the binary, one function each: exit code from argc and argv (argv[0] is the
 * command's name). */
#ifndef SX_APP_COMMANDS_H
#define SX_APP_COMMANDS_H

#include "app/arguments.h"

int sx_command_run(int argc, char **argv);
int sx_command_open(int argc, char **argv);
int sx_command_runs(int argc, char **argv);
int sx_command_lesson(int argc, char **argv);
int sx_command_report(int argc, char **argv);
int sx_command_export(int argc, char **argv);
int sx_command_tune(int argc, char **argv);
int sx_command_data(int argc, char **argv);
int sx_command_classify(int argc, char **argv);
int sx_command_describe(int argc, char **argv);
int sx_command_inspect(int argc, char **argv);
int sx_command_make_si_score(int argc, char **argv);
int sx_command_measure(int argc, char **argv);
int sx_command_help(int argc, char **argv);

/* Prints usage, help and flags of a command (for --help); returns SX_EXIT_DONE. */
int sx_command_usage(const char *name, unsigned flags);

/* True if standard output can show what is not ASCII. */
bool sx_app_unicode(void);

/* Appends the keys of the workbench, pane by pane. app/workbench.c */
void sx_app_keys(sx_text *out);

/* Prints the manual page as roff, and a completion for bash. app/manual.c */
void sx_manual_print(void);
void sx_completion_print(void);

/* Whether a path is a file of a model's tensors; and `open` of one: says what it is, measures it on
 * a data set. app/model.c */
bool sx_app_is_model(const char *path);
int sx_app_open_model(const sx_arguments *arguments, const char *path);

/* The same in the workbench where there is a screen: a run of it is kept as others are. Its classes
 * must be those of the data set; else it is described. app/tune.c */
int sx_app_show_model(sx_arguments *arguments, const char *path);

/* A study as a command makes it: a file or NULL, keys of the command ("section.key=value"), and
 * where in the arguments the person's own begin. */
#define SX_APP_KEYS 32
#define SX_APP_KEY (SX_PATH_SIZE + 64)
typedef struct {
    const char *path;
    char keys[SX_APP_KEYS][SX_APP_KEY];
    int key_count, first_override;
} sx_app_study;
/* Adds a key; of a value that is NULL or "" none. */
void sx_app_add_key(sx_app_study *study, const char *key, const char *value);
int sx_app_run_study(sx_arguments *arguments, const sx_app_study *study);
bool sx_app_as_text(const sx_app_options *options);

/* What the command line says of a model, for texts encoded by `pool`, their progress told at *next
 * seconds; and a pool of as many threads as it says, NULL with `err`. */
sx_outside_options sx_app_model_options(const sx_arguments *arguments, sx_pool *pool, double *next);
sx_pool *sx_app_pool(const sx_arguments *arguments, sx_error *err);

/* Name of a topic of `help`; NULL past the end. */
const char *sx_help_topic(int row);

/* The whole report of a run: curves, maps, figures and claims. */
void sx_report(sx_result *const *results, size_t count, int columns, bool unicode, sx_text *out);

#endif
