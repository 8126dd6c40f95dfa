/* What the two kinds of tables share. Private to views/plot. */
#ifndef SX_PLOT_COLUMNS_H
#define SX_PLOT_COLUMNS_H

#include "views/plot/plot.h"

/* Claims as a table with a last line that counts them; returns the rows drawn. */
int sx_plot_claims(sx_canvas *canvas, sx_box box, const sx_claims *claims, size_t first,
                   long selected);

/* Shows row y of the box as selected. */
void sx_row_select(sx_canvas *canvas, sx_box box, int y);

#endif
