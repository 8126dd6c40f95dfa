/* The table of claims between cells (robustness-and-vit.md, E), and how a study file says which of
 * them are measured on which cells. How they are measured is in cell_measure.c. */
#include "core/study/cell_claims.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- what must be so --------------------------------------------------------------------------
 */

static const char *check_tiny(const sx_study_cell *cell, const sx_evidence *e) {
    (void)cell;
    return sx_size_is_tiny(0, e->image) ? NULL
                                        : "no size that was measured is below 4 pixels across";
}

/* At other areas the turned object is cut, and a curve mixes what is turned with what is cut. */
static const char *check_area(const sx_study_cell *cell, const sx_evidence *e) {
    (void)e;
    bool same = fabs(sx_config_number(cell->config, "robustness", "rotation_area") - 0.2) < 1e-9;
    return same ? NULL : "the claim is about robustness.rotation_area = 0.2, and another was run";
}

static const char *check_bent(const sx_study_cell *cell, const sx_evidence *e) {
    (void)cell;
    if (!e->whole) return "its run does not say how much of each object was inside";
    return e->bent_count ? NULL
                         : "at no point are some objects cut and 30 or more whole: nothing changes";
}

/* ---- the table --------------------------------------------------------------------------------
 */

#define LOCATION .subject = SX_SWEEP_LOCATION
#define ROTATION .subject = SX_SWEEP_ROTATION
#define SIZE .subject = SX_SWEEP_SIZE
#define TEST .subject = SX_OF_TEST, .statistic = sx_statistic_accuracy
#define AT_LEAST(value) .threshold = (value), .at_least = true
#define AT_MOST(value) .threshold = (value), .at_least = false

