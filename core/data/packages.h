/* Pictures that ordinary packages of the system bring: objects with alpha, and photographs to put
 * them on. Known by name, looked for where packages put them. Part of data.h. */
#ifndef SX_DATA_PACKAGES_H
#define SX_DATA_PACKAGES_H

typedef enum { SX_PACKAGE_OBJECTS, SX_PACKAGE_PHOTOGRAPHS } sx_package_use;

/* A row of the table. Paths are below a root: $SEXTANT_PACKAGES, else /usr; those that begin with
 * node_modules/ also below the working directory, /usr/lib and /usr/local/lib. */
typedef struct {
    const char *name;    /* "tuxpaint": what options take */
    const char *install; /* "apt install tuxpaint-stamps-default" */
    const char *licence;
    sx_package_use use;
    const char *pattern; /* as a shell's, {a,b} too: a folder of objects, or photographs */
    int depth;           /* folders below it that name a class: a/b is a-b; 0: the index does */
    const char *index;   /* from the folder: which emoji is in which class */
} sx_package;

/* The row; NULL past the end. */
const sx_package *sx_package_at(int row);

/* The row of a name and a use; NULL if there is none. */
const sx_package *sx_package_find(const char *name, sx_package_use use);

/* Whether it is installed; its folder, or that of its first photograph, into out [SX_PATH_SIZE]. */
bool sx_package_is_here(const sx_package *package, char *out);

/* Pictures to build from, in order of class and name. */
typedef struct {
    const char *class_name; /* NULL: photographs */
    const char *name;       /* the path from the folder, or the root, on */
    const char *path;
} sx_package_file;
typedef struct {
    sx_package_file *files;
    size_t count, capacity;
    size_t opaque;   /* left out: without alpha, among objects */
    size_t refused;  /* left out: too many pixels, or broken from the start */
    char first[512]; /* of the refused: which and why */
    sx_arena arena;
} sx_package_files;

/* Lists an installed package's pictures, looking at the beginning of each; begins with {0}. One
 * that is not here is SX_BAD_INPUT with what brings it. End with sx_package_files_done, also after
 * a failure. */
sx_status sx_package_list(const sx_package *package, sx_package_files *out, sx_error *err);
/* The photographs of a folder, without a look at them, or of a package that is called so. A name
 * that is neither is SX_BAD_INPUT with the nearest. */
sx_status sx_photographs_list(const char *name, sx_package_files *out, sx_error *err);
void sx_package_files_done(sx_package_files *files);

/* A line for each row: where it is, or what brings it. */
void sx_package_list_all(sx_text *out);

#endif
