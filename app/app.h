/* The program: the table of commands and what they share. Exit codes: 0 done, 1 failed, 2 wrong
 * usage; messages go to stderr. */
#ifndef SX_APP_APP_H
#define SX_APP_APP_H

#include "core/engine/engine.h"

enum { SX_EXIT_DONE = 0, SX_EXIT_FAILED = 1, SX_EXIT_USAGE = 2 };

/* A row of the table; ends with a NULL name. argv[0] is the command's name. */
typedef struct {
    const char *name, *usage, *help;
    int (*run)(int argc, char **argv);
} sx_app_command;
extern const sx_app_command sx_app_commands[];

/* Options that `run` and the workbench share, as given on the command line. */
typedef struct {
    sx_job job;
    int threads;               /* 0: sx_default_threads */
    bool headless;             /* or standard output is not a terminal */
    bool ascii, plain_colours; /* --ascii, --no-color (or NO_COLOR) */
    const char *theme;         /* --theme; NULL: dark */
    bool slow, no_mouse;       /* --slow, --no-mouse */
    const char *on_hangup;     /* --on-hangup; NULL: checkpoint-and-stop */
    const char *page;   /* first page of the workbench: "dashboard", "data" ...; NULL: dashboard */
    const char *script; /* --script FILE: keys and commands instead of a keyboard, no terminal */
    const char *replay; /* --replay FILE: a lesson that plays at the terminal */
    double speed;       /* of it */
    bool idle;          /* no job at first */
    bool scratch, keep; /* runs go into the scratch store; which is kept */
    const char *size;   /* --size 120x40, with --script */
    char note[256];     /* "" or what is wrong with the file of settings */
    bool fixed_clock;   /* --clock fixed: times are shown as 0:00, for golden screens */
} sx_app_options;

/* The workbench on a terminal (or, with a script, on a canvas in memory). app/workbench.c */
int sx_app_workbench(const sx_app_options *options);

/* The same job as text on standard output: progress, plots, figures, claims. app/headless.c */
int sx_app_headless(const sx_app_options *options);

/* Prints "sextant: sentence" to stderr and returns the exit code for the error's status. */
int sx_app_fail(const sx_error *err);

/* Signals as bytes in a pipe (the packaged OpenBLAS has threads before main, so a handler may run
 * on any thread and does nothing else): SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT as
 * asked for by `mask` bits SX_SIGNALS_*. Returns the readable descriptor, -1 on failure.
 * app/signal.c */
enum { SX_SIGNALS_ENDING = 1, SX_SIGNALS_TERMINAL = 2 };
int sx_signals_install(int mask);
/* The next signal that has arrived, 0 if none. Never blocks. */
int sx_signals_take(void);

#endif