static const sx_cell_claim_row rows[] = {
    {{"size-rises", "small objects are harder than large ones, in order of their sizes", 1},
     "{A}: small objects are harder than large ones",
     "abstract",
     "rho >= 0.9",
     AT_LEAST(0.9),
     SIZE,
     .statistic = sx_statistic_size_correlation},
    {{"size-floor", "objects of less than 4 pixels across are hardly told above chance", 1},
     "{A}: below 4 pixels across, accuracy above chance",
     "own check",
     "<= 0.1",
     AT_MOST(0.1),
     SIZE,
     .statistic = sx_statistic_floor,
     .check = check_tiny},
    {{"drop", "accuracy is lower on the border of the image than in its central third", 1},
     "{A}: accuracy is lower at the border than in the centre",
     "abstract",
     "drop >= 0.15",
     AT_LEAST(0.15),
     LOCATION,
     .statistic = sx_statistic_drop},
    {{"drop-shrinks", "the drop to the border of B is smaller than that of A", 2},
     "{B}: share of {A}'s drop to the border that is gone",
     "own check",
     ">= 0.4",
     AT_LEAST(0.4),
     LOCATION,
     .combine = SX_COMBINE_SHARE,
     .statistic = sx_statistic_drop},
    {{"turn-peak", "the rotation curve has its maximum at upright", 1},
     "{A}: the rotation curve peaks at upright",
     "own check",
     "within 21 degrees",
     AT_MOST(21),
     ROTATION,
     .statistic = sx_statistic_peak_distance},
    {{"turn-tail", "turned by 101 to 261 degrees, clearly less is recognised than at best", 1},
     "{A}: turned by 101 to 261 degrees, against the best, {classes}",
     "own check",
     "<= 0.85",
     AT_MOST(0.85),
     ROTATION,
     .statistic = sx_statistic_tail,
     .check = check_area},
    {{"turn-flattens", "the rotation curve of B is flatter than that of A, lowest over highest", 2},
     "{B}: lowest over highest of the rotation curve, above {A}'s",
     "own check",
     ">= 0.15",
     AT_LEAST(0.15),
     ROTATION,
     .combine = SX_COMBINE_MORE,
     .statistic = sx_statistic_flatness},
    {{"threshold-bends", "leaving out cut objects changes accuracy at large sizes", 1},
     "{A}: leaving out cut objects changes accuracy at large sizes",
     "authors' note",
     "by >= 0.01",
     AT_LEAST(0.01),
     SIZE,
     .decide = SX_DECIDE_SIZE,
     .statistic = sx_statistic_bend,
     .check = check_bent},
    {{"threshold-bends-map", "leaving out cut objects changes accuracy near the border", 1},
     "{A}: leaving out cut objects changes accuracy near the border",
     "authors' note",
     "by >= 0.01",
     AT_LEAST(0.01),
     LOCATION,
     .decide = SX_DECIDE_SIZE,
     .statistic = sx_statistic_bend,
     .check = check_bent},
    {{"threshold-by-classes", "that change at large sizes follows from which classes are left", 1},
     "{A}: share of that change, by size, that its classes explain",
     "authors' note",
     ">= 0.5",
     AT_LEAST(0.5),
     SIZE,
     .statistic = sx_statistic_bend_by_classes,
     .check = check_bent},
    {{"threshold-by-classes-map", "that change near the border follows from which classes are left",
      1},
     "{A}: share of that change, by place, that its classes explain",
     "authors' note",
     ">= 0.5",
     AT_LEAST(0.5),
     LOCATION,
     .statistic = sx_statistic_bend_by_classes,
     .check = check_bent},
    {{"same-pairs-mend", "comparing sizes on the same pairs takes that change away", 1},
     "{A}: what is left of that change, by size, on the same pairs",
     "own check",
     "0 within 2 s.e.",
     AT_MOST(0),
     SIZE,
     .decide = SX_DECIDE_NONE,
     .statistic = sx_statistic_bend_same_pairs,
     .other = sx_statistic_bend,
     .check = check_bent},
    {{"same-pairs-mend-map", "comparing places on the same pairs takes that change away", 1},
     "{A}: what is left of that change, by place, on the same pairs",
     "own check",
     "0 within 2 s.e.",
     AT_MOST(0),
     LOCATION,
     .decide = SX_DECIDE_NONE,
     .statistic = sx_statistic_bend_same_pairs,
     .other = sx_statistic_bend,
     .check = check_bent},
    {{"small-better", "B recognises small objects, up to a tenth of the image, more often than A",
      2},
     "{B}: accuracy on small objects, above {A}'s",
     "authors' note",
     "> 0",
     AT_LEAST(0),
     SIZE,
     .combine = SX_COMBINE_MORE,
     .decide = SX_DECIDE_STRICT,
     .statistic = sx_statistic_small},
    {{"test-better", "test accuracy of B is at least 5 points above that of A", 2},
     "{B}: test accuracy, above {A}'s",
     "paper",
     ">= 0.05",
     AT_LEAST(0.05),
     TEST,
     .combine = SX_COMBINE_MORE},
    {{"test-ten-points-better", "test accuracy of B is at least 10 points above that of A", 2},
     "{B}: test accuracy, above {A}'s",
     "own check",
     ">= 0.1",
     AT_LEAST(0.1),
     TEST,
     .combine = SX_COMBINE_MORE},
    {{"test-at-least-one-point-better", "test accuracy of B is at least 1 point above that of A",
      2},
     "{B}: test accuracy, above {A}'s",
     "paper",
     ">= 0.01",
     AT_LEAST(0.01),
     TEST,
     .combine = SX_COMBINE_MORE},
    {{"test-not-worse", "test accuracy of B is not below that of A", 2},
     "{B}: test accuracy, above {A}'s",
     "own check",
     ">= 0",
     AT_LEAST(0),
     TEST,
     .combine = SX_COMBINE_MORE},
    {{"test-close", "test accuracies of A and B differ by at most 1.5 points", 2},
     "{A} and {B}: difference of test accuracy",
     "paper",
     "<= 0.015",
     AT_MOST(0.015),
     TEST,
     .combine = SX_COMBINE_MORE,
     .decide = SX_DECIDE_SIZE},
    {{"test-within-two-points", "test accuracies of A and B differ by at most 2 points", 2},
     "{A} and {B}: difference of test accuracy",
     "paper",
     "<= 0.02",
     AT_MOST(0.02),
     TEST,
     .combine = SX_COMBINE_MORE,
     .decide = SX_DECIDE_SIZE},
    {{"gap-narrows", "B's lead over A, on few images, is not below D's over C, on more", 4},
     "lead of {B} over {A}, above that of {D} over {C}",
     "paper",
     ">= 0 in 2 of 3",
     AT_LEAST(0),
     TEST,
     .combine = SX_COMBINE_GAP,
     .decide = SX_DECIDE_MOST},
};

