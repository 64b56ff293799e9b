/* The uplink: two MQTT connections to one broker of a list, the urgent one never paced, the bulk one paced just under the link. */
#pragma once

#include <systemd/sd-event.h>

#include "gateway/counters.h"
#include "gateway/schedule.h"
#include "gateway/worker.h"

struct uplink;

struct uplink_broker {
	const char *host;
	uint16_t port;
	bool tls;
	const char *ca_file, *certificate_file, *key_file; /* NULL = none; with tls and no ca_file the system's store */
	const char *username, *password;                   /* NULL = none */
};

struct uplink_settings {
	const struct uplink_broker *brokers; /* in order of preference */
	size_t broker_count;
	const char *gateway;      /* token, named in the state documents */
	const char *client_id;    /* "<client_id>-u" and "<client_id>-b" on the wire */
	const char *topic_prefix; /* "cresset/v1/<op>/" */
	const char *state_topic;  /* below the prefix: "gw/<gw>/state" */
	const char *down_topic;   /* below the prefix: "gw/<gw>/down" */
	uint64_t session;         /* number of this run, in birth and will */
	int64_t keepalive_ms, connect_timeout_ms, session_expiry_ms;
	int64_t back_to_better_ms;  /* a better broker must have been reachable this long, 10 min */
	uint64_t bulk_rate_max_bps; /* bits/s, 0 = found by itself without a limit */
};

enum uplink_result {
	UPLINK_DELIVERED,     /* PUBACK, success */
	UPLINK_NO_SUBSCRIBER, /* PUBACK 0x10: the broker has it, nobody listens */
	UPLINK_REFUSED,       /* PUBACK with an error (0x87 not authorised, ...): reason code in `code` */
};

struct uplink_callbacks {
	void *context;
	/* An entry taken from the schedule was answered. The reference goes to the callee. Entries that a lost connection leaves
	 * unanswered are given back to the schedule by the uplink itself and come again. */
	void (*done)(void *context, struct entry *entry, enum uplink_result result, int code);
	/* Connected to (or lost) a broker; text for people. */
	void (*state)(void *context, bool connected, const char *text);
};

struct uplink *uplink_new(const struct uplink_settings *settings, struct schedule *schedule,
			  const struct uplink_callbacks *callbacks, sd_event *event, struct worker *worker,
			  struct counters *counters);
/* Publishes the retained offline state if connected, disconnects; gives unanswered entries back to the schedule. */
void uplink_free(struct uplink *uplink);

/* Something was put into the schedule. Cheap; DISTRESS and URGENT go out within this loop turn. */
void uplink_wake(struct uplink *uplink);

/* Publishes a retained state document (topic below the prefix), now if connected and again at each connect. A copy is taken; a new
 * one for the same topic replaces the old. */
void uplink_retain(struct uplink *uplink, const char *topic, const char *json);

/* What others publish on a topic filter, which is whole and not below the prefix, comes over the bulk connection whenever there is one:
 * alerts do not share a line with it. What is published while there is none does not come later, nor does what the broker keeps. filter is
 * copied. 0 or -ENOMEM. */
typedef void uplink_received_fn(void *context, const char *topic, const void *payload, size_t size);
int uplink_subscribe(struct uplink *uplink, const char *filter, uplink_received_fn *received, void *context);

/* What is kept on such a filter, as it is and as it changes, comes over the urgent connection, behind what its publisher has sent there
 * before. After each connect all of it comes anew. */
int uplink_watch(struct uplink *uplink, const char *filter, uplink_received_fn *received, void *context);

/* A command as headquarters published it. */
struct uplink_command {
	const char *topic; /* below down_topic: "sec/text" */
	const void *payload;
	size_t size;
	bool
	    retained; /* the broker keeps it for others: a mistake of its sender. MQTT 3.1.1 says so only of what it kept before */
	int64_t
	    expiry_s; /* how long the broker says that it is still of use, -1 = not said, and always so with 3.1.1 */
};
/* Commands come on all topics below down_topic over the urgent connection. Its session outlives it: what was published while the gateway
 * was away, at most for session_expiry, comes when it is back. True: what came of it is not on disk yet.
 * The broker is told that it has come only after uplink_commands_kept, so that after a kill it comes again; but for the moment in which an
 * alert goes over the same connection because there is no second one. */
typedef bool uplink_command_fn(void *context, const struct uplink_command *command);
void uplink_take_commands(struct uplink *uplink, uplink_command_fn *command, void *context);
/* What came of all commands so far is on disk, or no disk is to be had. */
void uplink_commands_kept(struct uplink *uplink);

struct uplink_status {
	bool connected;
	const char *broker; /* "host:port" of the current or last one */
	int protocol;       /* 5 or 4 (3.1.1), 0 = never connected */
	bool reason_codes;  /* false: this broker cannot say that nobody listens */
	double rate_bps, min_rtt_ms, rtt_ms;
	uint64_t unacknowledged_bytes;
	unsigned urgent_waiting; /* published on the urgent connection, not yet answered */
	uint64_t delivered[CLASS_COUNT];
	/* last byte heard to PUBACK, of the last 512 a class; NAN = none yet */
	double latency_p50_ms[CLASS_COUNT], latency_p95_ms[CLASS_COUNT];
};
struct uplink_status uplink_status(const struct uplink *uplink);
