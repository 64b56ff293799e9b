/* Messages of a handset as a person or a test writes them: one a line.
 *
 *   checkin STATE [LAT LON]      state 1 = all well, 8 = under duress
 *   position LAT LON
 *   distress NATURE [LAT LON]    nature 7 = panic button; wants an acknowledgement
 *   alert WORDS                  Immediate, Severe; wants one, too
 *   text WORDS                   up to 1021 bytes
 *   request TYPE WORDS           type 3 = armed escort; Immediate, without its reasons
 *
 * With a + behind the kind any of them wants an acknowledgement, with a - none does. */
#pragma once

#include "tests/support/handset.h"

/* False: no such message. */
bool handset_words_read(const char *line, struct handset_words *words);
