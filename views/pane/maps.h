/* Maps of accuracy where several models were measured: the first's, the others', and what these
 * have more than the first. Private to the folder. */
#ifndef SX_PANE_MAPS_H
#define SX_PANE_MAPS_H

#include "views/pane/part.h"

typedef struct {
    char name[48]; /* of the result: "location-2", "location-difference" */
    int model;     /* from 0 */
    bool difference;
} sx_map_view;

/* Map number 0, 1 ..: whether it is there or not; the one of a screen, or the first where it is
 * not. */
sx_map_view sx_map_at(int number);
sx_map_view sx_map_of(const sx_desk *desk, int number);

/* The number of the row-th map that is there; -1: there are fewer. */
int sx_map_find(const sx_desk *desk, size_t row);
/* Its name, good until the next call, or NULL; and the row of a number, 0 where it is not there. */
const char *sx_map_name(const sx_desk *desk, size_t row);
int sx_map_row(const sx_desk *desk, int number);

#endif
