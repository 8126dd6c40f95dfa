/* A real terminal room on a pseudo-terminal: a child shows canvases and reads keys, the parent sees
 * the bytes. The child tells what it did through a pipe, so that nothing waits for a time. */
#include "tests/unit/unit.h"

#include "views/terminal/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

/* ---- the child --------------------------------------------------------------------------------
 */

static int told, asked; /* the pipes to and from the parent */

static void tell(const char *line) {
    if (write(told, line, strlen(line)) < 0) _exit(90);
}

/* Goes on when the parent says so. */
static void wait_for_parent(void) {
    char byte;
    if (read(asked, &byte, 1) != 1) _exit(94);
}

static void fill(sx_canvas *canvas, sx_look look) {
    if (sx_canvas_resize(canvas, 80, 24, look, NULL)) _exit(91);
    for (int y = 0; y < 24; y++)
        sx_canvas_print(canvas, sx_canvas_box(canvas), 0, y, sx_style_of(SX_ROLE_TITLE),
                        "row %d ─ of a screen that fills the terminal", y);
}

/* Shows more frames, each of them another in so many rows (0: in one cell), and tells whether the
 * line could take one more. */
static void show_more(sx_terminal *terminal, sx_canvas *canvas, int frames, int rows) {
    for (int frame = 0; frame < frames; frame++) {
        sx_canvas_cell(canvas, sx_canvas_box(canvas), 70, 20)->glyph ^= 1;
        for (int i = 0; i < rows * canvas->width; i++)
            canvas->cells[i].glyph = 'a' + (uint32_t)(frame + i % 7);
        sx_terminal_flush(terminal, canvas);
    }
    tell(sx_terminal_ready(terminal) > 0 ? "full\n" : "free\n");
}

/* Shows a canvas, the same again, one cell changed; then tells its keys until 'q'. */
static void show_and_read(sx_terminal *terminal) {
    sx_canvas canvas = {0};
    fill(&canvas, sx_terminal_look(terminal));
    sx_terminal_flush(terminal, &canvas);
    tell("shown\n");
    wait_for_parent();
    sx_terminal_flush(terminal, &canvas);
    tell("again\n");
    wait_for_parent();
    sx_canvas_cell(&canvas, sx_canvas_box(&canvas), 70, 20)->glyph = 'X';
    sx_terminal_flush(terminal, &canvas);
    tell("changed\n");
    for (;;) {
        struct pollfd wait = {.fd = sx_terminal_input(terminal), .events = POLLIN};
        if (poll(&wait, 1, -1) < 0) _exit(92);
        for (sx_terminal_event event; (event = sx_terminal_next(terminal)).kind;) {
            char line[64];
            snprintf(line, sizeof line, event.kind == SX_TERMINAL_MOUSE ? "%s %d %d\n" : "%s\n",
                     event.kind == SX_TERMINAL_GONE ? "gone" : event.key, event.x, event.y);
            tell(line);
            if (!strcmp(event.key, "2")) show_more(terminal, &canvas, 2, 20);
            if (!strcmp(event.key, "m")) show_more(terminal, &canvas, 100, 0);
            if (!strcmp(event.key, "r"))
                tell(sx_terminal_ready(terminal) > 0 ? "full\n" : "free\n");
            if (!strcmp(event.key, "q") || event.kind == SX_TERMINAL_GONE) return;
        }
    }
}

