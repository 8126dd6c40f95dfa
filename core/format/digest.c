/* The digest that names a data file or a checkpoint beyond doubt. libmd does the arithmetic; it
 * is the BSDs' own code and has been read by more people than ours would be. */
#include "core/format/digest.h"

#include <sha2.h>

void sx_sha256(const void *data, size_t size, char *out) {
    SHA2_CTX context;
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256Init(&context);
    SHA256Update(&context, data, size);
    SHA256Final(digest, &context);
    for (size_t i = 0; i < sizeof digest; i++) {
        out[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    out[2 * sizeof digest] = 0;
}
