/* How strong a signal arrives and whether it can be read: the physics of the simulated ether, without state. */
#pragma once

#include <stdbool.h>

struct ether_place {
	double x_m, y_m;
	double height_m;    /* of the antenna above flat ground */
	double antenna_dbi; /* 2.15 = a dipole */
};

/* Basic transmission loss between two antennas, without their gains: free space (ITU-R P.525) up to where the wave that the ground
 * throws back counts, from there the plane earth's 40 log d - 20 log h1 h2; whichever is more. Nearer than a metre counts as a metre.
 * INFINITY beyond the radio horizon of an earth of 4/3 radius, 4.12 km (sqrt h1 + sqrt h2). */
double ether_path_loss_db(const struct ether_place *one, const struct ether_place *other, double frequency_hz);

/* Thermal noise at 290 K in that bandwidth, and what the receiver adds. */
double ether_noise_dbm(double bandwidth_hz, double noise_figure_db);

/* The least signal-to-noise ratio at which a LoRa packet is read (SX1276 and SX1262 data sheets): -7.5 dB at SF 7, 2.5 less each step. */
double ether_lora_snr_limit_db(unsigned spreading_factor);

/* The part (0 to 1) of a signal's band that lies inside a receiver's. */
double ether_share(double signal_hz, double signal_bandwidth_hz, double receiver_hz, double receiver_bandwidth_hz);

double ether_mw(double dbm);
double ether_dbm(double mw);
