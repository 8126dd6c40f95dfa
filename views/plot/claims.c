/* Claims: what a paper says, where it says so, what was measured, and how it ended.
 *
 * The claim's own words and the verdict are worth most, so a narrow box loses the origin first,
 * then the range over seeds and the bound; the words are cut before the measurement is. The last
 * line counts the verdicts; below it stands what is not among them. */
#include "views/plot/columns.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define INDENT 2
/* Columns of a claim's text for which the origin and, when it is very narrow, the bound go. */
#define GOOD_WORDS 48
#define LEAST_WORDS 28
#define VERDICT_COLUMNS 11
#define SEEDS "over seeds"

typedef struct {
    int words, origin, bound, measured, seeds; /* widths; 0: left out */
} widths;

static const struct {
    const char *mark;
    sx_role role;
} verdicts[] = {
    [SX_VERDICT_HOLDS] = {"✓", SX_ROLE_GOOD},
    [SX_VERDICT_FAILS] = {"✗", SX_ROLE_BAD},
    [SX_VERDICT_UNDECIDED] = {"?", SX_ROLE_WARNING},
};

static int decimals_of(const sx_claim *claim) {
    double most = fmax(fabs(claim->measured), fmax(fabs(claim->low), fabs(claim->high)));
    return most >= 100 ? 0 : most >= 10 ? 1 : 2;
}

/* "0.43 [0.40, 0.46]", the interval only if there is one. */
static char *measured_text(const sx_claim *claim, char *out, size_t size) {
    char value[32], low[32], high[32];
    int decimals = decimals_of(claim);
    sx_number_shown(value, claim->measured, decimals);
    if (isnan(claim->low) && isnan(claim->high))
        snprintf(out, size, "%s", value);
    else
        snprintf(out, size, "%s [%s, %s]", value, sx_number_shown(low, claim->low, decimals),
                 sx_number_shown(high, claim->high, decimals));
    return out;
}

/* "0.38 to 0.47"; nothing of one seed. */
static char *seeds_text(const sx_claim *claim, char *out, size_t size) {
    char low[32], high[32];
    int decimals = decimals_of(claim);
    out[0] = 0;
    if (!isnan(claim->seed_low) && !isnan(claim->seed_high))
        snprintf(out, size, "%s to %s", sx_number_shown(low, claim->seed_low, decimals),
                 sx_number_shown(high, claim->seed_high, decimals));
    return out;
}

static int wider(int most, const char *text, int limit) {
    int columns = text ? sx_text_columns(text) : 0;
    if (columns > limit) columns = limit;
    return columns > most ? columns : most;
}

/* By the columns beside the words, with the blanks between. */
static int taken(const widths *w) {
    const int columns[] = {w->origin, w->bound, w->measured, w->seeds};
    int sum = 0;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        sum += columns[i] ? columns[i] + 2 : 0;
    return sum;
}

static widths widths_of(const sx_claims *claims, int room) {
    widths w = {5, 6, 5, 8, 0}; /* of the header's words */
    char measured[112], seeds[80];
    for (int i = 0; i < claims->count; i++) {
        const sx_claim *claim = &claims->claims[i];
        w.words = wider(w.words, claim->text, 1000);
        w.origin = wider(w.origin, claim->origin, 16);
        w.bound = wider(w.bound, claim->bound, 20);
        w.measured = wider(w.measured, measured_text(claim, measured, sizeof measured), 24);
        w.seeds = wider(w.seeds, seeds_text(claim, seeds, sizeof seeds), 20);
    }
    if (w.seeds) w.seeds = wider(w.seeds, SEEDS, 20);
    int good = w.words < GOOD_WORDS ? w.words : GOOD_WORDS;
    int least = w.words < LEAST_WORDS ? w.words : LEAST_WORDS;
    int rest = room - INDENT - VERDICT_COLUMNS - 2;
    if (rest - taken(&w) < good) w.origin = 0;
    if (rest - taken(&w) < good) w.seeds = 0;
    if (rest - taken(&w) < least) w.bound = 0;
    if (rest - taken(&w) < 12) w.measured = 0;
    rest -= taken(&w);
    if (w.words > rest) w.words = rest > 0 ? rest : 0;
    return w;
}

