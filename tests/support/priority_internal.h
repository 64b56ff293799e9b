/* The halves of the simulation: the gateway and the field. All times in us of the simulated clock. */
#pragma once

#include "gateway/ledger.h"
#include "gateway/transmit.h"
#include "tests/support/priority.h"

/* What frames say: kind, station, number, then bytes of no meaning. */
enum frame_kind { FRAME_DOWN = 'D', FRAME_ACK = 'K', FRAME_ALERT = 'A', FRAME_POSITION = 'P' };

struct frame {
	uint8_t bytes[ETHER_PAYLOAD_MAX];
	size_t size;
};

/* size without what carries it. */
void frame_make(struct frame *frame, const struct priority_case *of, enum frame_kind kind, unsigned station,
		unsigned number, size_t size);
enum frame_kind frame_kind(const struct priority_case *of, const uint8_t *bytes);
unsigned frame_station(const struct priority_case *of, const uint8_t *bytes);
unsigned frame_number(const struct priority_case *of, const uint8_t *bytes);

/* At least 0, below 1. */
double dice_roll(unsigned short dice[3]);

/* ---- the gateway ---- */

struct gateway;

struct gateway *gateway_new(const struct priority_settings *settings, struct ether_model *model,
			    struct priority_result *result);
void gateway_free(struct gateway *gateway);
/* An alert of that class (or, with an acknowledgement of that number, one to a station) is to go now. */
void gateway_alert(struct gateway *gateway, enum message_class class, unsigned station, int64_t now_us);
void gateway_acknowledge(struct gateway *gateway, unsigned station, unsigned number, int64_t now_us);
/* Its frame has left. */
void gateway_sent(struct gateway *gateway, int64_t now_us);
/* Does what may be done now; returns when to be called again at the latest. */
int64_t gateway_turn(struct gateway *gateway, int64_t now_us);

/* ---- the field ---- */

struct field;

struct field *field_new(const struct priority_settings *settings, struct ether_model *model,
			struct priority_result *result);
void field_free(struct field *field);
/* A station has something to alert to. */
void field_alert(struct field *field, unsigned station, int64_t now_us);
/* News for a transceiver of the ether that is one of the stations. */
void field_news(struct field *field, const struct ether_arrival *arrival);
/* The gateway has heard an alert; false: it knew it. */
bool field_delivered(struct field *field, unsigned station, unsigned number);
int64_t field_turn(struct field *field, int64_t now_us);
