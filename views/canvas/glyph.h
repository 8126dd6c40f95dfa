/* Characters one at a time: UTF-8 in and out, columns, and ASCII stand-ins. Private to the canvas.
 */
#ifndef SX_CANVAS_GLYPH_H
#define SX_CANVAS_GLYPH_H

#include <stddef.h>
#include <stdint.h>

/* Reads the character at `s` (not at its end) into `out` and returns its bytes. Control characters
 * and bytes that are not UTF-8 give '?' (the latter one byte at a time). */
size_t sx_glyph_decode(const char *s, uint32_t *out);

/* Writes UTF-8 into out [5], NUL-ended; returns the bytes. */
size_t sx_glyph_encode(uint32_t glyph, char *out);

/* Columns of a character: 0 (combining and invisible ones, which are dropped), 1 or 2; -1 if the
 * locale does not know it, so that '?' stands for it. */
int sx_glyph_columns(uint32_t glyph);

/* The ASCII character that stands for `glyph`; '?' if there is none. */
uint32_t sx_glyph_ascii(uint32_t glyph);

#endif
