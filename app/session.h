/* The workbench at a terminal. Private to app. */
#ifndef SX_APP_SESSION_H
#define SX_APP_SESSION_H

#include "app/workbench.h"

/* Until the person leaves; an exit code. Without a terminal that could show it: the same job as
 * text. */
int sx_session_run(const sx_app_options *options);

#endif
