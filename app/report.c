/* A run's results as text: the same drawing as on the screen, without colours and escape codes. */
#include "app/commands.h"

#include "views/plot/plot.h"

#include <langinfo.h>
#include <string.h>

bool sx_app_unicode(void) {
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void sx_report(sx_result *const *results, size_t count, int columns, bool unicode, sx_text *out) {
    static const char *const order[] = {"training",
                                        "validation",
                                        "location",
                                        "location-2",
                                        "location-difference",
                                        "rotation",
                                        "rotation-normalised",
                                        "rotation-size",
                                        "size",
                                        "phase",
                                        "positions",
                                        "patch-components",
                                        "rollout",
                                        "attention-distance",
                                        "head-distance",
                                        "confusion",
                                        "likeness",
                                        "risk-coverage-methods",
                                        "risk-coverage",
                                        "reliability",
                                        "risk",
                                        "calibration",
                                        "methods",
                                        "scores",
                                        "out-of-distribution",
                                        "guarantee",
                                        "tokens",
                                        "model-cost",
                                        "summary",
                                        "same-pairs",
                                        "score",
                                        "broken",
                                        "cells",
                                        "claims"};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        for (size_t k = 0; k < count; k++)
            if (strcmp(results[k]->name, order[i]) == 0)
                sx_plot_text(results[k], columns, (sx_look){.unicode = unicode}, out);
}
