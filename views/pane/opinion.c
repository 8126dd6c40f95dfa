/* What the network says to the scene: the likeliest classes, how sure it is, and whether it would
 * rather not answer at the chosen risk. */
#include "views/pane/probe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    int class;
    double probability;
} guess;

/* The likeliest `count` classes, the first of equals first; returns how many there are. */
static int best_guesses(const sx_probe_answer *answer, guess *out, int count) {
    int found = 0;
    for (int c = 0; c < answer->classes; c++) {
        double p = (double)answer->probabilities[c];
        int at = found < count ? found++ : count;
        while (at > 0 && out[at - 1].probability < p) {
            if (at < count) out[at] = out[at - 1];
            at--;
        }
        if (at < count) out[at] = (guess){c, p};
    }
    return found;
}

static void draw_guess(const sx_probe_pane *pane, sx_canvas *canvas, sx_box row, const guess *g) {
    enum { NAME = 12, VALUE = 6 };
    bool is_true = g->class == sx_probe_known(pane)->label;
    sx_style style = sx_style_of(is_true ? SX_ROLE_GOOD : SX_ROLE_TEXT);
    if (is_true) sx_canvas_put(canvas, row, 0, 0, canvas->look.unicode ? 0x2713 : '*', style);
    sx_box name = {row.x + 2, row.y, NAME, 1};
    sx_canvas_text(canvas, name, 0, 0, style, sx_probe_class(pane, g->class));
    sx_box bar = sx_box_inset(row, NAME + 3, 0, VALUE, 0);
    sx_canvas_progress(canvas, bar, g->probability, style);
    char shown[32]; /* always two decimals, so that the column is even */
    snprintf(shown, sizeof shown, "%.2f", g->probability);
    sx_canvas_text_right(canvas, row, row.width, 0, style, shown);
}

/* The coverage and threshold that hold for the network that is seen. */
static sx_operating_point point_of(const sx_probe_pane *pane) {
    const sx_desk *desk = pane->desk;
    const char *network = desk->answer->network;
    if (!network[0] || strcmp(network, desk->now->path) == 0)
        return (sx_operating_point){desk->coverage, desk->threshold};
    bool is_asked = strcmp(network, sx_probe_network(pane)) == 0;
    return sx_part_point(is_asked ? pane->items : NULL, SX_CONFIDENCE_MAX_PROBABILITY,
                         desk->target);
}

/* "entropy 0.77   margin 0.49", and whether it would answer. */
static void draw_verdict(const sx_probe_pane *pane, sx_canvas *canvas, sx_box box,
                         const guess *best, int count) {
    const sx_probe_answer *answer = sx_probe_known(pane);
    const sx_desk *desk = pane->desk;
    double entropy = 0;
    for (int c = 0; c < answer->classes; c++) {
        double p = (double)answer->probabilities[c];
        if (p > 0) entropy -= p * log(p);
    }
    char shown[32], other[32];
    double margin = count > 1 ? best[0].probability - best[1].probability : 1;
    sx_canvas_print(canvas, box, 0, 0, sx_style_of(SX_ROLE_TEXT), "entropy %s   margin %s",
                    sx_number_shown(shown, entropy, 2), sx_number_shown(other, margin, 2));
    sx_operating_point point = point_of(pane);
    if (!(point.coverage > 0)) return;
    bool abstains = best[0].probability < point.threshold;
    sx_canvas_print(canvas, box, 0, 1, sx_style_of(abstains ? SX_ROLE_WARNING : SX_ROLE_TEXT),
                    "would %s at %.0f %% risk (%s %s)", abstains ? "abstain" : "answer",
                    desk->target * 100, abstains ? "below" : "above",
                    sx_number_shown(shown, point.threshold, 2));
}

const char *sx_opinion_lack(const sx_probe_pane *pane) {
    const sx_probe_answer *answer = sx_probe_known(pane);
    if (!answer || pane->desk->answer->unreadable) return "";
    if (!isnan(answer->probabilities[0])) return NULL;
    if (answer->step >= 0) return "The network is thinking";
    const char *without = sx_part_without_network(pane->desk);
    if (without) return without;
    return pane->desk->now->state == SX_STATE_IDLE ? "There is no network here, only a data set"
                                                   : "There is no network to ask yet";
}

int sx_opinion_best(const sx_probe_answer *answer, double *probability) {
    guess best = {-1, NAN};
    if (answer && !isnan(answer->probabilities[0])) best_guesses(answer, &best, 1);
    *probability = best.probability;
    return best.class;
}

void sx_opinion_draw(const sx_probe_pane *pane, sx_canvas *canvas, sx_box *box, int below) {
    enum { GUESSES = 5, FEW = 3, VERDICT = 2, BLANK = 1 };
    guess best[GUESSES] = {{0}};
    int spare = box->height - below - FEW - BLANK;
    int wanted = spare >= VERDICT + GUESSES + BLANK ? GUESSES : FEW;
    const sx_probe_answer *answer = sx_probe_known(pane);
    int count = best_guesses(answer, best, wanted), label = answer->label;
    bool listed = false;
    for (int i = 0; i < count; i++) listed |= best[i].class == label;
    if (!listed) best[count - 1] = (guess){label, (double)answer->probabilities[label]};
    for (int i = 0; i < count; i++) draw_guess(pane, canvas, sx_box_take_rows(box, 1), &best[i]);
    if (spare >= VERDICT) draw_verdict(pane, canvas, sx_box_take_rows(box, VERDICT), best, count);
    sx_box_take_rows(box, BLANK);
}

void sx_opinion_csv(const sx_probe_pane *pane, sx_text *out) {
    const sx_probe_answer *answer = sx_probe_known(pane);
    if (!answer || isnan(answer->probabilities[0])) return;
    sx_text_add(out, "class,probability,true\n");
    for (int c = 0; c < answer->classes; c++)
        sx_text_add(out, "%s,%.9g,%d\n", sx_probe_class(pane, c), (double)answer->probabilities[c],
                    c == answer->label);
}
