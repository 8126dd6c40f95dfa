/* What tests of published checkpoints share: their data, inputs as the scripts make them up, and
 * comparison with PyTorch (tests/reference/published.py). */
#ifndef SX_TESTS_PUBLISHED_H
#define SX_TESTS_PUBLISHED_H

#include "core/format/format.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHECKPOINTS SX_SOURCE "/tests/data/checkpoints/"
#define TOLERANCE 1e-4 /* of a tensor's norm */

/* Fails unless the vectors agree to the tolerance. `keys_vanish`: the exact values of the
 * middle third are 0. */
static inline void agree(const char *what, const char *name, const float *ours, const float *theirs,
                         size_t count, bool keys_vanish) {
    double norm = 0, difference = 0;
    for (size_t i = 0; i < count; i++) {
        double d = (double)ours[i] - (double)theirs[i];
        if (keys_vanish && i >= count / 3 && i < count / 3 * 2) continue;
        norm += (double)theirs[i] * (double)theirs[i];
        difference += d * d;
    }
    if (!(sqrt(difference) <= TOLERANCE * sqrt(norm)))
        fail_msg("%s: %s differs by %g of its norm", what, name, sqrt(difference / norm));
}

/* As the script makes them up. */
static inline void make_up(uint32_t first, size_t count, float *out) {
    for (size_t i = 0; i < count; i++) {
        uint32_t x = (first + (uint32_t)i) * UINT32_C(2654435761) + 12345;
        out[i] = (float)((x >> 16) % 2001 / 1000.0 - 1);
    }
}

/* A file of that header whose values are a hole in it. */
static inline void write_sparse(const char *name, char path[64]) {
    char from[256];
    sx_bytes header;
    snprintf(from, sizeof from, CHECKPOINTS "%s.header.gz", name);
    assert_int_equal(sx_file_read_inflated(from, 1 << 24, &header, NULL), SX_OK);
    strcpy(path, "/tmp/sx-header-XXXXXX");
    int fd = mkstemp(path);
    assert_int_equal(write(fd, header.data, header.size), header.size);
    const char *text = (const char *)header.data + 8, *end = text + header.size - 8;
    long long last = 0;
    for (const char *at = text; at < end - 15; at++)
        if (memcmp(at, "\"data_offsets\":[", 16) == 0) last = atoll(strchr(at + 16, ',') + 1);
    assert_int_equal(ftruncate(fd, (off_t)header.size + last), 0);
    close(fd);
    sx_bytes_done(&header);
}

#endif
