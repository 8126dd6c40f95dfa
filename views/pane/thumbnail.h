/* Pages of thumbnails with two lines of caption: the class, and what the network says. Shared by
 * the panes that show many pictures; private to the folder. */
#ifndef SX_PANE_THUMBNAIL_H
#define SX_PANE_THUMBNAIL_H

#include "views/pane/part.h"

/* Where thumbnails are: `across` x `down` of them in a box. */
typedef struct {
    sx_box box;
    int width, height; /* of a picture in cells; the caption is two rows more */
    int across, down, step;
} sx_thumbnails;

/* Square pictures, wide enough for most of the class names, in several rows if each gets enough
 * height. Lays the picker of `count` pictures out accordingly. */
sx_thumbnails sx_thumbnails_lay(sx_box box, const sx_source_facts *facts, sx_picker *picker,
                                size_t count);

/* The place of the thumbnail that is number `i` in sight, and in it that of its picture. */
sx_box sx_thumbnails_place(const sx_thumbnails *t, int i);
sx_box sx_thumbnail_picture(sx_box place);

/* Both lines of the caption; the selected one's first is marked and gets the cursor. */
typedef struct {
    const char *name, *verdict; /* verdict may be "" */
    sx_role role;               /* of the verdict */
    bool selected;
} sx_thumbnail_caption;
void sx_thumbnail_caption_draw(sx_canvas *canvas, sx_box place,
                               const sx_thumbnail_caption *caption);

/* "✓ .97", "✗ coat .61"; "" where `prediction` is NULL. Confidence NaN: left out. */
typedef struct {
    const char *prediction; /* the class that the network says */
    bool right;
    double confidence;
} sx_thumbnail_verdict;
void sx_thumbnail_verdict_text(const sx_thumbnail_verdict *verdict, bool unicode, char *out,
                               size_t size, sx_role *role);

#endif
