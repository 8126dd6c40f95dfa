/* The clipboard of whoever sits at the terminal, over any number of SSH hops: OSC 52 carries the
 * text in base64, and the terminal keeps it or does not; there is no answer. */
#include "views/terminal/terminal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* RFC 4648, section 4. */
static void add_base64(sx_text *out, const char *text, size_t size) {
    for (size_t i = 0; i < size; i += 3) {
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (i + k < size ? (unsigned char)text[i + k] : 0);
        sx_text_add(out, "%c%c%c%c", digits[bits >> 18], digits[bits >> 12 & 63],
                    i + 1 < size ? digits[bits >> 6 & 63] : '=',
                    i + 2 < size ? digits[bits & 63] : '=');
    }
}

bool sx_terminal_copy(const char *text) {
    sx_text out = {0};
    sx_text_add(&out, "\033]52;c;");
    add_base64(&out, text, strlen(text));
    sx_text_add(&out, "\a");
    bool sent = !out.failed;
    for (size_t done = 0; sent && done < out.size;) {
        ssize_t now = write(STDOUT_FILENO, out.data + done, out.size - done);
        if (now > 0) done += (size_t)now;
        sent = now > 0 || errno == EINTR;
    }
    sx_text_done(&out);
    return sent;
}
