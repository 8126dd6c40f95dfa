/* The bytes that reach a terminal, against what was drawn: a child shows pages of the workbench
 * through ncurses on a pseudo-terminal, libvterm plays the terminal, and each of its cells must
 * hold the canvas' glyph, colours and attributes. Finds wrong widths, wrong pairs, and changes that
 * were not sent. */
#include "tests/unit/unit.h"

#include "tests/unit/screen_bench.h"

#include "views/terminal/terminal.h"

#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vterm.h>

enum { WIDTH = 120, HEIGHT = 40 };

/* What is pressed one after the other; after each the two are compared. */
static const char *const path[] = {"1", "2",   "Down", "Enter", "Esc", "C",   "3", "L",  "z",
                                   "4", "R",   "v",    "5",     "r",   "7",   "]", "?",  "Esc",
                                   ":", "Esc", "8",    "9",     "i",   "Esc", "1", "Tab"};
enum { STEPS = sizeof path / sizeof *path };

static const sx_look looks[] = {{256, true, false}, {8, true, false}};

/* ---- the child: as the program does it ---- */

static void show_pages(const char *type, int told, int asked) {
    char byte = 0;
    setenv("TERM", type, 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    sx_terminal *terminal = sx_terminal_open(&(sx_terminal_options){0}, NULL);
    if (!terminal) _exit(3);
    bench *b = bench_new(SX_STATE_FINISHED);
    for (int i = 0; i < STEPS; i++) {
        sx_screen_key(b->screen, path[i]);
        draw(b, WIDTH, HEIGHT, sx_terminal_look(terminal));
        sx_terminal_flush(terminal, &b->canvas);
        if (write(told, &byte, 1) != 1 || read(asked, &byte, 1) != 1) _exit(4);
    }
    _exit(0);
}

/* ---- the parent: the terminal ---- */

/* A colour of the terminal as an index of its palette, -1: its own. */
static int index_of(const VTermColor *colour) {
    if (VTERM_COLOR_IS_DEFAULT_FG(colour) || VTERM_COLOR_IS_DEFAULT_BG(colour)) return -1;
    return VTERM_COLOR_IS_INDEXED(colour) ? colour->indexed.idx : -2;
}

static void compare_cell(const sx_canvas *canvas, VTermScreen *screen, int x, int y,
                         const char *when) {
    VTermScreenCell seen;
    const sx_cell *drawn = &canvas->cells[y * canvas->width + x];
    int colours = canvas->look.colours;
    assert_true(vterm_screen_get_cell(screen, (VTermPos){y, x}, &seen));
    uint32_t glyph = seen.chars[0] ? seen.chars[0] : ' ';
    int ink = sx_colour_index(drawn->style.foreground, colours);
    int ground = sx_colour_index(drawn->style.background, colours);
    bool blank = drawn->glyph == ' ' && !(drawn->style.attributes & (SX_REVERSE | SX_UNDERLINE));
    if (glyph != drawn->glyph)
        fail_msg("after '%s' at %d, %d: U+%04X is seen, U+%04X was drawn", when, x, y, glyph,
                 drawn->glyph);
    if (index_of(&seen.bg) != ground || (!blank && index_of(&seen.fg) != ink))
        fail_msg("after '%s' at %d, %d: colours %d on %d are seen, %d on %d were drawn", when, x, y,
                 index_of(&seen.fg), index_of(&seen.bg), ink, ground);
    bool bold = drawn->style.attributes & SX_BOLD, reverse = drawn->style.attributes & SX_REVERSE;
    if ((!blank && seen.attrs.bold != bold) || seen.attrs.reverse != reverse)
        fail_msg("after '%s' at %d, %d: bold %d, reverse %d", when, x, y, seen.attrs.bold,
                 seen.attrs.reverse);
}

/* Feeds what the child sends until it says that its frame is out, and then the rest. */
static void feed(VTerm *vterm, int terminal, int told) {
    char bytes[1 << 14], byte;
    bool out = false;
    for (;;) {
        struct pollfd wait[] = {{.fd = terminal, .events = POLLIN}, {.fd = told, .events = POLLIN}};
        if (poll(wait, 2, out ? 0 : -1) <= 0) return;
        if (wait[0].revents & POLLIN) {
            ssize_t got = read(terminal, bytes, sizeof bytes);
            if (got > 0) vterm_input_write(vterm, bytes, (size_t)got);
        } else if (wait[1].revents & POLLIN) {
            assert_int_equal(read(told, &byte, 1), 1);
            out = true;
        } else {
            fail_msg("the child ended");
        }
    }
}

static void watch(const char *type, sx_look look) {
    struct winsize size = {.ws_row = HEIGHT, .ws_col = WIDTH};
    int terminal, told[2], asked[2], status;
    assert_int_equal(pipe(told) | pipe(asked), 0);
    pid_t child = forkpty(&terminal, NULL, NULL, &size);
    assert_true(child >= 0);
    if (child == 0) show_pages(type, told[1], asked[0]);
    VTerm *vterm = vterm_new(HEIGHT, WIDTH);
    vterm_set_utf8(vterm, 1);
    VTermScreen *screen = vterm_obtain_screen(vterm);
    vterm_screen_enable_altscreen(screen, 1);
    vterm_screen_reset(screen, 1);
    bench *b = bench_new(SX_STATE_FINISHED);
    for (int i = 0; i < STEPS; i++) {
        sx_screen_key(b->screen, path[i]);
        draw(b, WIDTH, HEIGHT, look);
        feed(vterm, terminal, told[0]);
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++) compare_cell(&b->canvas, screen, x, y, path[i]);
        assert_int_equal(write(asked[1], "", 1), 1);
    }
    bench_free(b);
    vterm_free(vterm);
    close(terminal);
    assert_int_equal(waitpid(child, &status, 0), child);
}

