/* Private to the folder: what ncurses reads, as named keys. */
#ifndef SX_TERMINAL_INPUT_H
#define SX_TERMINAL_INPUT_H

#include "views/terminal/terminal.h"

/* Sequences that terminals send although terminfo promises others. */
void sx_input_define_keys(void);

/* The next key or mouse event; NOTHING if none is waiting. */
sx_terminal_event sx_input_next(void);

#endif
