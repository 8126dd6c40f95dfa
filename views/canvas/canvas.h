/* A grid of character cells in memory. Panes and plots draw here and nowhere else; the terminal,
 * golden tests and text reports read the cells. Everything is clipped: drawing outside a box does
 * nothing. One thread. */
#ifndef SX_CANVAS_CANVAS_H
#define SX_CANVAS_CANVAS_H

#include "core/base/base.h"

/* ---- colours: what a cell means, not what a terminal can do --------------------------------- */

typedef uint32_t sx_colour; /* kind << 24 | value; 0 is the terminal's own */

typedef enum {
    SX_ROLE_TEXT,
    SX_ROLE_DIM,   /* less important text, guides */
    SX_ROLE_TITLE, /* of a pane */
    SX_ROLE_FRAME,
    SX_ROLE_FOCUS, /* frame and title of the pane that has the keys */
    SX_ROLE_KEY,   /* a key that can be pressed */
    SX_ROLE_GOOD,
    SX_ROLE_BAD,
    SX_ROLE_WARNING,
    SX_ROLE_BAR,     /* top and bottom lines */
    SX_ROLE_SERIES1, /* six colours of curves that colour-blind readers can tell apart */
    SX_ROLE_SERIES2,
    SX_ROLE_SERIES3,
    SX_ROLE_SERIES4,
    SX_ROLE_SERIES5,
    SX_ROLE_SERIES6,
    SX_ROLES
} sx_role;

#define SX_RAMP_STEPS 9   /* heat maps; lightness rises with the step */
#define SX_COARSE_STEPS 7 /* of heat maps and of each colour of a picture, on a coarse canvas */
#define SX_COLOUR_DEFAULT ((sx_colour)0)
#define SX_COLOUR_ROLE(role) ((sx_colour)1 << 24 | (sx_colour)(role))
#define SX_COLOUR_RAMP(step) ((sx_colour)2 << 24 | (sx_colour)(step))
#define SX_COLOUR_SIGNED(step)                                                                     \
    ((sx_colour)4 << 24 | (sx_colour)(step)) /* the middle is neutral                              \
                                              */
#define SX_COLOUR_RGB(r, g, b)                                                                     \
    ((sx_colour)3 << 24 | (sx_colour)(r) << 16 | (sx_colour)(g) << 8 | (sx_colour)(b))

/* ---- themes ---------------------------------------------------------------------------------- */

/* Which entries of the palette roles and ramp take; -1: the terminal's own. */
typedef struct {
    int of_256[SX_ROLES], of_8[SX_ROLES];
    uint8_t ramp_256[SX_RAMP_STEPS], ramp_8[SX_RAMP_STEPS];
    uint8_t signed_256[SX_RAMP_STEPS], signed_8[SX_RAMP_STEPS];
    bool light; /* for a light background */
} sx_theme;
const sx_theme *sx_theme_default(void);
/* Colours are those of a copy of `theme` from now on; NULL: the default. Before anything is drawn.
 */
void sx_theme_use(const sx_theme *theme);
const sx_theme *sx_theme_now(void);
/* "text", "dim" ... */
const char *sx_role_name(sx_role role);

/* The palette index of a colour for a terminal with `colours` 8 or 256; -1 for the terminal's own
 * and where there are fewer colours. The ramps are those that were checked for three kinds of
 * colour blindness. */
int sx_colour_index(sx_colour colour, int colours);

/* "text", "bad", "series1", "ramp4", "signed4", "#a0b1c2", "-": for golden screens. Into out [16].
 */
char *sx_colour_name(sx_colour colour, char *out);

enum { SX_BOLD = 1, SX_REVERSE = 2, SX_UNDERLINE = 4 };

typedef struct {
    sx_colour foreground, background;
    uint8_t attributes;
} sx_style;

/* A style of one role on the terminal's own background. */
sx_style sx_style_of(sx_role role);

/* ---- the canvas ------------------------------------------------------------------------------ */

/* What the medium can show; drawing chooses its glyphs by it. */
typedef struct {
    int colours;  /* 0, 8 or 256 */
    bool unicode; /* else ASCII only */
    bool coarse;  /* fewer steps of colour: more neighbours are equal, and a slow line has less */
} sx_look;

typedef struct {
    uint32_t glyph; /* Unicode; ' ' when empty; 0 is the second half of a wide character */
    sx_style style;
} sx_cell;

