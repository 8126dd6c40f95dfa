/* Themes: colours for the roles, from INI files. */
#ifndef SX_APP_THEME_H
#define SX_APP_THEME_H

#include "views/canvas/canvas.h"

/* Reads a theme by the name of an asset ("light") or by path; roles that it does not name keep the
 * default's colours. SX_BAD_INPUT with file and line for an unknown role (with the nearest), a
 * colour out of range or a ramp that is not SX_RAMP_STEPS of them; SX_USAGE, with the names there
 * are, if there is no such theme. */
sx_status sx_theme_read(const char *name, sx_theme *out, sx_error *err);

#endif
