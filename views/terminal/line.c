/* How full the line is. A terminal that is asked for its status answers when it has read everything
 * before the question; so a question follows a frame, and while two are not answered the line is
 * full and frames are left out, but never for longer than a second. A process that is killed leaves
 * its open question to the shell, which takes the answer for typed keys; so a line that was fast is
 * asked only when much was sent since the last question, or once in a while. Inside tmux it is tmux
 * that answers, and skips frames by itself. Also synchronised output, where the terminal says it
 * knows it: a frame is then shown as a whole. */
#include "views/terminal/line.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE 1.0 /* seconds for an answer */
#define CREDIT 2     /* questions that may be open */
#define MUCH 1000    /* cells: some 6 kB, of the 22 kB that a pseudo-terminal takes at once */
#define A_WHILE 2.0  /* seconds between questions while little is sent */
#define FAST 0.15    /* seconds of an answer: every frame on a slower line has its question */

static void send(const char *text) {
    ssize_t written = write(STDOUT_FILENO, text, strlen(text));
    (void)written; /* a line that is gone is noticed where it is read */
}

void sx_line_open(sx_line *line) {
    static const char *const silent[] = {"linux", "dumb", "vt100"};
    const char *type = getenv("TERM");
    *line = (sx_line){.asks = true, .round_trip = NAN};
    for (size_t i = 0; type && i < sizeof silent / sizeof *silent; i++)
        if (strcmp(type, silent[i]) == 0) line->asks = false;
}

void sx_line_begin_frame(const sx_line *line) {
    if (line->synchronised) send("\033[?2026h");
}

/* An open question whose answer takes long makes a line slow, too. */
static bool is_fast(const sx_line *line, double now) {
    return line->round_trip < FAST && !(line->open > 0 && now > line->asked + FAST);
}

void sx_line_end_frame(sx_line *line, int cells) {
    double now = sx_seconds();
    if (line->synchronised) send("\033[?2026l");
    line->cells += cells;
    bool little = line->cells < MUCH && now < line->put + A_WHILE;
    if (!line->asks || (little && is_fast(line, now))) return;
    if (!line->asked_features) send("\033[?2026$p");
    line->asked_features = true;
    send("\033[5n");
    line->put = now;
    line->cells = 0;
    if (line->open++ == 0) line->asked = now;
}

void sx_line_keep_title(const sx_line *line, bool keep) {
    if (line->asks) send(keep ? "\033[22;2t" : "\033[23;2t");
}

void sx_line_title(const sx_line *line, const char *title) {
    char text[256], safe[200];
    if (!line->asks || !title || !title[0]) return;
    sx_text_printable(safe, sizeof safe, title);
    snprintf(text, sizeof text, "\033]2;%s\007", safe);
    send(text);
}

double sx_line_ready(const sx_line *line) {
    if (!line->asks || line->open < CREDIT) return 0;
    return line->asked + PATIENCE;
}

void sx_line_answered(sx_line *line) {
    double now = sx_seconds();
    if (line->open > 0) line->open--;
    line->round_trip = now - line->asked;
    line->asked = now;
    line->answers++;
}

/* A terminal that never answers is not asked any more. */
void sx_line_give_up(sx_line *line) {
    line->open = 0;
    if (!line->answers) line->asks = false;
}

void sx_line_report(sx_line *line, const char *sequence) {
    int mode = 0, state = 0;
    if (sscanf(sequence, "?%d;%d$y", &mode, &state) == 2 && mode == 2026)
        line->synchronised = state == 1 || state == 2;
}
