/* What a request for a last resort still has to say, as a text for the station that made it. The request itself is on its way already: nothing
 * here holds it back. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "gateway/words.h"

enum { CHECKLIST_MAX = 320 }; /* with its final zero */

/* missing: bits of enum request_missing. With WORDS_BOTH English, " / ", French. Returns its length, 0 = nothing is missing. */
size_t checklist_make(uint8_t missing, enum words_language language, char text[static CHECKLIST_MAX]);
