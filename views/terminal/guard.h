/* Private to the folder: what must happen to a terminal when the program crashes, and where
 * standard error goes meanwhile. */
#ifndef SX_TERMINAL_GUARD_H
#define SX_TERMINAL_GUARD_H

#include <termios.h>

/* Takes SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT; `saved` is the terminal's state to go back to.
 */
void sx_guard_install(const struct termios *saved);
void sx_guard_remove(void);
/* The log that the crash's sentence names. */
void sx_guard_log(const char *path);

/* Standard error into memory, then into a file, then back; `aside_end` prints what is in memory. */
void sx_aside_begin(void);
void sx_aside_log(const char *path);
void sx_aside_end(void);
/* Gives descriptor 2 back at once; safe in a signal handler. */
void sx_aside_crash(void);

#endif
