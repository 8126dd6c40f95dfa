/* Type, through FreeType. The font is monospaced and set so that a character is just as wide as its
 * place, whatever the scale. */
#include "views/raster/internal.h"

#include <ft2build.h>
#include FT_FREETYPE_H
#include FT_OUTLINE_H

#include <math.h>

#define FONT "fonts/DejaVuSansMono.ttf"
#define ADVANCE (1233.0 / 2048) /* of a character, in the font's size */
#define BASELINE 12.0           /* units below the top of a place */
#define BOLD 0.06               /* heavier strokes, in the font's size */

sx_status sx_type_open(sx_type *type, double scale, sx_error *err) {
    FT_Library library;
    FT_Face face;
    char path[SX_PATH_SIZE];
    sx_status status = sx_asset_find(path, FONT, err);
    if (status) return status;
    if (FT_Init_FreeType(&library)) return sx_fail(err, SX_NO_MEMORY, "no memory for type");
    type->library = library;
    if (FT_New_Face(library, path, 0, &face))
        return sx_fail(err, SX_BAD_INPUT, "'%.300s' is no font that FreeType reads", path);
    type->face = face;
    double size = SX_RASTER_WIDTH / ADVANCE * scale;
    if (FT_Set_Char_Size(face, 0, (FT_F26Dot6)lround(size * 64), 72, 72))
        return sx_fail(err, SX_BAD_INPUT, "'%.300s' has no outlines", path);
    return SX_OK;
}

void sx_type_close(sx_type *type) {
    if (type->face) FT_Done_Face(type->face);
    if (type->library) FT_Done_FreeType(type->library);
    *type = (sx_type){0};
}

/* The code point at *text, which moves on; 0 at the end. */
static uint32_t next_glyph(const char **text) {
    const unsigned char *at = (const unsigned char *)*text;
    int length = at[0] < 0x80 ? 1 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    if (!at[0]) return 0;
    uint32_t glyph = length == 1 ? at[0] : at[0] & (0xFFu >> (length + 1));
    for (int i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80) { /* not valid: as it is */
            *text += i;
            return '?';
        }
        glyph = glyph << 6 | (at[i] & 0x3Fu);
    }
    *text += length;
    return glyph;
}

static void draw_bitmap(sx_raster *r, const FT_GlyphSlot slot, double x, double baseline,
                        uint32_t colour) {
    int left = (int)lround(x) + slot->bitmap_left, top = (int)lround(baseline) - slot->bitmap_top;
    for (unsigned row = 0; row < slot->bitmap.rows; row++)
        for (unsigned column = 0; column < slot->bitmap.width; column++) {
            uint8_t part = slot->bitmap.buffer[(int)row * slot->bitmap.pitch + (int)column];
            if (part) sx_raster_lay(r, left + (int)column, top + (int)row, part / 255.0, colour);
        }
}

void sx_raster_text(sx_raster *r, double x, double y, bool bold, uint32_t colour,
                    const char *text) {
    FT_Face face = r->type.face;
    double size = SX_RASTER_WIDTH / ADVANCE * r->scale, baseline = (y + BASELINE) * r->scale;
    int place = 0;
    for (uint32_t glyph; (glyph = next_glyph(&text)); place++) {
        FT_UInt index = FT_Get_Char_Index(face, glyph);
        if (!index || FT_Load_Glyph(face, index, FT_LOAD_NO_HINTING | FT_LOAD_NO_BITMAP)) continue;
        if (bold) FT_Outline_Embolden(&face->glyph->outline, (FT_Pos)lround(BOLD * size * 64));
        if (FT_Render_Glyph(face->glyph, FT_RENDER_MODE_NORMAL)) continue;
        draw_bitmap(r, face->glyph, (x + place * SX_RASTER_WIDTH) * r->scale, baseline, colour);
    }
}
