/* What happens to a text before its bytes are paired. Cases, letters and composition are those of
 * Unicode through libunistring, so that a text gives the same tokens in every locale. Broken
 * encodings are not repaired (the original calls ftfy for that): such a text is for the person to
 * mend. */
#include "core/format/byte_pair.h"

#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

/* ---- entities ----------------------------------------------------------------------------------
 */

/* The common ones; those of old HTML stand without a semicolon, too. */
static const struct {
    const char *name, *text;
    bool bare;
} entities[] = {
    {"amp", "&", true},
    {"lt", "<", true},
    {"gt", ">", true},
    {"quot", "\"", true},
    {"apos", "'", false},
    {"nbsp", "\xc2\xa0", true},
    {"copy", "\xc2\xa9", true},
    {"reg", "\xc2\xae", true},
    {"deg", "\xc2\xb0", true},
    {"auml", "\xc3\xa4", true},
    {"ouml", "\xc3\xb6", true},
    {"uuml", "\xc3\xbc", true},
    {"szlig", "\xc3\x9f", true},
    {"agrave", "\xc3\xa0", true},
    {"aacute", "\xc3\xa1", true},
    {"egrave", "\xc3\xa8", true},
    {"eacute", "\xc3\xa9", true},
    {"ecirc", "\xc3\xaa", true},
    {"iacute", "\xc3\xad", true},
    {"oacute", "\xc3\xb3", true},
    {"uacute", "\xc3\xba", true},
    {"ntilde", "\xc3\xb1", true},
    {"ccedil", "\xc3\xa7", true},
    {"ndash", "\xe2\x80\x93", false},
    {"mdash", "\xe2\x80\x94", false},
    {"lsquo", "\xe2\x80\x98", false},
    {"rsquo", "\xe2\x80\x99", false},
    {"ldquo", "\xe2\x80\x9c", false},
    {"rdquo", "\xe2\x80\x9d", false},
    {"hellip", "\xe2\x80\xa6", false},
    {"trade", "\xe2\x84\xa2", false},
};

/* A character by its number; what is no character is the replacement character. */
static void add_number(sx_text *out, const char *digits, size_t length, int base) {
    uint8_t bytes[6];
    char copy[16] = "";
    if (length < sizeof copy) memcpy(copy, digits, length);
    unsigned long number = length < sizeof copy ? strtoul(copy, NULL, base) : 0;
    if (number == 0 || number > 0x10ffff || (number >= 0xd800 && number < 0xe000)) number = 0xfffd;
    int size = u8_uctomb(bytes, (ucs4_t)number, sizeof bytes);
    sx_text_add_bytes(out, (const char *)bytes, size > 0 ? (size_t)size : 0);
}

/* "&#233;" and "&#xe9;" at `at`; its bytes, 0 if this is none. */
static size_t take_number(sx_text *out, const char *at) {
    bool hexadecimal = at[2] == 'x' || at[2] == 'X';
    const char *digits = at + (hexadecimal ? 3 : 2);
    size_t length = strspn(digits, hexadecimal ? "0123456789abcdefABCDEF" : "0123456789");
    if (length == 0) return 0;
    add_number(out, digits, length, hexadecimal ? 16 : 10);
    return (size_t)(digits - at) + length + (digits[length] == ';');
}

static size_t take_entity(sx_text *out, const char *at) {
    if (at[1] == '#') return take_number(out, at);
    size_t length = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz");
    bool ended = at[1 + length] == ';';
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        if (strlen(entities[i].name) != length || memcmp(entities[i].name, at + 1, length) != 0)
            continue;
        if (!ended && !entities[i].bare) return 0;
        sx_text_add_bytes(out, entities[i].text, strlen(entities[i].text));
        return 1 + length + ended;
    }
    return 0;
}

static void unescape(const char *text, sx_text *out) {
    sx_text_add_bytes(out, "", 0);
    while (*text) {
        size_t taken = *text == '&' ? take_entity(out, text) : 0;
        if (taken == 0) sx_text_add_bytes(out, text, taken = 1);
        text += taken;
    }
}

/* ---- characters --------------------------------------------------------------------------------
 */

/* The character at `at`, its bytes in *size; 0 at the end. */
static ucs4_t character_at(const char *at, size_t *size) {
    ucs4_t character = 0;
    *size = 0;
    if (!*at) return 0;
    int bytes = u8_strmbtouc(&character, (const uint8_t *)at);
    *size = bytes > 0 ? (size_t)bytes : 1;
    return bytes > 0 ? character : 0xfffd;
}

