/* Growing text, printable text, nearest names. UTF-8 is checked here once, because the names of
 * classes, files and tensors come from outside and end on a terminal. */
#include "core/base/text.h"

#include "core/base/memory.h"

#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sx_text_add_bytes(sx_text *text, const char *bytes, size_t size) {
    if (text->failed) return;
    if (!sx_grow((void **)&text->data, &text->capacity, text->size + size + 1, 1)) {
        text->failed = true;
        return;
    }
    if (size) memcpy(text->data + text->size, bytes, size);
    text->size += size;
    text->data[text->size] = 0;
}

void sx_text_add(sx_text *text, const char *format, ...) {
    char small[512];
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (length >= 0 && (size_t)length < sizeof small) {
        sx_text_add_bytes(text, small, (size_t)length);
    } else if (length > 0) {
        char *large = sx_alloc((size_t)length + 1, 1);
        if (large) {
            vsnprintf(large, (size_t)length + 1, format, again);
            sx_text_add_bytes(text, large, (size_t)length);
        } else {
            text->failed = true;
        }
        sx_free(large);
    }
    va_end(again);
}

void sx_text_add_escaped(sx_text *text, const char *plain) {
    for (; plain && *plain; plain++) {
        if (*plain == '&')
            sx_text_add(text, "&amp;");
        else if (*plain == '<')
            sx_text_add(text, "&lt;");
        else if (*plain == '>')
            sx_text_add(text, "&gt;");
        else if (*plain == '"')
            sx_text_add(text, "&quot;");
        else if (((unsigned char)*plain >= ' ' && *plain != 0x7F) || *plain == '\n')
            sx_text_add_bytes(text, plain, 1);
    }
}

void sx_text_done(sx_text *text) {
    sx_free(text->data);
    *text = (sx_text){0};
}

/* Bytes of the valid UTF-8 character at s, 0 if it is not one (overlong forms, surrogates and
 * values past U+10FFFF are not). */
static size_t utf8_length(const unsigned char *s) {
    if (s[0] < 0x80) return 1;
    if (s[0] >= 0xC2 && s[0] <= 0xDF) return (s[1] & 0xC0) == 0x80 ? 2 : 0;
    if ((s[0] & 0xF0) == 0xE0) {
        if ((s[1] & 0xC0) != 0x80 || (s[2] & 0xC0) != 0x80) return 0;
        if (s[0] == 0xE0 && s[1] < 0xA0) return 0;
        if (s[0] == 0xED && s[1] > 0x9F) return 0;
        return 3;
    }
    if (s[0] >= 0xF0 && s[0] <= 0xF4) {
        if ((s[1] & 0xC0) != 0x80 || (s[2] & 0xC0) != 0x80 || (s[3] & 0xC0) != 0x80) return 0;
        if (s[0] == 0xF0 && s[1] < 0x90) return 0;
        if (s[0] == 0xF4 && s[1] > 0x8F) return 0;
        return 4;
    }
    return 0;
}

/* C0, DEL and C1 (0xC2 0x80..0x9F) drive terminals. */
static bool is_control(const unsigned char *s) {
    return s[0] < 0x20 || s[0] == 0x7F || (s[0] == 0xC2 && s[1] < 0xA0);
}

void sx_text_printable(char *out, size_t size, const char *in) {
    const unsigned char *s = (const unsigned char *)in;
    size_t used = 0;
    while (*s) {
        size_t length = utf8_length(s);
        bool shown = length > 0 && !is_control(s);
        size_t take = shown ? length : 1;
        if (used + take + 1 > size) break;
        if (shown)
            memcpy(out + used, s, length);
        else
            out[used] = '?';
        used += take;
        s += length ? length : 1;
    }
    if (size > 0) out[used] = 0;
}

bool sx_text_is_utf8(const char *text) {
    const unsigned char *s = (const unsigned char *)text;
    size_t length = 1;
    while (*s && (length = utf8_length(s)) > 0) s += length;
    return length > 0;
}

void sx_text_set(char *out, size_t size, const char *in) {
    if (size == 0) return;
    size_t length = strlen(in);
    if (length >= size) length = size - 1;
    while (length > 0 && in[length] && ((unsigned char)in[length] & 0xC0) == 0x80) length--;
    memmove(out, in, length);
    out[length] = 0;
}

static locale_t plain;

static void make_plain(void) {
    plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

bool sx_text_number(const char *text, double *out) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_plain);
    const char *digits = text + strspn(text, "+-");
    if (!isdigit((unsigned char)digits[*digits == '.'])) return false;
    if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) return false;
    char *end;
    double value = strtod_l(text, &end, plain);
    if (end == text || *end || !isfinite(value)) return false;
    *out = value;
    return true;
}

/* Levenshtein distance over at most 63 characters of each word; the rest is ignored. */
static int edit_distance(const char *a, const char *b) {
    int n = (int)strnlen(a, 63), m = (int)strnlen(b, 63), row[64];
    for (int j = 0; j <= m; j++) row[j] = j;
    for (int i = 1; i <= n; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            int change =
                diagonal + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
            diagonal = row[j];
            int skip = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = change < skip ? change : skip;
        }
    }
    return row[m];
}

const char *sx_nearest_name(const char *wanted, const char *const *names, size_t count) {
    const char *best = NULL;
    int least = 1000;
    for (size_t i = 0; i < count; i++) {
        int distance = edit_distance(wanted, names[i]);
        if (distance >= least) continue;
        least = distance;
        best = names[i];
    }
    return best;
}

char *sx_text_count(char *out, long long value) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%lld", value), used = 0;
    for (int i = 0; i < length; i++) {
        out[used++] = digits[i];
        if (digits[i] != '-' && (length - 1 - i) % 3 == 0 && i + 1 < length) out[used++] = ',';
    }
    out[used] = 0;
    return out;
}

char *sx_text_duration(char *out, double seconds) {
    if (!(seconds >= 0)) {
        strcpy(out, "-");
        return out;
    }
    long long s = seconds < 1e9 ? (long long)(seconds + 0.5) : 1000000000;
    if (s < 60)
        snprintf(out, 32, "%lld s", s);
    else if (s < 3600)
        snprintf(out, 32, "%lld m %02lld s", s / 60, s % 60);
    else
        snprintf(out, 32, "%lld h %02lld m", s / 3600, s / 60 % 60);
    return out;
}
