/* Signals as bytes in a pipe. A handler may run on any thread, because the packaged OpenBLAS starts
 * threads before main; so it does one thing that is safe anywhere, and the loop that polls the pipe
 * decides what a signal means. */
#include "app/app.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static int ends[2] = {-1, -1};

static void note(int number) {
    int before = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t written = write(ends[1], &byte, 1); /* a full pipe wakes the loop anyway */
    (void)written;
    errno = before;
}

int sx_signals_install(int mask) {
    static const struct {
        int mask, number;
    } wanted[] = {{SX_SIGNALS_ENDING, SIGINT},    {SX_SIGNALS_ENDING, SIGTERM},
                  {SX_SIGNALS_ENDING, SIGHUP},    {SX_SIGNALS_TERMINAL, SIGWINCH},
                  {SX_SIGNALS_TERMINAL, SIGTSTP}, {SX_SIGNALS_TERMINAL, SIGCONT}};
    if (ends[0] < 0 && pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return -1;
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if ((wanted[i].mask & mask) && sigaction(wanted[i].number, &action, NULL) != 0) return -1;
    return ends[0];
}

int sx_signals_take(void) {
    unsigned char byte;
    return ends[0] >= 0 && read(ends[0], &byte, 1) == 1 ? byte : 0;
}
