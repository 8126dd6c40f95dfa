/* What follows from the results of several runs: the difference of two maps, the mean of several
 * curves. Private to the folder. */
#ifndef SX_PANE_DIFFERENCE_H
#define SX_PANE_DIFFERENCE_H

#include "core/result/result.h"

/* The map `b` minus the map `a`, cell by cell, with the interval of the difference of independent
 * proportions (sx_difference) and the smaller count; two maps of the same places. Returns owned;
 * NULL if the places differ or memory is out. */
sx_result *sx_difference_map(const sx_result *a, const sx_result *b);

/* The same with those cells left out (NaN) whose interval reaches 0 or is unknown. */
sx_result *sx_difference_masked(const sx_result *difference);

/* The mean of the lines over all x of the first, with the least and the largest as its band; each
 * other line is read between its points, and beyond its ends it is unknown and leaves the mean
 * unknown. Returns owned; NULL if memory is out or there is no line. */
sx_result *sx_mean_of_lines(const sx_result *const *series, const int *lines, int count);

/* True if two series or two grids have the same bits in all x and all values. */
bool sx_same_bits(const sx_result *a, const sx_result *b);

/* The point of a series that is nearest to x; 0 if there are none. */
size_t sx_nearest_point(const sx_result *series, double x);

/* The value of a line at x, between its points; NaN beyond its ends. */
double sx_line_at(const sx_result *series, int line, double x);

#endif
