/* The pane Risk in parts: what is chosen and held (risk.c), operating points (risk_point.c), curves
 * (risk_curves.c), reliability diagrams (risk_diagrams.c), tables of figures (risk_table.c), scores
 * inside and outside of the distribution (risk_scores.c), and pictures (risk_pictures.c). A run has
 * one network, or several methods that answer for it: method k's results end in "-k" from the
 * second on. Private to the folder. */
#ifndef SX_PANE_RISK_H
#define SX_PANE_RISK_H

#include "views/pane/lens.h"
#include "views/pane/thumbnail.h"

#define SX_RISK_METHODS SX_PART_METHODS /* a result may have more, which are left out */
#define SX_RISK_SHOWN 6                 /* curves at a time: as many as have colours and patterns */

typedef enum {
    SX_RISK_CURVES,
    SX_RISK_DIAGRAMS,
    SX_RISK_FIGURES,
    SX_RISK_SCORES,
    SX_RISK_PICTURES,
    SX_RISK_VIEWS
} sx_risk_view;

/* The tables of figures. */
typedef enum {
    SX_RISK_OF_METHODS,
    SX_RISK_OF_SCORES,
    SX_RISK_OF_SETS,
    SX_RISK_GUARANTEES,
    SX_RISK_TABLES
} sx_risk_table;

enum {
    SX_RISK_PLOT_CURVES,
    SX_RISK_PLOT_DIAGRAM,
    SX_RISK_PLOT_HISTOGRAM,
    SX_RISK_PLOT_ROC,
    SX_RISK_PLOTS
};

/* Which pictures are seen. */
typedef enum {
    SX_RISK_REFUSED,
    SX_RISK_CONFIDENT, /* ... and wrong */
    SX_RISK_THROUGH,   /* out of distribution, and not refused */
    SX_RISK_GROUPS
} sx_risk_group;

/* Plain fields, for undo. */
typedef struct {
    int target; /* row of the target risks */
    int view, table, method, score, set, group;
    bool logarithmic;                 /* the axis of risk */
    bool intervals;                   /* are printed in tables */
    signed char shown[SX_RISK_SHOWN]; /* methods in places that fix their look; -1: free */
    struct {
        int column; /* -1: as published */
        bool worst; /* first */
    } sort[SX_RISK_TABLES];
    sx_ends x[SX_RISK_PLOTS], y[SX_RISK_PLOTS]; /* what is seen of the plots */
} sx_risk_choice;

/* Scores of the items, the surest first. */
typedef struct {
    double *keys;    /* larger is surer */
    uint32_t *wrong; /* how many of those up to here are wrong; NULL: unknown */
    size_t count, unknown, capacity, wrong_capacity;
} sx_risk_ranking;

/* A picture: a row of the table of items, or of the one of items outside of the distribution. */
typedef struct {
    double key;
    uint32_t row;
} sx_risk_picture;

typedef struct {
    sx_desk *desk;
    const sx_result *first;           /* items of the first method; kept, as are the next two */
    const sx_result *items, *outside; /* of the highlighted method */
    sx_risk_choice is;
    int bin;         /* cursor of the reliability diagram, -1: none */
    double coverage; /* cursor of the curves, NaN: none; and the confidence that it asks for */
    double threshold;
    sx_mouse mouse;
    sx_operating_point points[SX_CONFIDENCES];
    char label[96]; /* of the highlighted curve */
    int came_from;  /* the view from which Enter opened this one; -1: none did */

    sx_box diagrams[SX_RISK_METHODS]; /* where they were drawn last */
    int diagram_first;

    struct {
        const sx_result *held; /* kept */
        size_t rows;
        uint32_t *order; /* [rows], of the result's rows */
        uint8_t *marks;  /* [rows, columns] */
        size_t order_capacity, mark_capacity;
        int count; /* of columns that are seen as such */
        struct {
            int value, low, high; /* columns of the result; low, high -1: there are none */
            int decimals;
        } columns[32];
        int column; /* under the cursor; -1: not set yet */
        int left;   /* the first that is seen beside the names */
        sx_picker picker;
        sx_box box; /* of the rows */
    } table;

    struct {
        double gate; /* the least score that is kept, as it is shown; NaN: by the target risk */
        double by_target;
        sx_risk_ranking inside, outside;
        sx_result *histogram, *roc, *point; /* composed; NULL: there is nothing to compose them of
                                             */
    } scores;

    struct {
        sx_pictures *drawn;
        const sx_study_data *data; /* whose pictures those are; borrowed, to compare */
        sx_risk_picture *list;
        size_t count, capacity;
        sx_picker picker;
        sx_thumbnails grid;
    } pictures;
} sx_risk_pane;

