/* SHA-256 through libmd: which bytes these are, not whether somebody is allowed to write them. */
#include "core/format/digest.h"

#include <sha2.h>
#include <stdio.h>

void sx_sha256(const void *data, size_t size, char *out) {
    SHA2_CTX context;
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256Init(&context);
    SHA256Update(&context, data, size);
    SHA256Final(digest, &context);
    for (int i = 0; i < SHA256_DIGEST_LENGTH; i++)
        snprintf(out + 2 * i, 3, "%02x", (unsigned)digest[i]);
}
