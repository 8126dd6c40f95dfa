/* The ground floor: everybody may include this. */
#ifndef SX_BASE_BASE_H
#define SX_BASE_BASE_H

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/memory.h"
#include "core/base/option.h"
#include "core/base/pool.h"
#include "core/base/random.h"
#include "core/base/text.h"

#define SX_VERSION "0.1.0"

#endif
