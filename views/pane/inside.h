/* Looking inside a network, in parts: what the engine has answered (held.c), the views of it
 * (sights.c), and the tree of layers (tree.c) of the pane that shows it all. Private to the folder.
 */
#ifndef SX_PANE_INSIDE_H
#define SX_PANE_INSIDE_H

#include "views/pane/part.h"

/* A row of the tree: a layer, or (layer -1) the name that several have in common, with their sums.
 */
typedef struct {
    int layer, first, last;
    char name[64];
} sx_tree_row;

/* Start with {0}. */
typedef struct {
    sx_tree_row *rows;
    size_t count, capacity;
    sx_picker picker; /* over rows */
    sx_box box;       /* of the rows when they were drawn last */
} sx_tree;

/* Makes the rows of a table of layers. */
void sx_tree_make(sx_tree *tree, const sx_result *layers);
void sx_tree_done(sx_tree *tree);
/* Moves by layers: LEFT .. LAST as commands have them; returns the layer that is selected then. */
int sx_tree_move(const sx_tree *tree, int layer, int value);
/* The layer of a line of the canvas, -1: none. */
int sx_tree_at(const sx_tree *tree, int y);
void sx_tree_draw(sx_tree *tree, sx_canvas *canvas, sx_box box, const sx_result *layers, int layer);

/* ---- views ------------------------------------------------------------------------------------
 */

typedef enum {
    SX_SEES_OCCLUSION,
    SX_SEES_GRADIENT,
    SX_SEES_FEATURES,
    SX_SEES_FILTERS,
    SX_SEES_COMPONENTS,
    SX_SEES_WEIGHTS,
    SX_SEES_ATTENTION,
    SX_SEES_ROLLOUT,
    SX_SEES_HEADS,
    SX_SEES_DISTANCE,
    SX_SEES_POSITIONS,
    SX_SIGHTS
} sx_sight;

/* What a person has chosen; plain fields, for undo. */
typedef struct {
    int sight, layer;       /* -1: the first convolution, once it is known */
    int query, block, head; /* 0: the class token; the last block; the mean of heads */
    int tile;               /* the first that is seen of many pictures */
    bool scene;             /* the probe's scene, not the item as the network learns it */
    bool label;             /* the true class is explained */
    bool patches;           /* arrows move the query patch */
} sx_inside_choice;

/* What is chosen, and what is known of it. Start with {.step = -1, .is.layer = -1}. */
typedef struct {
    sx_inside_choice is;
    const sx_result *held[SX_INSIDE_RESULTS]; /* the newest of each name; kept */
    size_t count;
    bool whole;          /* nothing more comes for this question */
    char problem[256];   /* why there is nothing; "" */
    int64_t step;        /* of the network; -1: there is none */
    sx_result *composed; /* the map over the picture, or a part of a map; NULL */
    int page;            /* pictures that were seen at once */
    bool turns;          /* [ and ] turn the page */
    sx_box map;          /* where the map's picture was drawn, for the mouse; width 0: nowhere */
} sx_inside;

typedef struct {
    sx_desk *desk;
    sx_study_data *data; /* kept; NULL before it is loaded */
    bool seen;
    uint64_t version; /* of the answer that was taken last */
    uint64_t job;     /* whose results are held */
    sx_inside in;
    sx_tree tree;
} sx_inspect_pane;

/* A row of the table of views. */
typedef struct {
    const char *name, *title, *result;
    unsigned parts;
    bool transformer; /* a vision transformer's only */
    const char *lack; /* what a network without it is told */
} sx_sight_row;
extern const sx_sight_row sx_sights[SX_SIGHTS];

/* The parts of a question that this view needs. */
unsigned sx_inside_parts(const sx_inside *in);
/* The question itself, with these parts. */
sx_inside_question sx_inside_asks(const sx_inside *in);

/* Holds what an answer brings: what was known before stays until the answer is whole. */
void sx_inside_take(sx_inside *in, const sx_answer *answer);
/* Forgets everything that is known, and nothing that is chosen. */
void sx_inside_drop(sx_inside *in);
/* The layer that is selected at first, the first whose values are pictures; true if it was chosen
 * just now, and is to be asked for. */
bool sx_inside_choose_layer(sx_inside *in);

/* The newest result of a name, NULL if there is none. */
const sx_result *sx_inside_result(const sx_inside *in, const char *name);
/* Sizes as the results have them; 0: not a vision transformer. */
int sx_inside_grid(const sx_inside *in);
int sx_inside_blocks(const sx_inside *in);
int sx_inside_heads(const sx_inside *in);
bool sx_inside_is_transformer(const sx_inside *in);
/* The name of the selected layer, "" while there is none. */
const char *sx_inside_layer_name(const sx_inside *in);
/* The result that the view shows; NULL if it is not there (yet). Into `composed` what has to be
 * made for it. */
const sx_result *sx_inside_shown(const sx_inside *in);
void sx_inside_compose(sx_inside *in);

void sx_inside_draw(sx_inside *in, sx_canvas *canvas, sx_box box);

/* Plot `row` of what is held, and then of what was composed, as a figure; its numbers. As panes
 * have it, file names begin with `prefix`. */
bool sx_inside_figure(const sx_inside *in, const char *prefix, int row, char *name, size_t size,
                      sx_figure *out);
bool sx_inside_numbers(const sx_inside *in, const char *prefix, int row, char *name, size_t size,
                       sx_text *out);

#endif