static void the_terminal_shows_what_was_drawn(void **state) {
    (void)state;
    watch("xterm-256color", looks[0]);
    watch("tmux-256color", looks[0]);
}

static void eight_colours_are_shown_too(void **state) {
    (void)state;
    watch("xterm", looks[1]);
}

/* ---- bytes ------------------------------------------------------------------------------------
 */

/* A page with a heat map, or a picture that is a ramp of greys. */
static void show_once(bool picture, sx_look look) {
    static uint8_t pixels[HEIGHT * 2 * WIDTH];
    sx_terminal *terminal = sx_terminal_open(&(sx_terminal_options){0}, NULL);
    bench *b = terminal ? bench_new(SX_STATE_FINISHED) : NULL;
    if (!b) _exit(3);
    sx_screen_key(b->screen, "4");
    draw(b, WIDTH, HEIGHT, look);
    for (int i = 0; i < HEIGHT * 2 * WIDTH; i++)
        pixels[i] = (uint8_t)((i % WIDTH + 2 * (i / WIDTH)) * 255 / (WIDTH + 4 * HEIGHT));
    if (picture)
        sx_canvas_picture(&b->canvas, sx_canvas_box(&b->canvas), pixels, 2 * HEIGHT, WIDTH, 1);
    sx_terminal_flush(terminal, &b->canvas);
    _exit(0);
}

static size_t bytes_of(bool picture, sx_look look) {
    struct winsize size = {.ws_row = HEIGHT, .ws_col = WIDTH};
    char bytes[1 << 14];
    size_t count = 0;
    int terminal, status;
    setenv("TERM", "xterm-256color", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    pid_t child = forkpty(&terminal, NULL, NULL, &size);
    assert_true(child >= 0);
    if (child == 0) show_once(picture, look);
    for (ssize_t got; (got = read(terminal, bytes, sizeof bytes)) > 0;) count += (size_t)got;
    close(terminal);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return count;
}

/* A frame for a slow line has fewer steps of colour, and so fewer bytes. */
static void a_coarse_frame_has_fewer_bytes(void **state) {
    (void)state;
    sx_look coarse = {256, true, true};
    for (int picture = 0; picture < 2; picture++) {
        size_t fine = bytes_of(picture, looks[0]), few = bytes_of(picture, coarse);
        print_message("%s: %zu bytes, coarse %zu\n", picture ? "greys" : "heat map", fine, few);
        assert_true(few < fine);
        if (picture) assert_true(2 * few < fine);
    }
}

int main(void) {
    setlocale(LC_CTYPE, "C.UTF-8");
    setenv("XDG_DATA_HOME", "/nonexistent", 1); /* no runs: dates would differ */
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
    setenv("SEXTANT_ASSETS", SX_SOURCE "/assets", 1);
    unsetenv("NO_COLOR");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_terminal_shows_what_was_drawn),
        cmocka_unit_test(eight_colours_are_shown_too),
        cmocka_unit_test(a_coarse_frame_has_fewer_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
