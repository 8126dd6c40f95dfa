/* Private to the folder: what ncurses reads, as named keys. */
#ifndef SX_TERMINAL_INPUT_H
#define SX_TERMINAL_INPUT_H

#include "views/terminal/line.h"
#include "views/terminal/terminal.h"

/* Sequences that terminals send although terminfo promises others. */
void sx_input_define_keys(void);

/* The next key or mouse event; NOTHING if none is waiting. What the terminal answers to questions
 * goes to the line. */
sx_terminal_event sx_input_next(sx_line *line);

#endif
