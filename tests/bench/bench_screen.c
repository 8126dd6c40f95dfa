/* What a terminal sees of the workbench: time to the first frame, from a key to its answer while
 * all processors train, and bytes for a frame. Runs the program on a pseudo-terminal and plays the
 * terminal: it answers each request at once and says that it knows synchronised output, whose ends
 * mark where frames end (until that is known, status requests do).
 *
 *   bench_screen                 the figures of `make bench`
 *   bench_screen --bytes FRAMES  only the median of bytes for a frame, for a test: no times */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COLUMNS 120
#define ROWS 40
#define FIRST_FRAMES 7 /* starts, of which the median is told */
#define KEYS 300
#define MOST 4000

typedef struct {
    int terminal;
    pid_t child;
    size_t bytes;  /* since the last status request */
    size_t frame;  /* of the last whole frame */
    size_t frames; /* so far */
    bool marked;   /* frames are marked by synchronised output */
    char tail[9];  /* the last bytes, for a request that comes in two pieces */
} session;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "bench_screen: %s: %s\n", what, strerror(errno));
    exit(1);
}

static session begin(const char *program, const char *study) {
    struct winsize size = {.ws_row = ROWS, .ws_col = COLUMNS};
    session s = {.terminal = -1};
    s.child = forkpty(&s.terminal, NULL, NULL, &size);
    if (s.child < 0) fail("no pseudo-terminal");
    if (s.child == 0) {
        setenv("TERM", "xterm-256color", 1);
        setenv("LC_ALL", "C.UTF-8", 1);
        execl(program, program, "run", study, "train.steps=100000000", (char *)NULL);
        _exit(127);
    }
    return s;
}

static void end(session *s) {
    int status;
    kill(s->child, SIGKILL);
    waitpid(s->child, &status, 0);
    close(s->terminal);
}

static bool ends_with(const session *s, const char *sequence) {
    size_t length = strlen(sequence);
    return memcmp(s->tail + sizeof s->tail - length, sequence, length) == 0;
}

static void reply(session *s, const char *text) {
    if (write(s->terminal, text, strlen(text)) != (ssize_t)strlen(text))
        fail("the program does not read");
}

/* Answers the requests in what came and counts frames; true if one ended. */
static bool take(session *s, const char *text, size_t size) {
    bool ended = false;
    for (size_t i = 0; i < size; i++) {
        memmove(s->tail, s->tail + 1, sizeof s->tail - 1);
        s->tail[sizeof s->tail - 1] = text[i];
        s->bytes++;
        bool status = ends_with(s, "\033[5n"), mode = ends_with(s, "\033[?2026$p");
        if (status) reply(s, "\033[0n");
        if (mode) reply(s, "\033[?2026;2$y");
        bool last = ends_with(s, "\033[?2026l");
        s->marked |= last;
        if (!last && !(status && !s->marked)) continue;
        s->frame = s->bytes;
        s->bytes = 0;
        s->frames++;
        ended = true;
    }
    return ended;
}

/* Reads until a frame ends or `seconds` have passed; true if one did. */
static bool next_frame(session *s, double seconds) {
    char text[1 << 14];
    double until = now() + seconds;
    for (;;) {
        struct pollfd wait = {.fd = s->terminal, .events = POLLIN};
        double left = until - now();
        if (left <= 0 || poll(&wait, 1, (int)ceil(left * 1000)) == 0) return false;
        ssize_t got = read(s->terminal, text, sizeof text);
        if (got <= 0) fail("the program ended");
        if (take(s, text, (size_t)got)) return true;
    }
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *values, int count, double part) {
    qsort(values, (size_t)count, sizeof *values, by_value);
    return values[(int)(part * (count - 1) + 0.5)];
}

/* Bytes of frames of a dashboard on which nobody presses a key. */
static int frame_bytes(session *s, double *out, int count) {
    int taken = 0;
    while (taken < count) {
        if (!next_frame(s, 30)) fail("no frame for half a minute");
        out[taken++] = (double)s->frame;
    }
    return taken;
}

static void measure_first_frame(const char *program, const char *study) {
    double times[FIRST_FRAMES];
    for (int i = 0; i < FIRST_FRAMES; i++) {
        double began = now();
        session s = begin(program, study);
        if (!next_frame(&s, 30)) fail("no first frame");
        times[i] = now() - began;
        end(&s);
    }
    printf("first frame           %6.1f ms (median of %d starts)\n",
           1000 * quantile(times, FIRST_FRAMES, 0.5), FIRST_FRAMES);
}

/* A key that changes the screen at once: the next page. The answer is the first byte after it. */
static void measure_keys(session *s) {
    static double times[KEYS];
    static const char keys[] = "34521";
    for (int i = 0; i < KEYS; i++) {
        char text[1 << 14];
        while (next_frame(s, 0.02 + 0.001 * (i % 37))) {
        }
        double pressed = now();
        if (write(s->terminal, &keys[i % 5], 1) != 1) fail("the program does not read");
        ssize_t got = read(s->terminal, text, sizeof text);
        times[i] = now() - pressed;
        if (got <= 0) fail("the program ended");
        take(s, text, (size_t)got);
    }
    printf("key to answer         %6.1f ms median, %.1f ms p99, of %d keys while all processors "
           "train\n",
           1000 * quantile(times, KEYS, 0.5), 1000 * quantile(times, KEYS, 0.99), KEYS);
}

int main(int argc, char **argv) {
    char program[4096], study[4096];
    static double bytes[MOST];
    const char *slash = strrchr(argv[0], '/');
    snprintf(program, sizeof program, "%.*s/../sextant", slash ? (int)(slash - argv[0]) : 1,
             slash ? argv[0] : ".");
    const char *wanted = getenv("SEXTANT");
    if (wanted) snprintf(program, sizeof program, "%s", wanted);
    snprintf(study, sizeof study, "%s/assets/studies/fashion-cnn.ini", SX_SOURCE);
    bool only_bytes = argc == 3 && strcmp(argv[1], "--bytes") == 0;
    int frames = only_bytes ? atoi(argv[2]) : 300;
    if (frames < 1 || frames > MOST) frames = MOST;
    if (!only_bytes) printf("\nthe workbench on a terminal of %dx%d\n", COLUMNS, ROWS);
    if (!only_bytes) measure_first_frame(program, study);
    session s = begin(program, study);
    for (int i = 0; i < 40; i++) next_frame(&s, 5); /* loading, and the first pictures */
    int count = frame_bytes(&s, bytes, frames);
    double median = quantile(bytes, count, 0.5);
    if (only_bytes)
        printf("%.0f\n", median);
    else
        printf("bytes for a frame     %6.0f median, %.0f p95, of %d frames of a dashboard that "
               "learns\n",
               median, quantile(bytes, count, 0.95), count);
    if (!only_bytes) measure_keys(&s);
    end(&s);
    return 0;
}
