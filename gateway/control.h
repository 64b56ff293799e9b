/* The unix socket of the tool: JSON lines, requests and answers, and a stream of what passes. No broker needed.
 *
 * The protocol, for every program that wants to talk to cressetd. One JSON object a line, both ways, UTF-8. A connection may carry
 * several requests one after another. Members without a value are null or left out; new ones may be added. Times are RFC 3339 UTC,
 * members that end in _s are seconds before now, in _in_s seconds from now.
 *
 * -> {"command":"status"}
 * <- {"gateway","operation","version","uptime_s","clock":"gps"|"ntp"|"rtc"|"unknown",
 *     "uplink":{"connected","broker","protocol":5|4,"reason_codes","rate_bps","min_rtt_ms","rtt_ms","unacknowledged_bytes",
 *               "urgent_waiting","text"},
 *     "store":{"health":"ok"|"full"|"failed"|"off","text","bytes_written"},
 *     "classes":[{"class":"DISTRESS","queued","queued_bytes","held","oldest_s","delivered","latency_p50_ms","latency_p95_ms"}, ...],
 *     "radios":[{"name","modem","air","device","resolved","state":"up"|"down"|"not ready","fault","model","firmware","text",
 *                "bytes_in","bytes_out","datagrams","heard","sent","queued","last_heard_s",
 *                "airtime":{"band","limit_s","reserve_s","spent_s","spent_for_alerts_s","left_s","left_for_alerts_s","more_in_s",
 *                           "listening_share_pct","alert_waits","alert_waits_until"}}, ...],     of any hour; null: no limit
 *     "incidents":[{"id","station","radio","status","authenticity","level","operator","count","first_at","last_at","lat","lon"}, ...],
 *     "drops":[{"group","reason","count"}, ...], "counters":[{"group","name","value"}, ...]}
 *
 * -> {"command":"queue","radio"}                            radio: only this one
 * <- {"messages":[{"radio","class","kind","id","to","since_s","stage":"waiting"|"on_air"|"sending"|"awaiting","parts","parts_done",
 *                  "repeats","go_in_s","why":"turn"|"airtime"|"listening"|"radio"|"acknowledgement"|"repetition"|"neighbour","expires_in_s",
 *                  "exercise"}, ...],
 *     "more","uplink":[{"class","queued","queued_bytes","held","oldest_s"}, ...]}       radio by radio, what goes first first; at most
 *                                                            some hundreds, and in `more` the number of the others
 *
 * -> {"command":"monitor","radio"}                           every datagram, from now on; radio: only those of this one
 * <- {"ok":true} {"at","radio","direction":"rx"|"tx","size","hex","rssi_dbm","snr_db"} ...
 *
 * -> {"command":"tail"}                                      every message accepted, from now on
 * <- {"ok":true} {"topic","class","message":{...}} ...
 *
 * -> {"command":"send","radio","to","text","id","wait"}      only text is needed; further "status", and "kind":"text"|"alert"|
 *                                                            "rollcall" with "body" as in command-send.json
 * <- {"id","status":"STORED"} once it is on disk, or "ACCEPTED" where the store is off;
 *    with wait: {"id","stage":"queued"|"on_air"|"confirmed"|"sent"|"failed"|"expired"|"cancelled","assumed","code",
 *    "go_at"} ..., the last five end it; go_at: an alert that waits for airtime, and goes then
 *
 * -> {"command":"cancel","id"}                               takes back what waits for its radio
 * <- {"id","stage":"cancelled"}
 *
 * -> {"command":"ack","id","operator","level":"BASE_SEEN"|"RESPONDING"|"CLOSED"}
 * <- {"id","level"}
 *
 * -> {"command":"radio","radio","do":"info"}
 * <- a radio of the status, and {"control","control_device","control_resolved","ready",
 *    "lines":[{"name","driver":"modem"|"control","output","wired","level":0|1|null}, ...],"counters":[{"name","value"}, ...]}
 *
 * -> {"command":"radio","radio","do":"test"|"scan"}          one examination a radio at a time; it goes on without its client
 * <- {"name","value"} ... as they are found, then {"end":true,"failed"}: "" or why
 *
 * Whatever is refused is answered with {"error":"what is wrong"}. {"lost":n}: n lines were left out because the client read too
 * slowly. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

enum {
	CONTROL_CLIENTS_MAX = 32,         /* one more is told so and closed */
	CONTROL_REQUEST_MAX = 16 * 1024,  /* bytes of a request line; a longer one is told so and closed */
	CONTROL_WAITING_MAX = 256 * 1024, /* bytes kept for a client that reads slowly */
	CONTROL_WAITING_PAUSE = 64 *
				1024, /* with more than this waiting no further request of the client is taken up */
};

struct control;
struct control_client;

struct control_callbacks {
	void *context;
	/* One request line of a client: {"command":"status", ...}, not checked in any way. The callee answers with
	 * control_reply as often as it likes, now or later, until gone. */
	void (*request)(void *context, struct control_client *client, const char *json, size_t size);
	/* The client is about to be freed, whoever ended it: forget it. Once for each client, asked or not. May be NULL. */
	void (*gone)(void *context, struct control_client *client);
};

/* Listens at path (made with mode 0660; the socket of a dead process is replaced). callbacks are copied. Returns 0 or negative errno:
 * -EADDRINUSE another process listens there, -EEXIST something that is not a socket has that name, -ENAMETOOLONG. */
int control_new(struct control **control, const char *path, const struct control_callbacks *callbacks, sd_event *event);
/* Calls gone for every client, closes and removes the socket if it is still its own. */
void control_free(struct control *control);

/* Queues one JSON line (no line break inside) for the client. A client that does not read loses lines beyond CONTROL_WAITING_MAX; how
 * many is said in {"lost":n} as soon as half of what waits was read. Never frees the client. */
void control_reply(struct control_client *client, const char *json);
/* Closes the connection after what is queued; gone follows from the event loop, not from within this call. */
void control_end(struct control_client *client);

/* Subscribes the client to control_publish with a stream name, at most to as many as a gateway has. Names stay the caller's, for as long as the
 * client is there. */
void control_subscribe(struct control_client *client, const char *stream);
/* Whether anyone listens to the stream, so that nothing is rendered for nobody. */
bool control_wanted(const struct control *control, const char *stream);
/* control_reply to every client of the stream. */
void control_publish(struct control *control, const char *stream, const char *json);

/* Clients connected now. */
size_t control_client_count(const struct control *control);
