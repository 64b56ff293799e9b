/* Whether a message that was heard may have to be answered, and whom. Pure. */
#pragma once

#include "gateway/origin.h"

/* Fills in the record of a message that may be answered, as it stands when nothing was said. false: nobody is to be, or could be,
 * answered. As answer_heard has it. */
bool answer_origin_of(const struct message *message, const char *radio, const char *air, int64_t now_ms,
		      struct origin *origin);
