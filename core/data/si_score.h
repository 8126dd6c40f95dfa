/* Building sets after SI-Score: objects pasted on backgrounds at every value of a grid of factors,
 * by the recipe of the released ones (robustness-and-vit.md, A.2 to A.4; arXiv 2104.04191), so that
 * files, columns and numbers of pictures are those that others read. Part of data.h. */
#ifndef SX_DATA_SI_SCORE_H
#define SX_DATA_SI_SCORE_H

/* ---- the grid ----------------------------------------------------------------------------------
 */

#define SX_SI_VALUES 1001 /* most values of a factor */

/* Values of each factor, all of them crossed. */
typedef struct {
    int count;
    double values[SX_SI_VALUES];
} sx_si_axis;

typedef struct {
    char name[48]; /* "location", or the grid file's */
    sx_si_axis x, y, area, rotation;
    int resolution;   /* pixels a side */
    int backgrounds;  /* of each object, drawn without replacement */
    double threshold; /* least share of the object's box that is inside; less: no picture */
} sx_si_grid;

/* "size", "location", "rotation", or the path of an INI file: section [grid] with x, y, area,
 * rotation (numbers, or FROM:TO:STEP, as "0.1 0.2" or "0:1:0.05"), resolution, backgrounds,
 * threshold. What is not said: x 0.5, y 0.5, area 0.2, rotation 0, 512, 2, 0.95. */
sx_status sx_si_grid_read(const char *name, sx_si_grid *out, sx_error *err);

/* Places of the grid: x outermost, then y, area, rotation. */
size_t sx_si_grid_places(const sx_si_grid *grid);
/* The pose of a place, below sx_si_grid_places. */
sx_pose sx_si_grid_pose(const sx_si_grid *grid, size_t place);

/* The number of the picture of a place and a pair, of so many pairs; counted before any is left
 * out. */
uint64_t sx_si_image_id(size_t place, size_t pair, size_t pairs);

/* Where an object of width x height lands. */
typedef struct {
    int width, height;               /* after resizing; both at least 1 */
    int turned_width, turned_height; /* of the canvas after turning */
    int left, top;
    double inside; /* share of the canvas that is on the picture */
} sx_si_box;
sx_si_box sx_si_place(int width, int height, sx_pose pose, int resolution);

/* ---- building ----------------------------------------------------------------------------------
 */

typedef struct {
    const char *foregrounds; /* a folder of class folders of PNG with alpha; a package's name
                              * ("tuxpaint"); "fashion-mnist", another data set, or "shapes":
                              * objects cut from it */
    const char *backgrounds; /* a folder of photographs, or a package's name ("mate"); NULL or "":
                              * rendered */
    const sx_si_grid *grid;
    const char *out; /* the folder; made if it is not there */
    bool png;        /* else JPEG of quality 75 */
    uint32_t seed;   /* of the pairs, as NumPy's RandomState */
    int instances;   /* objects of each class, at most; 0: all of a folder, 10 of a data set */
    sx_pool *pool;
    const sx_loading *loading; /* told of pictures; false: stop, and go on another time */
} sx_si_options;

/* What came out. */
typedef struct {
    size_t classes, objects, pairs;
    size_t made, kept, dropped; /* pictures: written now, there already, outside too much */
    size_t refused;             /* files that could not be read and were left out */
    char first_refused[512];    /* which was the first, and why */
} sx_si_report;

/* Builds the set. Pictures go to OUT/CLASS/ID.jpg; OUT/metadata.csv, the class and background lists
 * and dropped.csv come last. An object that cannot be read is left out and counted, its numbers
 * stay free; a background is an error. What an interrupted building left is kept and gone on with;
 * OUT/recipe.ini says what is being built, and another recipe is refused. SX_CANCELLED where
 * `loading` asked to stop. */
sx_status sx_si_build(const sx_si_options *options, sx_si_report *out, sx_error *err);

/* The index in ImageNet-1k of a class of the released sets, -1 if it is none of them. */
int sx_si_imagenet_index(const char *class_name);

/* NumPy's RandomState(seed).choice(bound, count, replace=False), call after call. */
typedef struct {
    uint32_t state[624];
    int at;
} sx_si_random;
void sx_si_random_seed(sx_si_random *random, uint32_t seed);
/* `order` [bound] is scratch; its first `count` are the choice. */
void sx_si_random_choice(sx_si_random *random, uint32_t bound, uint32_t *order);

/* A double as Python prints it: the shortest that reads back, with ".0" for whole numbers; into out
 * [32]. */
void sx_si_python_number(double value, char out[32]);

#endif
