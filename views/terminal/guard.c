/* The crash guard. A fault on any thread would leave the alternate screen, the mouse and a hidden
 * cursor behind. The handler does only what is safe in a handler: one write of a prepared text that
 * undoes the modes, tcsetattr, one write of a sentence; then the former handler or the default
 * action follows, so that core dumps and sanitizer reports come as ever. It never calls ncurses. */
#include "views/terminal/guard.h"
#include "views/terminal/terminal.h"

#include "core/base/base.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const int guarded[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
enum { GUARDED = sizeof guarded / sizeof *guarded };

static struct sigaction before[GUARDED];
static struct termios state;
static char sentence[SX_PATH_SIZE + 128];
static volatile sig_atomic_t entered;

/* Synchronised output, mouse, bracketed paste, attributes, cursor, keypad, title, alternate screen.
 */
static const char undo[] = "\033[?2026l\033[?1006l\033[?1003l\033[?1002l\033[?1000l\033[?2004l"
                           "\033[0m\033[?25h\033[?1l\033>\033[23;2t\033[?1049l\r\n";

static void say(int descriptor, const char *text, size_t size) {
    ssize_t written = write(descriptor, text, size);
    (void)written; /* nobody is left to tell */
}

static void crashed(int number) {
    if (!entered) {
        entered = 1;
        say(STDOUT_FILENO, undo, sizeof undo - 1);
        tcsetattr(STDIN_FILENO, TCSANOW, &state);
        sx_aside_crash();
        say(STDERR_FILENO, sentence, strlen(sentence));
    }
    for (int i = 0; i < GUARDED; i++)
        if (guarded[i] == number) sigaction(number, &before[i], NULL);
    raise(number); /* held back until this returns; a fault comes again by itself */
}

void sx_terminal_reset(void) {
    struct termios sane;
    say(STDOUT_FILENO, undo, sizeof undo - 1);
    if (tcgetattr(STDIN_FILENO, &sane) != 0) return;
    sane.c_iflag |= BRKINT | ICRNL | IXON;
    sane.c_oflag |= OPOST | ONLCR;
    sane.c_lflag |= ECHO | ECHOE | ECHOK | ICANON | IEXTEN | ISIG;
    tcsetattr(STDIN_FILENO, TCSANOW, &sane);
}

void sx_guard_log(const char *path) {
    snprintf(sentence, sizeof sentence,
             "sextant " SX_VERSION " crashed; the terminal is restored.%s%s\n",
             path[0] ? " What was logged is in " : "", path);
}

void sx_guard_install(const struct termios *saved) {
    static char stack[64 * 1024];
    state = *saved;
    entered = 0;
    sx_guard_log("");
    stack_t now;
    if (sigaltstack(NULL, &now) == 0 && (now.ss_flags & SS_DISABLE)) {
        stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
        sigaltstack(&own, NULL);
    }
    struct sigaction action = {.sa_handler = crashed, .sa_flags = SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < GUARDED; i++) sigaction(guarded[i], &action, &before[i]);
}

void sx_guard_remove(void) {
    for (int i = 0; i < GUARDED; i++) sigaction(guarded[i], &before[i], NULL);
}