/* Draws a text in a column of `width` and moves x past it. */
static void put_column(sx_canvas *canvas, sx_box box, int *x, int y, int width, sx_style style,
                       const char *text) {
    if (width == 0) return;
    sx_box cell = {box.x + *x, box.y + y, width, 1};
    if (cell.width > box.width - *x) cell.width = box.width - *x;
    sx_canvas_text(canvas, cell, 0, 0, style, text ? text : "");
    *x += width + 2;
}

static void draw_header(sx_canvas *canvas, sx_box box, const widths *w) {
    sx_style style = {.foreground = SX_COLOUR_ROLE(SX_ROLE_DIM), .attributes = SX_UNDERLINE};
    int x = INDENT;
    put_column(canvas, box, &x, 0, w->words, style, "claim");
    put_column(canvas, box, &x, 0, w->origin, style, "origin");
    put_column(canvas, box, &x, 0, w->bound, style, "bound");
    put_column(canvas, box, &x, 0, w->measured, style, "measured");
    put_column(canvas, box, &x, 0, w->seeds, style, SEEDS);
    put_column(canvas, box, &x, 0, VERDICT_COLUMNS, style, "verdict");
}

static void draw_claim(sx_canvas *canvas, sx_box box, const widths *w, int y,
                       const sx_claim *claim) {
    char measured[112], seeds[80], verdict[64];
    int x = INDENT;
    sx_style plain = {0}, dim = sx_style_of(SX_ROLE_DIM);
    put_column(canvas, box, &x, y, w->words, plain, claim->text);
    put_column(canvas, box, &x, y, w->origin, dim, claim->origin);
    put_column(canvas, box, &x, y, w->bound, plain, claim->bound);
    put_column(canvas, box, &x, y, w->measured, plain,
               measured_text(claim, measured, sizeof measured));
    put_column(canvas, box, &x, y, w->seeds, dim, seeds_text(claim, seeds, sizeof seeds));
    snprintf(verdict, sizeof verdict, "%s %s", verdicts[claim->verdict].mark,
             sx_verdict_name(claim->verdict));
    put_column(canvas, box, &x, y, VERDICT_COLUMNS, sx_style_of(verdicts[claim->verdict].role),
               verdict);
    bool has_reason = claim->reason && *claim->reason && box.width - x >= 12;
    if (has_reason) put_column(canvas, box, &x, y, box.width - x, dim, claim->reason);
}

static void draw_count(sx_canvas *canvas, sx_box box, int y, const sx_claims *claims) {
    int count[3] = {0};
    for (int i = 0; i < claims->count; i++) count[claims->claims[i].verdict]++;
    sx_canvas_print(canvas, box, 0, y, sx_style_of(SX_ROLE_TEXT),
                    "%d hold%s · %d fail%s · %d undecided", count[SX_VERDICT_HOLDS],
                    count[SX_VERDICT_HOLDS] == 1 ? "s" : "", count[SX_VERDICT_FAILS],
                    count[SX_VERDICT_FAILS] == 1 ? "s" : "", count[SX_VERDICT_UNDECIDED]);
}

int sx_plot_claims(sx_canvas *canvas, sx_box box, const sx_claims *claims, size_t first,
                   long selected) {
    widths w = widths_of(claims, box.width);
    bool counted = box.height >= 3;
    bool noted = claims->note[0] && box.height >= 4;
    int y = 1;
    draw_header(canvas, box, &w);
    for (size_t i = first; i < (size_t)claims->count && y < box.height - counted - noted;
         i++, y++) {
        draw_claim(canvas, box, &w, y, &claims->claims[i]);
        if (selected >= 0 && (size_t)selected == i) sx_row_select(canvas, box, y);
    }
    if (counted) draw_count(canvas, box, y++, claims);
    if (noted) sx_canvas_text(canvas, box, 0, y++, sx_style_of(SX_ROLE_DIM), claims->note);
    return y < box.height ? y : box.height;
}