typedef struct {
    int width, height;
    sx_look look;
    sx_cell *cells; /* [height, width] */
    size_t capacity;
    int cursor_x, cursor_y; /* where the hardware cursor rests (the focused item); -1: hidden */
} sx_canvas;

/* Sets size (1 .. 1000 each way) and look, and clears; reuses memory. Start with {0}. */
sx_status sx_canvas_resize(sx_canvas *canvas, int width, int height, sx_look look, sx_error *err);
void sx_canvas_done(sx_canvas *canvas);
void sx_canvas_clear(sx_canvas *canvas);

/* A part of the canvas. Coordinates of the drawing functions count from its corner. */
typedef struct {
    int x, y, width, height;
} sx_box;

sx_box sx_canvas_box(const sx_canvas *canvas);
/* The box without `left`, `top`, `right`, `bottom` cells; never negative. */
sx_box sx_box_inset(sx_box box, int left, int top, int right, int bottom);
/* Cuts `rows` from the top (or, negative, from the bottom) off `box` and returns them; the same
 * for columns. */
sx_box sx_box_take_rows(sx_box *box, int rows);
sx_box sx_box_take_columns(sx_box *box, int columns);

/* The cell for writing, NULL outside of the box or the canvas. */
sx_cell *sx_canvas_cell(sx_canvas *canvas, sx_box box, int x, int y);

/* Puts one glyph, as its ASCII stand-in where the look has no Unicode; returns its columns: 0 for
 * combining marks, which are dropped. A wide glyph that does not fit leaves a blank. */
int sx_canvas_put(sx_canvas *canvas, sx_box box, int x, int y, uint32_t glyph, sx_style style);

void sx_canvas_fill(sx_canvas *canvas, sx_box box, uint32_t glyph, sx_style style);

/* Writes one line of UTF-8 (control characters are shown as '?', as are characters the look cannot
 * show); returns the columns it takes. What does not fit is cut after a
 * word (or within one that is too long) and ends with an ellipsis. */
int sx_canvas_text(sx_canvas *canvas, sx_box box, int x, int y, sx_style style, const char *text);
int sx_canvas_print(sx_canvas *canvas, sx_box box, int x, int y, sx_style style, const char *format,
                    ...) __attribute__((format(printf, 6, 7)));
/* The same, ending at column x (exclusive). */
void sx_canvas_text_right(sx_canvas *canvas, sx_box box, int x, int y, sx_style style,
                          const char *text);
/* Words broken over lines from row y on; returns the row after the last, which may lie below the
 * box: then its last line ends in an ellipsis. */
int sx_canvas_paragraph(sx_canvas *canvas, sx_box box, int y, sx_style style, const char *text);

/* Columns that `text` takes. */
int sx_text_columns(const char *text);

/* A frame along the inner edge of the box with a title in its top line (cut at a word if it does
 * not fit into all but SX_FRAME_TITLE columns), in the role FOCUS if `focused`; returns the inside.
 * ASCII look: + - |. */
#define SX_FRAME_TITLE 4
sx_box sx_canvas_frame(sx_canvas *canvas, sx_box box, const char *title, bool focused);

/* A progress bar of one row with eighth blocks; fraction 0 .. 1. */
void sx_canvas_progress(sx_canvas *canvas, sx_box box, double fraction, sx_style style);

/* A picture of bytes [height, width, channels] (1 or 3), as large as fits with its proportions kept
 * and centred: half blocks with 256 colours; grey ramp with 8; ASCII ramp without colour or
 * Unicode. Shrunk by area average, enlarged by whole factors of nearest neighbours. */
void sx_canvas_picture(sx_canvas *canvas, sx_box box, const uint8_t *pixels, int height, int width,
                       int channels);

/* The columns and rows of the box that sx_canvas_picture fills for a picture of this size. */
sx_box sx_canvas_picture_box(sx_box box, int height, int width);

/* ---- out ------------------------------------------------------------------------------------- */

/* The glyphs as lines, blanks at line ends dropped. */
void sx_canvas_to_text(const sx_canvas *canvas, sx_text *out);
/* The style plane for golden screens: runs "x,y+n foreground/background/attributes", one a line,
 * without default cells. */
void sx_canvas_to_styles(const sx_canvas *canvas, sx_text *out);
/* With ANSI escape codes. */
void sx_canvas_to_ansi(const sx_canvas *canvas, sx_text *out);

#endif