static bool is_space(ucs4_t character) {
    return uc_is_property_white_space(character);
}

static bool is_letter(ucs4_t character) {
    return uc_is_general_category(character, UC_LETTER);
}

static bool is_number(ucs4_t character) {
    return uc_is_general_category(character, UC_NUMBER);
}

static void collapse(const char *text, sx_text *out) {
    size_t size, start = out->size;
    bool blank = false;
    sx_text_add_bytes(out, "", 0);
    for (; *text; text += size) {
        if (is_space(character_at(text, &size))) {
            blank = true;
            continue;
        }
        if (blank && out->size > start) sx_text_add_bytes(out, " ", 1);
        sx_text_add_bytes(out, text, size);
        blank = false;
    }
}

/* One of libunistring's ways of changing a whole text; it allocates by itself. */
static bool change(sx_text *text, bool lower) {
    size_t length = 0;
    const uint8_t *in = (const uint8_t *)text->data;
    uint8_t *out = lower ? u8_tolower(in, text->size, NULL, NULL, NULL, &length)
                         : u8_normalize(UNINORM_NFC, in, text->size, NULL, &length);
    if (!out && text->size) return false;
    sx_text_done(text);
    sx_text_add_bytes(text, (const char *)out, length);
    free(out);
    return !text->failed;
}

sx_status sx_byte_pair_clean(const char *text, sx_text *out, sx_error *err) {
    sx_text composed = {0}, once = {0}, twice = {0}, collapsed = {0};
    char shown[80];
    sx_text_printable(shown, sizeof shown, text);
    if (strlen(text) > SX_BYTE_PAIR_TEXT)
        return sx_fail(err, SX_BAD_INPUT, "the text '%s ...' has more than %d bytes", shown,
                       SX_BYTE_PAIR_TEXT);
    if (!sx_text_is_utf8(text))
        return sx_fail(err, SX_BAD_INPUT, "the text '%s' is no UTF-8", shown);
    sx_text_add_bytes(&composed, text, strlen(text));
    bool done = !composed.failed && change(&composed, false);
    if (done) unescape(composed.data, &once);
    if (done && !once.failed) unescape(once.data, &twice);
    if (done && !once.failed && !twice.failed) collapse(twice.data, &collapsed);
    done = done && !once.failed && !twice.failed && !collapsed.failed && change(&collapsed, true);
    if (done) sx_text_add_bytes(out, collapsed.data, collapsed.size);
    sx_text_done(&composed);
    sx_text_done(&once);
    sx_text_done(&twice);
    sx_text_done(&collapsed);
    if (done && !out->failed) return SX_OK;
    return sx_fail(err, SX_NO_MEMORY, "not enough memory for the text '%s'", shown);
}

/* ---- pieces ------------------------------------------------------------------------------------
 */

/* Names and endings, in the order in which they are tried. The original ignores case here, which
 * makes the long s (U+017F) an s. */
static const char *const whole[] = {
    SX_BYTE_PAIR_START, SX_BYTE_PAIR_END, "'s", "'\xc5\xbf", "'t", "'re", "'ve", "'m", "'ll", "'d"};

static size_t whole_at(const char *at) {
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (strncmp(at, whole[i], strlen(whole[i])) == 0) return strlen(whole[i]);
    return 0;
}

typedef enum { SPACE, LETTER, NUMBER, OTHER, END_OF_TEXT } kind;

static kind kind_at(const char *at, size_t *size) {
    ucs4_t character = character_at(at, size);
    if (*size == 0) return END_OF_TEXT;
    return is_letter(character)   ? LETTER
           : is_number(character) ? NUMBER
           : is_space(character)  ? SPACE
                                  : OTHER;
}

size_t sx_byte_pair_piece(const char **at, const char **piece) {
    size_t size, length;
    kind first;
    while ((first = kind_at(*at, &size)) == SPACE) *at += size;
    *piece = *at;
    if (first == END_OF_TEXT) return 0;
    length = whole_at(*at);
    if (length == 0) {
        length = size;
        while (first != NUMBER && kind_at(*at + length, &size) == first) length += size;
    }
    *at += length;
    return length;
}
