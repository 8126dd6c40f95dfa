/* Text that grows, text that is safe to show, and the nearest valid name. */
#ifndef SX_BASE_TEXT_H
#define SX_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* A growing text. Start with {0}; `data` is NUL-ended once something was added. A failed
 * allocation sets `failed` and later additions do nothing, so one check at the end is enough. */
typedef struct {
    char *data;
    size_t size, capacity;
    bool failed;
} sx_text;

/* Appends formatted text, or `size` bytes as they are. */
void sx_text_add(sx_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sx_text_add_bytes(sx_text *text, const char *bytes, size_t size);

/* Appends a text with what XML and HTML reserve written out; control characters but line ends are
 * left out. */
void sx_text_add_escaped(sx_text *text, const char *plain);
/* Ends the text; it is empty and may be used again. */
void sx_text_done(sx_text *text);

/* Copies `in` to `out` [size]: control characters and bytes that are not valid UTF-8 become '?',
 * and a text that is too long is cut between characters. For names that come from files. */
void sx_text_printable(char *out, size_t size, const char *in);

/* True if the whole of `text` is valid UTF-8. */
bool sx_text_is_utf8(const char *text);

/* Copies at most size - 1 bytes and ends with NUL; cuts between UTF-8 characters. */
void sx_text_set(char *out, size_t size, const char *in);

/* Reads the whole of `text` as a number; false for anything else, "nan", "inf" and trailing
 * characters included. The decimal point is a point whatever the locale. */
bool sx_text_number(const char *text, double *out);

/* The entry of `names` [count] with the smallest edit distance to `wanted`, NULL if count is 0. */
const char *sx_nearest_name(const char *wanted, const char *const *names, size_t count);

/* Writes 1234567 as "1,234,567" into out [32]; returns out. */
char *sx_text_count(char *out, long long value);

/* Writes seconds as "42 s", "12 m 40 s" or "3 h 02 m" into out [32]; returns out. */
char *sx_text_duration(char *out, double seconds);

#endif
