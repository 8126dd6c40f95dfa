/* What one character is: how it is read, how wide it is, what stands for it in plain ASCII.
 *
 * Drawing code writes Unicode freely; where the medium shows only ASCII, the one table here says
 * what is put instead, always column for column so that no layout moves. Widths come from the
 * locale's wcwidth, except for lines, blocks and braille, which are one column in every locale we
 * draw them in and are too many to ask for each time. Grapheme clusters are not formed: combining
 * marks are dropped, since a cell holds one code point. */
#include "views/canvas/glyph.h"

#include <stdlib.h>
#include <wchar.h>

typedef struct {
    uint32_t glyph;
    char ascii;
} stand_in;

/* Sorted by code point, for bisection. */
static const stand_in stand_ins[] = {
    /* spaces, quotation marks, degree, plus-minus, superscripts */
    {0x00A0, ' '},
    {0x00AB, '<'},
    {0x00AD, '-'},
    {0x00B0, 'o'},
    {0x00B1, '~'},
    {0x00B2, '2'},
    {0x00B3, '3'},
    {0x00B5, 'u'},
    {0x00B7, '.'},
    {0x00B9, '1'},
    {0x00BB, '>'},
    /* dashes, quotation marks, bullet, ellipsis, primes */
    {0x2010, '-'},
    {0x2011, '-'},
    {0x2012, '-'},
    {0x2013, '-'},
    {0x2014, '-'},
    {0x2015, '-'},
    {0x2018, '\''},
    {0x2019, '\''},
    {0x201C, '"'},
    {0x201D, '"'},
    {0x2022, '*'},
    {0x2026, '~'},
    {0x2032, '\''},
    {0x2033, '"'},
    /* superscripts */
    {0x2070, '0'},
    {0x2074, '4'},
    {0x2075, '5'},
    {0x2076, '6'},
    {0x2077, '7'},
    {0x2078, '8'},
    {0x2079, '9'},
    {0x207B, '-'},
    /* arrows */
    {0x2190, '<'},
    {0x2191, '^'},
    {0x2192, '>'},
    {0x2193, 'v'},
    {0x2194, '-'},
    {0x2195, '|'},
    /* minus, about, at most, at least */
    {0x2212, '-'},
    {0x2248, '~'},
    {0x2264, '<'},
    {0x2265, '>'},
    /* lines */
    {0x2500, '-'},
    {0x2501, '-'},
    {0x2502, '|'},
    {0x2503, '|'},
    {0x2504, '.'},
    {0x2505, '.'},
    {0x2506, ':'},
    {0x2507, ':'},
    {0x2508, '.'},
    {0x2509, '.'},
    {0x250A, ':'},
    {0x250B, ':'},
    {0x254C, '.'},
    {0x254E, ':'},
    {0x2550, '='},
    {0x2551, '|'},
    {0x2571, '/'},
    {0x2572, '\\'},
    {0x2573, 'X'},
    {0x2574, '-'},
    {0x2575, '|'},
    {0x2576, '-'},
    {0x2577, '|'},
    /* bars, halves, shades */
    {0x2580, '"'},
    {0x2581, '_'},
    {0x2582, '.'},
    {0x2583, ':'},
    {0x2584, '-'},
    {0x2585, '='},
    {0x2586, '+'},
    {0x2587, '*'},
    {0x2588, '#'},
    {0x2589, '='},
    {0x258A, '='},
    {0x258B, '='},
    {0x258C, '='},
    {0x258D, '-'},
    {0x258E, '-'},
    {0x258F, '|'},
    {0x2590, '='},
    {0x2591, '.'},
    {0x2592, ':'},
    {0x2593, '%'},
    {0x2594, '"'},
    {0x2595, '|'},
    /* shapes */
    {0x25A0, '#'},
    {0x25A1, 'o'},
    {0x25AA, '*'},
    {0x25AB, 'o'},
    {0x25B2, '^'},
    {0x25B4, '^'},
    {0x25B6, '>'},
    {0x25B8, '>'},
    {0x25BC, 'v'},
    {0x25BE, 'v'},
    {0x25C0, '<'},
    {0x25C2, '<'},
    {0x25C6, '*'},
    {0x25C7, 'o'},
    {0x25CB, 'o'},
    {0x25CF, '*'},
    {0x25E6, 'o'},
    /* marks */
    {0x2713, '+'},
    {0x2714, '+'},
    {0x2715, 'x'},
    {0x2716, 'x'},
    {0x2717, 'x'},
    {0x2718, 'x'},
    {0x276F, '>'},
};

/* U+00C0 .. U+00FF without their marks. */
static const char latin[] = "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty";

size_t sx_glyph_decode(const char *s, uint32_t *out) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *u = (const unsigned char *)s;
    *out = '?';
    if (u[0] < 0x80) {
        if (u[0] >= 0x20 && u[0] != 0x7F) *out = u[0];
        return 1;
    }
    size_t bytes = u[0] >= 0xF0 ? 4 : u[0] >= 0xE0 ? 3 : 2;
    if (u[0] < 0xC2 || u[0] > 0xF4) return 1;
    uint32_t glyph = u[0] & (0x7Fu >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if ((u[i] & 0xC0) != 0x80) return 1;
        glyph = glyph << 6 | (u[i] & 0x3Fu);
    }
    if (glyph < least[bytes] || glyph > 0x10FFFF || (glyph >= 0xD800 && glyph <= 0xDFFF)) return 1;
    if (glyph >= 0xA0) *out = glyph;
    return bytes;
}

size_t sx_glyph_encode(uint32_t glyph, char *out) {
    size_t bytes = glyph < 0x80 ? 1 : glyph < 0x800 ? 2 : glyph < 0x10000 ? 3 : 4;
    static const unsigned lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = bytes; i-- > 1; glyph >>= 6) out[i] = (char)(0x80 | (glyph & 0x3F));
    out[0] = (char)(lead[bytes] | glyph);
    out[bytes] = 0;
    return bytes;
}

int sx_glyph_columns(uint32_t glyph) {
    if (glyph >= 0x20 && glyph < 0x7F) return 1;
    if ((glyph >= 0x2500 && glyph <= 0x259F) || (glyph >= 0x2800 && glyph <= 0x28FF)) return 1;
    int columns = wcwidth((wchar_t)glyph);
    return columns > 2 ? -1 : columns;
}

static int compare_stand_in(const void *key, const void *row) {
    uint32_t wanted = *(const uint32_t *)key, glyph = ((const stand_in *)row)->glyph;
    return (wanted > glyph) - (wanted < glyph);
}

uint32_t sx_glyph_ascii(uint32_t glyph) {
    if (glyph < 0x80) return glyph;
    if (glyph >= 0xC0 && glyph <= 0xFF) return (unsigned char)latin[glyph - 0xC0];
    if (glyph >= 0x2800 && glyph <= 0x28FF) {
        int dots = __builtin_popcount(glyph & 0xFF);
        return (unsigned char)" ..::****"[dots];
    }
    const stand_in *row = bsearch(&glyph, stand_ins, sizeof stand_ins / sizeof *stand_ins,
                                  sizeof *stand_ins, compare_stand_in);
    if (row) return (unsigned char)row->ascii;
    if (glyph >= 0x250C && glyph <= 0x2570) return '+'; /* corners, tees and crosses */
    return '?';
}
