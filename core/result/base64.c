/* Base64 with padding, strict on reading. */
#include "core/result/base64.h"

#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *sx_base64_encode(const uint8_t *bytes, size_t size) {
    if (size > SIZE_MAX / 2) return NULL;
    char *out = sx_alloc((size + 2) / 3 * 4 + 1, 1), *at = out;
    for (size_t i = 0; out && i < size; i += 3) {
        size_t left = size - i;
        uint32_t word = (uint32_t)bytes[i] << 16 | (uint32_t)(left > 1 ? bytes[i + 1] : 0) << 8 |
                        (left > 2 ? bytes[i + 2] : 0);
        *at++ = letters[word >> 18];
        *at++ = letters[word >> 12 & 63];
        *at++ = left > 1 ? letters[word >> 6 & 63] : '=';
        *at++ = left > 2 ? letters[word & 63] : '=';
    }
    return out;
}

static int value_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool sx_base64_decode(const char *text, uint8_t *out, size_t size) {
    if (strlen(text) != (size + 2) / 3 * 4) return false;
    for (size_t i = 0; i < size; i += 3, text += 4) {
        size_t left = size - i;
        int a = value_of(text[0]), b = value_of(text[1]);
        int c = left > 1 ? value_of(text[2]) : 0, d = left > 2 ? value_of(text[3]) : 0;
        if (a < 0 || b < 0 || c < 0 || d < 0) return false;
        if ((left == 1 && text[2] != '=') || (left < 3 && text[3] != '=')) return false;
        uint32_t word = (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | (uint32_t)d;
        if (left < 3 && word & (left == 1 ? 0xFFFF : 0xFF)) return false; /* bits of no byte */
        out[i] = (uint8_t)(word >> 16);
        if (left > 1) out[i + 1] = (uint8_t)(word >> 8);
        if (left > 2) out[i + 2] = (uint8_t)word;
    }
    return true;
}
