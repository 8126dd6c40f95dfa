/* What the outside world writes. Readers take bytes in memory and never trust a size; they allocate
 * only after a check against a limit. No reader prints. */
#ifndef SX_FORMAT_FORMAT_H
#define SX_FORMAT_FORMAT_H

#include "core/format/byte_pair.h"
#include "core/format/csv.h"
#include "core/format/decimal.h"
#include "core/format/digest.h"
#include "core/format/gzip.h"
#include "core/format/idx.h"
#include "core/format/image.h"
#include "core/format/ini.h"
#include "core/format/json.h"
#include "core/format/npy.h"
#include "core/format/npz.h"
#include "core/format/safetensors.h"
#include "core/format/tensors.h"

#endif