/* ---- risk.c: methods --------------------------------------------------------------------------
 */

/* How many methods there are; 0: one network. */
int sx_risk_methods(const sx_risk_pane *pane);
const char *sx_risk_method_name(const sx_risk_pane *pane, int method);
/* "items-3" into out [48]; returns out. */
char *sx_risk_name(char *out, const char *stem, int method);
/* A result of the highlighted method; NULL if there is none. */
const sx_result *sx_risk_result(const sx_risk_pane *pane, const char *stem, sx_result_kind kind);
/* Highlights a method; what depends on it follows. */
void sx_risk_highlight(sx_risk_pane *pane, int method);
double sx_risk_target(const sx_risk_pane *pane);
/* Holds the newest result of the table that is chosen; true if it is another one than before. */
bool sx_risk_follow_table(sx_risk_pane *pane);
/* Everything that is made of what is held and chosen. */
void sx_risk_make_all(sx_risk_pane *pane);
sx_lens sx_risk_lens(sx_risk_pane *pane, int plot);
/* The plot that keys act on; -1: the view has none. */
int sx_risk_plot(const sx_risk_pane *pane);
sx_axes sx_risk_axes(const sx_risk_pane *pane, int plot);

/* ---- risk_commands.c --------------------------------------------------------------------------
 */

extern const sx_command sx_risk_commands[];
void sx_risk_open_view(sx_risk_pane *pane, int view);

/* ---- risk_point.c -----------------------------------------------------------------------------
 */

/* The coverage's threshold of the cursor; the operating points at the target, also for the probe.
 */
void sx_risk_find_threshold(sx_risk_pane *pane);
void sx_risk_find_points(sx_risk_pane *pane);
/* The operating point of the first measure as a sentence that fits, if it can, in `columns`. */
void sx_risk_tell_point(const sx_risk_pane *pane, char *out, size_t size, int columns);

/* ---- risk_curves.c ----------------------------------------------------------------------------
 */

/* The result that is drawn: of all methods, or of the one network. */
const sx_result *sx_risk_curves_result(const sx_risk_pane *pane);
bool sx_risk_has_all(const sx_risk_pane *pane);
int sx_risk_curves_of(const sx_risk_pane *pane, sx_curve curves[SX_FIGURE_CURVES]);
/* The place of a method among those that are shown; -1: it is not. */
int sx_risk_place(const sx_risk_pane *pane, int method);
void sx_risk_show(sx_risk_pane *pane, int method);
double sx_risk_guide(const sx_risk_pane *pane);
void sx_risk_put_coverage(sx_risk_pane *pane, double coverage);
void sx_risk_move_coverage(sx_risk_pane *pane, int by);
bool sx_risk_tell_coverage(const sx_risk_pane *pane, char *out, size_t size);
void sx_risk_draw_curves(sx_risk_pane *pane, sx_canvas *canvas, sx_box box);
/* A row of the most used figures; all measures in rows (SX_CONFIDENCES + 1). */
void sx_risk_draw_figures(const sx_risk_pane *pane, sx_canvas *canvas, sx_box row);
void sx_risk_draw_measures(const sx_risk_pane *pane, sx_canvas *canvas, sx_box box);