static void act(const char *what, const char *type) {
    setenv("TERM", type, 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("LINES", "5", 1);
    unsetenv("NO_COLOR");
    unsetenv("COLORTERM");
    if (!strcmp(what, "deaf")) signal(SIGHUP, SIG_IGN);
    signal(SIGSEGV, SIG_DFL); /* cmocka's would go on with the tests in the child */
    sx_error err = {0};
    sx_terminal *terminal = sx_terminal_open(&(sx_terminal_options){0}, &err);
    if (!terminal) {
        tell(err.message);
        _exit(3);
    }
    char line[320];
    int width, height;
    sx_look look = sx_terminal_look(terminal);
    sx_terminal_size(terminal, &width, &height);
    snprintf(line, sizeof line, "%d colours, unicode %d, %dx%d %s\n", look.colours, look.unicode,
             width, height, sx_terminal_note(terminal));
    tell(line);
    show_and_read(terminal);
    fprintf(stderr, "a library complains\n");
    tell("complained\n");
    if (!strcmp(what, "crash")) raise(SIGSEGV);
    sx_terminal_close(terminal);
    tell("closed\n");
    _exit(0);
}

/* ---- the parent -------------------------------------------------------------------------------
 */

typedef struct {
    pid_t child;
    int terminal, pipe, go, errors;
    struct termios before;
    char lines[4096], output[1 << 16]; /* since the last `until` */
    size_t line_size, output_size;
} session;

static session *begin(const char *what, const char *type) {
    session *s = sx_alloc(1, sizeof *s);
    int slave, ends[2], errors[2], go[2];
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    assert_non_null(s);
    assert_int_equal(openpty(&s->terminal, &slave, NULL, NULL, &size), 0);
    assert_int_equal(pipe(ends) | pipe(errors) | pipe(go), 0);
    assert_int_equal(tcgetattr(slave, &s->before), 0);
    s->child = fork();
    if (s->child == 0) {
        told = ends[1];
        asked = go[0];
        close(s->terminal);
        dup2(errors[1], STDERR_FILENO);
        if (login_tty(slave) != 0) _exit(93);
        dup2(errors[1], STDERR_FILENO); /* login_tty took it */
        act(what, type);
    }
    close(ends[1]);
    close(errors[1]);
    close(go[0]);
    s->pipe = ends[0];
    s->go = go[1];
    s->errors = errors[0];
    close(slave);
    return s;
}

static bool take(int descriptor, char *buffer, size_t *size, size_t capacity) {
    ssize_t got = read(descriptor, buffer + *size, capacity - 1 - *size);
    if (got <= 0) return false;
    *size += (size_t)got;
    buffer[*size] = 0;
    return true;
}

/* What was sent to the terminal and is not read yet. */
static void drain(session *s) {
    struct pollfd rest = {.fd = s->terminal, .events = POLLIN};
    while (poll(&rest, 1, 0) > 0 && (rest.revents & POLLIN) &&
           take(s->terminal, s->output, &s->output_size, sizeof s->output)) {
    }
}

/* Reads until the child has told `line`, and what it had sent to the terminal by then. */
static void until(session *s, const char *line) {
    s->output_size = s->line_size = 0;
    s->lines[0] = s->output[0] = 0;
    bool open = true;
    while (!strstr(s->lines, line)) {
        struct pollfd wait[] = {{.fd = s->terminal, .events = POLLIN},
                                {.fd = s->pipe, .events = POLLIN}};
        if (!open) fail_msg("the child ended; it told '%s', not '%s'", s->lines, line);
        assert_true(poll(wait, 2, -1) > 0);
        if (wait[0].revents & POLLIN)
            take(s->terminal, s->output, &s->output_size, sizeof s->output);
        if (wait[1].revents) open = take(s->pipe, s->lines, &s->line_size, sizeof s->lines);
    }
    drain(s);
}

static void press(session *s, const char *bytes, const char *expected) {
    assert_int_equal(write(s->terminal, bytes, strlen(bytes)), strlen(bytes));
    until(s, expected);
    assert_memory_equal(s->lines, expected, strlen(expected));
}

static void go_on(session *s) {
    assert_int_equal(write(s->go, "", 1), 1);
}

/* Past the first frames, to where the child reads keys. */
static session *begin_reading(const char *what, const char *type) {
    session *s = begin(what, type);
    until(s, "shown\n");
    go_on(s);
    until(s, "again\n");
    go_on(s);
    until(s, "changed\n");
    return s;
}

/* Waits for the child; returns its status. Its output since the last `until` is in `output`. */
static int end(session *s) {
    int status;
    while (take(s->terminal, s->output, &s->output_size, sizeof s->output)) {
    }
    assert_int_equal(waitpid(s->child, &status, 0), s->child);
    return status;
}

static void session_free(session *s) {
    if (s->terminal >= 0) close(s->terminal);
    close(s->pipe);
    close(s->go);
    close(s->errors);
    sx_free(s);
}

static int occurrences(const char *text, const char *what) {
    int count = 0;
    for (; (text = strstr(text, what)); text++) count++;
    return count;
}

/* ---- tests ------------------------------------------------------------------------------------
 */

static void only_changes_are_sent(void **state) {
    (void)state;
    session *s = begin("leave", "xterm-256color");
    until(s, "shown\n");
    assert_non_null(strstr(s->lines, "256 colours, unicode 1, 80x24 \n"));
    assert_non_null(strstr(s->output, "row 23"));
    go_on(s);
    until(s, "again\n");
    assert_int_equal(s->output_size, 0);
    go_on(s);
    until(s, "changed\n");
    assert_non_null(strstr(s->output, "X"));
    assert_true(s->output_size < 32);
    press(s, "q", "q\n");
    end(s);
    session_free(s);
}

static void keys_have_names(void **state) {
    (void)state;
    session *s = begin_reading("leave", "xterm-256color");
    press(s, "\033[A", "Up\n");
    press(s, "\033OA", "Up\n");
    press(s, "\033[6~", "PgDn\n");
    press(s, "\033[Z", "Shift-Tab\n");
    press(s, "\t \r\003", "Tab\nspace\nEnter\nCtrl-C\n");
    press(s, "\033OP", "F1\n");
    press(s, "é", "é\n");
    press(s, "\033[?62;22cx", "x\n"); /* a late answer of the terminal is no key */
    press(s, "\033", "Esc\n");
    press(s, "\033[<0;11;6M", "Click 10 5\n");
    press(s, "\033[<0;13;6m", "Release 12 5\n");
    press(s, "\033[<65;11;6M", "WheelDown 10 5\n");
    press(s, "q", "q\n");
    end(s);
    session_free(s);
}

static void the_terminal_is_given_back(void **state) {
    struct termios after;
    char errors[256] = "";
    size_t size = 0;
    (void)state;
    session *s = begin_reading("leave", "xterm-256color");
    assert_int_equal(tcgetattr(s->terminal, &after), 0);
    assert_false(after.c_lflag & (ICANON | ECHO | ISIG));
    press(s, "q", "q\n");
    int status = end(s);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_non_null(strstr(s->output, "\033[?1049l"));
    assert_non_null(strstr(s->output, "\033[?25h"));
    assert_null(strstr(s->output, "complains"));
    assert_true(take(s->errors, errors, &size, sizeof errors)); /* kept until then */
    assert_string_equal(errors, "a library complains\n");
    session_free(s);
}

static void a_crash_gives_it_back_too(void **state) {
    char errors[1 << 14] = "";
    size_t size = 0;
    struct termios after;
    (void)state;
    session *s = begin_reading("crash", "xterm-256color");
    int keep = open(ptsname(s->terminal), O_RDWR | O_NOCTTY); /* or its state goes with the child */
    assert_true(keep >= 0);
    press(s, "q", "q\n");
    int status;
    assert_int_equal(waitpid(s->child, &status, 0), s->child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    assert_int_equal(tcgetattr(keep, &after), 0);
    assert_int_equal(after.c_lflag, s->before.c_lflag);
    drain(s);
    assert_non_null(strstr(s->output, "\033[?1006l"));
    assert_non_null(strstr(s->output, "\033[?1049l"));
    while (take(s->errors, errors, &size, sizeof errors)) {
    }
    assert_non_null(strstr(errors, "crashed; the terminal is restored"));
    close(keep);
    session_free(s);
}

static void starting_has_no_wall(void **state) {
    static const struct {
        const char *type, *told;
    } cases[] = {{"no-such-terminal", "8 colours, unicode 1, 80x24 TERM 'no-such-terminal' is not "
                                      "known on this machine; treated as xterm"},
                 {"tmux-of-tomorrow", "256 colours, unicode 1, 80x24 TERM 'tmux-of-tomorrow' is "
                                      "not known on this machine; treated as screen-256color"},
                 {"linux", "8 colours, unicode 0, 80x24 the Linux console"},
                 {"vt100", "0 colours, unicode 1, 80x24 \n"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        session *s = begin("leave", cases[i].type);
        until(s, "shown\n");
        if (!strstr(s->lines, cases[i].told)) fail_msg("told: %s", s->lines);
        kill(s->child, SIGKILL);
        end(s);
        session_free(s);
    }
    session *s = begin("leave", "dumb");
    until(s, "cannot place a cursor");
    assert_int_equal(WEXITSTATUS(end(s)), 3);
    session_free(s);
}

/* After two frames without an answer no more are sent; with the answers there is room again. What
 * the terminal answers is never a key. */
static void a_full_line_gets_no_frames(void **state) {
    (void)state;
    session *s = begin_reading("leave", "xterm-256color");
    press(s, "\033[0n\033[0nr", "r\nfree\n");
    press(s, "2", "2\nfull\n");
    assert_non_null(strstr(s->output, "\033[5n"));
    press(s, "\033[0nr", "r\nfree\n");
    assert_null(strstr(s->output, "\033[?2026h"));
    press(s, "\033[0n\033[?2026;2$y2", "2\nfull\n");
    const char *begin_frame = strstr(s->output, "\033[?2026h");
    assert_non_null(begin_frame);
    assert_non_null(strstr(begin_frame, "\033[?2026l"));
    for (int i = 0; i < 120; i++) press(s, "\033[0nr", "r\nfree\n"); /* answers are no failures */
    press(s, "q", "q\n");
    end(s);
    session_free(s);
}

/* A hundred small frames on a line that was fast leave no question behind them, but for one in a
 * while; before the terminal has answered at all, each frame has its question. */
static void small_frames_ask_nothing(void **state) {
    (void)state;
    session *s = begin_reading("leave", "xterm-256color");
    press(s, "m", "m\nfull\n");
    assert_int_equal(occurrences(s->output, "\033[5n"), 100);
    char answers[102 * 4 + 2] = ""; /* two frames were shown before */
    for (int i = 0; i < 102; i++) strcat(answers, "\033[0n");
    press(s, strcat(answers, "r"), "r\nfree\n");
    press(s, "m", "m\nf");
    assert_non_null(strstr(s->lines, "free"));
    assert_true(occurrences(s->output, "\033[5n") < 5);
    press(s, "\033[0n2", "2\nfull\n"); /* and large ones do */
    press(s, "q", "q\n");
    end(s);
    session_free(s);
}

/* A terminal that cannot answer is not asked. */
static void an_old_terminal_is_not_asked(void **state) {
    (void)state;
    session *s = begin_reading("leave", "vt100");
    assert_null(strstr(s->output, "\033[5n"));
    press(s, "2", "2\nfree\n");
    press(s, "q", "q\n");
    end(s);
    session_free(s);
}

/* A hundred reads in a row that bring nothing although poll says there is something. */
static void a_terminal_that_is_gone_is_noticed(void **state) {
    (void)state;
    session *s = begin_reading("deaf", "xterm-256color");
    close(s->terminal);
    s->terminal = -1;
    until(s, "gone\n");
    end(s);
    session_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_changes_are_sent),
        cmocka_unit_test(keys_have_names),
        cmocka_unit_test(the_terminal_is_given_back),
        cmocka_unit_test(a_crash_gives_it_back_too),
        cmocka_unit_test(starting_has_no_wall),
        cmocka_unit_test(a_full_line_gets_no_frames),
        cmocka_unit_test(small_frames_ask_nothing),
        cmocka_unit_test(an_old_terminal_is_not_asked),
        cmocka_unit_test(a_terminal_that_is_gone_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
