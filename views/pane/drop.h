/* How much accuracy falls from the centre of a map of locations to its border. Private to the
 * folder. */
#ifndef SX_PANE_DROP_H
#define SX_PANE_DROP_H

#include "views/pane/part.h"

/* "centre 0.84   ring 0.41   drop 0.43 [0.40, 0.46]" in one row. */
void sx_drop_draw(const sx_desk *desk, const sx_result *map, sx_canvas *canvas, sx_box row);

#endif
