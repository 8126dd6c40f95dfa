/* Claims: what the study set out to check and how it ended; the page appears with the result. */
#include "views/pane/part.h"

#include <math.h>
#include <stdio.h>

typedef struct {
    sx_desk *desk;
    sx_picker picker;
} claims_pane;

static const sx_result *claims_of(const claims_pane *pane) {
    return sx_part_result(pane->desk, "claims", SX_RESULT_CLAIMS);
}

static void run_move(void *state, int value, const char *argument) {
    static const int64_t by[] = {[UP] = -1, [DOWN] = 1, [FIRST] = -INT32_MAX, [LAST] = INT32_MAX};
    (void)argument;
    sx_picker_move(&((claims_pane *)state)->picker, by[value]);
}

static const sx_command commands[] = {
    {"up", "Up k", "", NULL, "the claim above", run_move, UP, NULL, NULL},
    {"down", "Down j", "", NULL, "the claim below", run_move, DOWN, NULL, NULL},
    {"first", "g Home", "", NULL, "the first claim", run_move, FIRST, NULL, NULL},
    {"last", "G End", "", NULL, "the last claim", run_move, LAST, NULL, NULL},
    {0}};

static void update(void *state) {
    claims_pane *pane = state;
    const sx_result *claims = claims_of(pane);
    sx_picker_lay(&pane->picker, claims ? (size_t)claims->claims.count : 0, 1, pane->picker.rows);
}

static void heading(const void *state, sx_heading *out) {
    const claims_pane *pane = state;
    sx_heading_add(out, 0, "", "Claims");
    if (pane->desk->claims[0]) sx_heading_add(out, 1, "", " · %s", pane->desk->claims);
}

/* The selected claim in full: a narrow table drops columns. */
static void draw_claim(const sx_claim *claim, sx_canvas *canvas, sx_box box) {
    static const sx_role roles[] = {[SX_VERDICT_HOLDS] = SX_ROLE_GOOD,
                                    [SX_VERDICT_FAILS] = SX_ROLE_BAD,
                                    [SX_VERDICT_UNDECIDED] = SX_ROLE_WARNING};
    char estimate[128], low[32], high[32];
    sx_part_estimate(estimate, sizeof estimate, claim->measured, claim->low, claim->high, NAN);
    int y = sx_canvas_paragraph(canvas, box, 0, sx_style_of(SX_ROLE_TEXT), claim->text);
    bool seeds = !isnan(claim->seed_low) && !isnan(claim->seed_high);
    sx_segment parts[] = {
        sx_part_segment(roles[claim->verdict], "%s", sx_verdict_name(claim->verdict)),
        sx_part_segment(SX_ROLE_TEXT, "%s", estimate),
        sx_part_segment(SX_ROLE_TEXT, "bound %s", claim->bound),
        sx_part_segment(SX_ROLE_DIM, "%s", claim->origin),
        sx_part_segment(SX_ROLE_TEXT, "seeds from %s to %s",
                        sx_number_shown(low, claim->seed_low, 2),
                        sx_number_shown(high, claim->seed_high, 2)),
    };
    sx_segments_draw(canvas, box, y, parts, seeds ? 5 : 4, 3);
    if (claim->reason[0])
        sx_canvas_paragraph(canvas, box, y + 1, sx_style_of(SX_ROLE_DIM), claim->reason);
}

static void draw(void *state, sx_canvas *canvas, sx_box box, sx_pane_drawing how) {
    claims_pane *pane = state;
    const sx_result *result = claims_of(pane);
    (void)how;
    box = sx_box_inset(box, 1, 0, 1, 0);
    if (!result || result->claims.count == 0) {
        sx_part_waiting(pane->desk, canvas, box, "The study's verdicts", "come at the end");
        return;
    }
    sx_box below = sx_box_take_rows(&box, box.height > 9 ? -4 : 0);
    int rows = box.height - (result->claims.note[0] ? 3 : 2);
    sx_picker_lay(&pane->picker, (size_t)result->claims.count, 1, rows > 0 ? rows : 1);
    sx_plot_table(canvas, box, result, pane->picker.first, (long)pane->picker.selected);
    if (below.height > 0)
        draw_claim(&result->claims.claims[pane->picker.selected], canvas,
                   sx_box_inset(below, 0, 1, 0, 0));
}

static void *open_pane(sx_desk *desk) {
    claims_pane *pane = sx_alloc(1, sizeof *pane);
    if (pane) *pane = (claims_pane){.desk = desk, .picker = {.columns = 1, .rows = 1}};
    return pane;
}

static void close_pane(void *state) {
    sx_free(state);
}

static json_t *state_of(const void *state) {
    const claims_pane *pane = state;
    return json_pack("{s:I, s:I}", "count", (json_int_t)pane->picker.count, "selected",
                     (json_int_t)pane->picker.selected);
}

static const char *const results[] = {"claims", "summary", NULL};

const sx_pane sx_pane_claims = {
    .name = "claims",
    .title = "Claims",
    .tab = "Claim",
    .help = "what the study checked, and how it ended",
    .explains = "Each line is something that a paper found, as a bound on a figure that"
                " this run measured. It holds if the whole 95 % interval keeps the "
                "bound, fails if the whole interval breaks it, and is undecided "
                "between. Nothing here was tuned until a claim fits: failures are "
                "results.",
    .tries = "Try: run the study with another seed, or with train.shift=4 (objects "
             "away from the centre), and see which verdicts change.",
    .commands = commands,
    .results = results,
    .open = open_pane,
    .close = close_pane,
    .update = update,
    .heading = heading,
    .draw = draw,
    .state = state_of};