static const struct {
    const sx_cell_claim_row *rows;
    int count;
} tables[] = {
    {rows, sizeof rows / sizeof rows[0]},
    {sx_token_claims, SX_TOKEN_CLAIMS},
    {sx_last_layer_claims, SX_LAST_LAYER_CLAIMS},
};
enum { TABLES = sizeof tables / sizeof tables[0], MOST_ROWS = 128 };

const sx_cell_claim_row *sx_cell_claim_row_at(int row) {
    for (int t = 0; row >= 0 && t < TABLES; row -= tables[t++].count)
        if (row < tables[t].count) return &tables[t].rows[row];
    return NULL;
}

const sx_cell_claim *sx_cell_claim_at(int row) {
    const sx_cell_claim_row *found = sx_cell_claim_row_at(row);
    return found ? &found->claim : NULL;
}

/* ---- a claim's text ----------------------------------------------------------------------------
 */

/* The next word of `text` up to one of `ends`, without blanks around it; NULL if it is empty or too
 * long, else where it ended. */
static const char *take_word(const char *text, const char *ends, char *out, size_t size) {
    while (isspace((unsigned char)*text)) text++;
    size_t length = strcspn(text, ends);
    const char *end = text + length;
    while (length > 0 && isspace((unsigned char)text[length - 1])) length--;
    if (length == 0 || length >= size) return NULL;
    memcpy(out, text, length);
    out[length] = 0;
    return end;
}

static sx_status find_row(const char *name, const sx_cell_claim_row **out, sx_error *err) {
    const char *names[MOST_ROWS];
    size_t count = 0;
    const sx_cell_claim_row *row;
    for (int i = 0; count < MOST_ROWS && (row = sx_cell_claim_row_at(i)); i++) {
        names[count++] = row->claim.name;
        if (strcmp(row->claim.name, name) != 0) continue;
        *out = row;
        return SX_OK;
    }
    return sx_fail(err, SX_BAD_INPUT, "unknown claim '%.60s'; did you mean '%s'?", name,
                   sx_nearest_name(name, names, count));
}

sx_status sx_cell_claim_parse(const char *text, sx_cell_claim_text *out, sx_error *err) {
    char name[SX_CELL_NAME];
    *out = (sx_cell_claim_text){0};
    const char *at = take_word(text, "(", name, sizeof name);
    bool ended = false;
    if (at && *at == '(') {
        sx_status status = find_row(name, &out->row, err);
        if (status) return status;
    }
    while (at && *at && !ended && out->count < SX_CLAIM_CELLS) {
        at = take_word(at + 1, ",()", out->cells[out->count], SX_CELL_NAME);
        out->count += at != NULL;
        ended = at && *at == ')';
    }
    if (ended) at++;
    while (ended && isspace((unsigned char)*at)) at++;
    if (!out->row || !ended || *at)
        return sx_fail(err, SX_BAD_INPUT,
                       "'%.100s' is no claim: it is written as drop-shrinks(cell, cell)", text);
    if (out->count == out->row->claim.cells) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "claim '%.100s': %s is about %d cell%s and not %d", text,
                   out->row->claim.name, out->row->claim.cells,
                   out->row->claim.cells == 1 ? "" : "s", out->count);
}

sx_status sx_cell_claim_check(const char *text, const char *const *names, size_t count,
                              sx_error *err) {
    sx_cell_claim_text claim;
    sx_status status = sx_cell_claim_parse(text, &claim, err);
    for (int i = 0; i < claim.count && !status; i++) {
        size_t k = 0;
        while (k < count && strcmp(names[k], claim.cells[i]) != 0) k++;
        if (k < count) continue;
        const char *nearest = sx_nearest_name(claim.cells[i], names, count);
        status = sx_fail(err, SX_BAD_INPUT, "claim '%.100s': there is no cell '%s'%s%s%s", text,
                         claim.cells[i], nearest ? "; did you mean '" : "", nearest ? nearest : "",
                         nearest ? "'?" : "");
    }
    return status;
}
