/* The bodies of the field frame's kinds as tables: what each member is called in JSON, where it is, what it may be. Whoever reads or writes
 * a body walks the table of its kind and needs to know no kind. The names are those of the design (messages, section 3; enumerations). */
#pragma once

#include "drivers/message.h"

enum body_type {
	BODY_NAME,    /* number of an enumeration, said by its name */
	BODY_BITS,    /* set of bits, said as a list of names; none = not given */
	BODY_INTEGER, /* not given where it is the member's `absent` */
	BODY_NUMBER,  /* NAN = not given */
	BODY_TIME,    /* Unix milliseconds, 0 = not given */
	BODY_DAY,     /* days since 2020-01-01, -1 = not given */
	BODY_ID,      /* text of A-Z a-z 0-9 _ -, "" = not given */
	BODY_TEXT,    /* text of printable ASCII, "" = not given */
	BODY_FLAG,    /* false = not given */
};

/* 2020-01-01 in days since 1970-01-01: the day from which BODY_DAY is counted. */
enum { BODY_FIRST_DAY = 18262 };

/* Names by number; NULL where a number has none. */
struct body_names {
	const char *const *names;
	size_t count;
};

struct body_member {
	const char *name; /* in JSON, with its unit */
	enum body_type type;
	uint16_t offset; /* in struct message: urgency, severity and acknowledgements are not in its body */
	uint8_t size;    /* of the member there, in bytes */
	const struct body_names *names;
	int64_t least, most; /* what a command may say: BODY_NAME, BODY_INTEGER, BODY_NUMBER */
	int64_t absent;      /* BODY_INTEGER */
	bool down;           /* may stand in a command to the field */
};

struct body_table {
	const struct body_member *members;
	size_t count;
};

/* The members of a kind's body, none for kinds that the field frame does not have. */
struct body_table message_body_table(enum message_kind kind);
/* What any body of the field frame says besides: sensitivity, ack_wanted. */
struct body_table message_body_common(void);

/* Fills a body with "not given" everywhere. Acknowledgements are in struct message itself, see message_init. */
void message_body_init(enum message_kind kind, union message_body *body);

/* A member as a number: all types but BODY_NUMBER, BODY_ID and BODY_TEXT. */
int64_t message_body_get(const struct message *message, const struct body_member *member);
/* Writes such a member; the value must fit it. */
void message_body_set(struct message *message, const struct body_member *member, int64_t value);
/* A text member, size bytes with the final zero. */
char *message_body_text(struct message *message, const struct body_member *member);
double message_body_number(const struct message *message, const struct body_member *member);
void message_body_set_number(struct message *message, const struct body_member *member, double value);

/* The name of a number; an unknown one has the name of 0. NULL: 0 has none either. */
const char *body_name(const struct body_names *names, int64_t number);
/* The number of a name, or -1. */
int body_number(const struct body_names *names, const char *name);

/* What a request for a last resort (armed escort, military asset) still has to say, bits of enum request_missing; 0: nothing, or it is no
 * such request. It is forwarded all the same. */
enum request_missing {
	MISSING_JUSTIFICATION = 1,
	MISSING_ALTERNATIVES = 2,
	MISSING_CLUSTER_POOL = 4, /* of a military asset: the cluster was not asked first */
};
uint8_t message_request_missing(const struct body_request *request);
