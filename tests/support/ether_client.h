/* A simulated transceiver's connection to the simulated ether (tests/sim/ether.c). One text message a SOCK_SEQPACKET datagram:
 *
 *   to the ether    join NAME                       a transceiver placed by the scenario, or 0,0 where it does not know the name
 *                   tune HZ BW_HZ SF CR PREAMBLE SYNC POWER_DBM [implicit] [nocrc]      LoRa; CR 5-8
 *                   tune HZ afsk BAUD TXDELAY_MS POWER_DBM
 *                                                   switches the receiver on; what is on the air already is not heard, unless nothing
 *                                                   but the power differs from before
 *                   off                             receiver off (sleep, configuration); nothing is heard
 *                   send HEX                        begins a transmission now; the receiver is deaf until its end. LoRa: 1-255 bytes;
 *                                                   afsk: an AX.25 frame without its check sequence
 *                   listen                          is there a carrier on the tuned channel?
 *   from the ether  welcome SPEED                   simulated seconds in a real one: delays of a simulator are divided by it
 *                   heard RSSI_DBM SNR_DB HEX       at the end of the transmission
 *                   spoilt RSSI_DBM                 a packet that collided or was too weak for the CRC, but whose preamble was seen
 *                   sent AIRTIME_US                 at the end of the own transmission
 *                   carrier 0|1                     answer to listen
 *                   error TEXT                      what was asked for last was refused: not joined, not tuned, still sending, bad size
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ETHER_PAYLOAD_MAX = 512 };

enum ether_event {
	ETHER_NOTHING,
	ETHER_WELCOME,
	ETHER_HEARD,
	ETHER_SPOILT,
	ETHER_SENT,
	ETHER_CARRIER,
	ETHER_ERROR,
	ETHER_GONE
};

struct ether_news {
	enum ether_event event;
	double speed;            /* WELCOME */
	double rssi_dbm, snr_db; /* HEARD, SPOILT */
	int64_t airtime_us;      /* SENT */
	bool carrier;            /* CARRIER */
	uint8_t bytes[ETHER_PAYLOAD_MAX];
	size_t size;    /* HEARD */
	char text[128]; /* ERROR */
};

struct ether_tuning {
	uint32_t frequency_hz;
	int power_dbm;
	/* LoRa */
	uint32_t bandwidth_hz;
	unsigned spreading_factor, coding_rate; /* 5-12, 5-8 */
	unsigned preamble, sync;
	bool implicit, no_crc;
	/* FM voice radio with audio tones; 0 = it is LoRa */
	unsigned afsk_baud, txdelay_ms;
};

struct ether_client;

/* Connects and joins; NULL with errno. */
struct ether_client *ether_join(const char *socket_path, const char *name);
void ether_leave(struct ether_client *client);
/* To be polled. */
int ether_fd(const struct ether_client *client);
/* The next piece of news, ETHER_NOTHING if there is none now. */
enum ether_event ether_take(struct ether_client *client, struct ether_news *news);

void ether_tune(struct ether_client *client, const struct ether_tuning *tuning);
void ether_off(struct ether_client *client);
/* size up to ETHER_PAYLOAD_MAX. */
void ether_send(struct ether_client *client, const void *bytes, size_t size);
void ether_listen(struct ether_client *client);