/* ---- risk_diagrams.c --------------------------------------------------------------------------
 */

const sx_result *sx_risk_diagram(const sx_risk_pane *pane);
double sx_risk_bin_confidence(const sx_risk_pane *pane);
int sx_risk_bin_at(const sx_risk_pane *pane, double confidence);
void sx_risk_move_bin(sx_risk_pane *pane, int by);
bool sx_risk_tell_bin(const sx_risk_pane *pane, char *out, size_t size);
/* The highlighted one alone; those of all methods, as many as fit. */
void sx_risk_draw_diagram(sx_risk_pane *pane, sx_canvas *canvas, sx_box box, bool focused);
void sx_risk_draw_diagrams(sx_risk_pane *pane, sx_canvas *canvas, sx_box box, bool focused);

/* ---- risk_table.c -----------------------------------------------------------------------------
 */

const sx_result *sx_risk_table_result(const sx_risk_pane *pane, int table);
const char *sx_risk_table_name(int table);
/* After a change of the table, its result, the target or the order. */
void sx_risk_table_update(sx_risk_pane *pane);
void sx_risk_table_done(sx_risk_pane *pane);
/* LEFT .. LAST. */
void sx_risk_table_move(sx_risk_pane *pane, int value);
const char *sx_risk_column_choice(void *pane, size_t row);
void sx_risk_sort(sx_risk_pane *pane, const char *argument);
void sx_risk_table_click(sx_risk_pane *pane, int x, int y);
bool sx_risk_tell_cell(const sx_risk_pane *pane, char *out, size_t size);
void sx_risk_draw_table(sx_risk_pane *pane, sx_canvas *canvas, sx_box box, bool focused);

/* ---- risk_scores.c ----------------------------------------------------------------------------
 */

const char *sx_risk_score_choice(void *pane, size_t row); /* every score */
const char *sx_risk_set_choice(void *pane, size_t row);   /* "all", then the sets */
/* Whether both tables know the score; a score of a table's row, larger is surer. */
bool sx_risk_has_score(const sx_risk_pane *pane, int score);
double sx_risk_key(const sx_risk_pane *pane, const sx_result *table, size_t row);
/* After a change of tables, score, set or target. */
void sx_risk_scores_update(sx_risk_pane *pane);
void sx_risk_scores_done(sx_risk_pane *pane);
/* The threshold as it is shown, and as keys are compared with; NaN: there is none. */
double sx_risk_gate(const sx_risk_pane *pane);
double sx_risk_gate_key(const sx_risk_pane *pane);
void sx_risk_put_gate(sx_risk_pane *pane, double score);
void sx_risk_move_gate(sx_risk_pane *pane, int by);
int sx_risk_scores_curves(const sx_risk_pane *pane, int plot, sx_curve curves[SX_FIGURE_CURVES]);
void sx_risk_tell_gate(const sx_risk_pane *pane, char *out, size_t size, int columns);
void sx_risk_draw_scores(sx_risk_pane *pane, sx_canvas *canvas, sx_box box);

/* ---- risk_pictures.c --------------------------------------------------------------------------
 */

extern const char *const sx_risk_group_names[SX_RISK_GROUPS];
const char *sx_risk_group_choice(void *pane, size_t row);
/* After a change of anything that they are chosen by. */
void sx_risk_pictures_update(sx_risk_pane *pane);
void sx_risk_pictures_done(sx_risk_pane *pane);
void sx_risk_pictures_move(sx_risk_pane *pane, int value);
void sx_risk_pictures_click(sx_risk_pane *pane, int x, int y);
/* The selected picture for the probe; false: there is none, or its data set is not open. */
bool sx_risk_pictures_offer(sx_risk_pane *pane);
void sx_risk_tell_picture(const sx_risk_pane *pane, char *out, size_t size);
void sx_risk_draw_pictures(sx_risk_pane *pane, sx_canvas *canvas, sx_box box, bool focused);

#endif
