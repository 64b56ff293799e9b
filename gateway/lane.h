/* A lane: one connection of the uplink with the entries that are on their way over it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/mqtt.h"
#include "gateway/pace.h"
#include "gateway/schedule.h"

struct lane;

/* One entry on its way. An entry may be on its way over two lanes: the flights are twins then, and the first answer counts. */
struct flight {
	struct flight *next;
	struct entry *entry;
	struct flight *twin;   /* NULL = none, or it was answered */
	struct pace_mark mark; /* sent_us 0: cannot be used to measure */
	int64_t sent_us;
	int64_t due_us; /* later than this the answer is overdue */
	uint16_t mid;
	bool repeated; /* need not be looked at again */
	bool answered; /* by its twin: the entry is not ours any more */
};

struct lane *lane_new(const char *topic_prefix);
/* Closes the connection if there is one; entries must have been given back before. */
void lane_free(struct lane *lane);

/* Takes over a connection that has just been opened. */
int lane_attach(struct lane *lane, struct mqtt *mqtt);
/* Closes the connection and gives what is not answered back to the schedule, in order. Returns how many. */
size_t lane_detach(struct lane *lane, struct schedule *schedule);
bool lane_up(const struct lane *lane);

/* Whether it can take another entry now: the broker's Receive Maximum and the socket. */
bool lane_room(const struct lane *lane);
/* Whether the broker's Receive Maximum alone is what holds it back. */
bool lane_at_receive_maximum(const struct lane *lane);
/* As mqtt_holds and mqtt_release; a lane without a connection holds nothing. */
bool lane_holds(const struct lane *lane);
void lane_release(struct lane *lane);
unsigned lane_flights(const struct lane *lane);
size_t lane_flight_bytes(const struct lane *lane);
struct flight *lane_oldest(const struct lane *lane);

/* Publishes an entry; its reference then belongs to the lane. full: with all properties, which cost about 65 bytes. 0, or
 * -ENOTCONN (the connection is lost; the entry is the lane's all the same and comes back by lane_detach), or another negative
 * errno: the entry cannot be published and stays the caller's. */
int lane_publish(struct lane *lane, struct entry *entry, int64_t now_us, int64_t now_ms, bool full);
/* Publishes once more what is on its way over another lane, as its twin. Results as lane_publish; on another error than -ENOTCONN
 * there is no twin. */
int lane_repeat(struct lane *lane, struct flight *flight, int64_t now_us, int64_t now_ms, bool full);
/* Publishes a retained document whose answer nobody waits for. topic: below the prefix. */
int lane_publish_retained(struct lane *lane, const char *topic, const char *json);
/* As mqtt_subscribe. filter: whole, not below the prefix. */
int lane_subscribe(struct lane *lane, const char *filter, enum mqtt_interest interest);
void lane_cork(struct lane *lane, bool on);

/* Gives mark and due time to everything published since the last call. */
void lane_mark(struct lane *lane, const struct pace_mark *mark, int64_t due_us);

/* The flight with that message id, taken out, and its twin told; the caller frees it with free(). Unless it is `answered` already,
 * its entry is the caller's. NULL: not ours. */
struct flight *lane_answered(struct lane *lane, uint16_t mid);

/* What the kernel says of the connection since the last call; all zero when not connected. */
struct lane_news {
	uint64_t wire_bytes; /* put on the wire */
	bool unsent;         /* something handed down is not sent yet, for lack of a congestion window */
	bool lost;           /* a loss was noticed */
	uint32_t rtt_us;     /* smoothed */
};
struct lane_news lane_news(struct lane *lane);
/* What was published since the last lane_news or lane_take_reckoned, by the lane's own reckoning and without the headers of TCP
 * and IP. Costs nothing. Taking it means that it was accounted for: the next lane_news leaves it out. */
uint64_t lane_reckoned_bytes(const struct lane *lane);
uint64_t lane_take_reckoned(struct lane *lane);
