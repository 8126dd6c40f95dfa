/* Private to the folder: frames that the line can carry. */
#ifndef SX_TERMINAL_LINE_H
#define SX_TERMINAL_LINE_H

#include "core/base/base.h"

typedef struct {
    bool asks, asked_features, synchronised;
    int open;     /* questions without an answer */
    double asked; /* when the oldest of them was put, or the one before answered */
    double put;   /* when the last question was put */
    int cells;    /* sent since then */
    long answers;
    double round_trip; /* seconds; NaN: not known */
} sx_line;

void sx_line_open(sx_line *line);
void sx_line_begin_frame(const sx_line *line);
/* `cells`: how many the frame changed. */
void sx_line_end_frame(sx_line *line, int cells);

/* The window's title, which the terminal keeps and gets back: begun, set, ended. */
void sx_line_title(const sx_line *line, const char *title);
void sx_line_keep_title(const sx_line *line, bool keep);

/* The time of sx_seconds before which no frame should be sent; 0: now is fine. */
double sx_line_ready(const sx_line *line);

/* The terminal answered a question; it did not within the time that was ready. */
void sx_line_answered(sx_line *line);
void sx_line_give_up(sx_line *line);

/* A control sequence that came in, without ESC [: perhaps a report of a mode. */
void sx_line_report(sx_line *line, const char *sequence);

#endif
