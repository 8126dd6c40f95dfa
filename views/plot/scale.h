/* Ranges, ticks and their labels: the arithmetic of axes. Private to views/plot. */
#ifndef SX_PLOT_SCALE_H
#define SX_PLOT_SCALE_H

#include <stdbool.h>

#define SX_MOST_TICKS 24

/* Ticks at first, first + step ... Labels are values divided by 10^exponent, all with the same
 * decimals; the exponent is to be printed once (sx_exponent_text). On a logarithmic axis ticks are
 * at `values`, each with a label of its own. */
typedef struct {
    int count, decimals, exponent;
    double first, step;
    bool logarithmic;
    double values[SX_MOST_TICKS];
} sx_ticks;

/* Makes a range for drawing out of what the data span: never empty, never infinite, with ends on
 * multiples of a round step, at most `parts` (2 where 0 lies between) of which make it up.
 * `low` > `high` stands for no data: 0 .. 1. */
void sx_range_nice(double *low, double *high, int parts, bool degrees);

/* The ticks within low .. high, at least `least` apart; steps are 1, 2, 2.5, 5 x 10^n, or parts of
 * a circle. */
sx_ticks sx_ticks_of(double low, double high, double least, bool degrees);
/* The same for a logarithmic axis, 0 < low <= high: ends at 1, 2 or 5 x 10^n. */
void sx_range_logarithmic(double *low, double *high);

/* Ticks at 1, 2, 5 x 10^n, at powers of ten or at some of them, so that neighbours are at least
 * `least` decades apart; if there are none, the two ends. */
sx_ticks sx_ticks_logarithmic(double low, double high, double least);

double sx_tick_value(const sx_ticks *ticks, int i);
/* Into out [32]; returns out. */
char *sx_tick_label(const sx_ticks *ticks, int i, char *out);
/* "×10⁻³", "" for none. Into out [32]; returns out. */
char *sx_exponent_text(int exponent, char *out);

#endif
