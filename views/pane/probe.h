/* The probe in parts: the pane with its questions and commands (probe.c), what the network says to
 * the scene (opinion.c), what it would say along the factor (course.c) and in one-pixel steps
 * around it (nearby.c); what happens inside is the views of inside.h. Private to the folder. */
#ifndef SX_PANE_PROBE_H
#define SX_PANE_PROBE_H

#include "views/pane/inside.h"

/* What is seen beside the scene. The first ones are courses: along the factor. */
typedef enum {
    SX_PROBE_CURVE,    /* probability of the true class */
    SX_PROBE_CLASSES,  /* of all classes, stacked */
    SX_PROBE_PICTURES, /* the picture itself */
    SX_PROBE_COURSES,
    SX_PROBE_NEARBY = SX_PROBE_COURSES, /* in one-pixel steps */
    SX_PROBE_INSIDE,                    /* a view of what happens inside */
    SX_PROBE_VIEWS
} sx_probe_view;

/* Plain fields, for undo. */
typedef struct {
    int view, course; /* course: the one that was seen last */
    bool accuracy;    /* of the maps in one-pixel steps */
} sx_probe_choice;

typedef struct {
    sx_desk *desk;
    sx_study_data *data; /* kept; NULL before it is loaded */
    int network;         /* that is asked */
    bool refused;        /* it cannot be: the live one is asked instead, but `v` goes on from it */
    uint64_t told;       /* the version of the answer that said so */
    sx_result *items;    /* what it said to validation images; NULL: the live one, or not known */
    bool seen;
    uint64_t version; /* of the answer that was taken last */
    sx_box picture;   /* where it was drawn, for the mouse */
    struct {
        bool on;
        unsigned since; /* desk->keys when it began: another key ends it */
        double moved;   /* when it moved last */
    } animation;
    struct {                 /* along the factor; NULL: not known yet */
        sx_result *curve;    /* probability of the true class */
        sx_result *classes;  /* ... of every class, a line each */
        sx_result *pictures; /* SX_PROBE_POINTS of them */
        sx_scene scene;      /* whose course it is; its value of the factor does not count */
        sx_along along;
        char network[SX_NETWORK_SIZE];
    } course;
    const sx_result *nearby[2]; /* probability, accuracy; kept; NULL: not known yet */
    sx_probe_choice choice;
    sx_inside in;
} sx_probe_pane;

/* The answer as far as it is for this scene's data; NULL if there is none yet. */
const sx_probe_answer *sx_probe_known(const sx_probe_pane *pane);
const char *sx_probe_class(const sx_probe_pane *pane, int class);
/* The network as it is asked for: "" is the one that trains. */
const char *sx_probe_network(const sx_probe_pane *pane);

/* Asks what the view needs, or nothing while the page is not seen. */
void sx_probe_ask(const sx_probe_pane *pane);

/* ---- beside.c: which view, its keys, its files ------------------------------------------------
 */

const char *sx_beside_course(void *pane, size_t row); /* choices of commands */
const char *sx_beside_look(void *pane, size_t row);
void sx_beside_run_course(void *pane, int value, const char *argument);
void sx_beside_run_nearby(void *pane, int value, const char *argument);
void sx_beside_run_look(void *pane, int value, const char *argument);
void sx_beside_run_deeper(void *pane, int value, const char *argument);
void sx_beside_run_label(void *pane, int value, const char *argument);
bool sx_beside_is_deep(void *pane); /* there are layers or blocks to choose from */
const char *sx_beside_title(const sx_probe_pane *pane);
const char *sx_beside_name(const sx_probe_pane *pane);
/* What the network says and, below it, the view. */
void sx_beside_draw(sx_probe_pane *pane, sx_canvas *canvas, sx_box box);
/* As sx_pane has them. */
bool sx_beside_figure(void *pane, int row, char *name, size_t size, sx_figure *out);
bool sx_beside_numbers(void *pane, int row, char *name, size_t size, sx_text *out);

/* ---- opinion.c --------------------------------------------------------------------------------
 */

/* The likeliest class, -1 while it is not known; and its probability. */
int sx_opinion_best(const sx_probe_answer *answer, double *probability);
/* Why there are no probabilities; NULL if there are. */
const char *sx_opinion_lack(const sx_probe_pane *pane);
/* The likeliest classes and, where `below` rows are left all the same, what follows from them, and
 * more of them; takes its rows and a blank one off the box. */
void sx_opinion_draw(const sx_probe_pane *pane, sx_canvas *canvas, sx_box *box, int below);
/* class, probability, whether it is the true one. */
void sx_opinion_csv(const sx_probe_pane *pane, sx_text *out);

/* ---- course.c ---------------------------------------------------------------------------------
 */

extern const char *const sx_course_names[SX_PROBE_COURSES];
void sx_course_take(sx_probe_pane *pane);
void sx_course_drop(sx_probe_pane *pane);
void sx_course_draw(const sx_probe_pane *pane, sx_canvas *canvas, sx_box box);
/* Rows 0 .. SX_PROBE_COURSES - 1 of the pane's export. */
void sx_course_figure(const sx_probe_pane *pane, int row, char *name, size_t size, sx_figure *out);
void sx_course_csv(const sx_probe_pane *pane, int row, char *name, size_t size, sx_text *out);

/* ---- nearby.c ---------------------------------------------------------------------------------
 */

void sx_nearby_take(sx_probe_pane *pane, const sx_answer *answer);
void sx_nearby_drop(sx_probe_pane *pane);
void sx_nearby_draw(const sx_probe_pane *pane, sx_canvas *canvas, sx_box box);
/* The mean over the places that are known; NaN if there are none, or no map. */
double sx_nearby_mean(const sx_result *map);
/* Rows 0 and 1. */
void sx_nearby_figure(const sx_probe_pane *pane, int row, char *name, size_t size, sx_figure *out);

#endif
