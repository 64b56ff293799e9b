/* How strong a signal arrives and whether it can be read. */
#include "tests/support/ether_propagation.h"

#include <math.h>

static const double light_m_s = 299792458.0;
static const double thermal_dbm_hz = -173.975; /* k T at 290 K */

static double at_least(double value, double least)
{
	return value < least ? least : value;
}

double ether_path_loss_db(const struct ether_place *one, const struct ether_place *other, double frequency_hz)
{
	double distance_m = at_least(hypot(one->x_m - other->x_m, one->y_m - other->y_m), 1);
	double low_m = at_least(one->height_m, 0.1), high_m = at_least(other->height_m, 0.1);
	if (distance_m > 4120 * (sqrt(low_m) + sqrt(high_m)))
		return INFINITY;
	double free_space_db = 20 * log10(4 * M_PI * distance_m * frequency_hz / light_m_s);
	double plane_earth_db = 40 * log10(distance_m) - 20 * log10(low_m * high_m);
	return at_least(plane_earth_db, free_space_db);
}

double ether_noise_dbm(double bandwidth_hz, double noise_figure_db)
{
	return thermal_dbm_hz + 10 * log10(bandwidth_hz) + noise_figure_db;
}

double ether_lora_snr_limit_db(unsigned spreading_factor)
{
	return 10 - 2.5 * spreading_factor;
}

double ether_share(double signal_hz, double signal_bandwidth_hz, double receiver_hz, double receiver_bandwidth_hz)
{
	double low = fmax(signal_hz - signal_bandwidth_hz / 2, receiver_hz - receiver_bandwidth_hz / 2);
	double high = fmin(signal_hz + signal_bandwidth_hz / 2, receiver_hz + receiver_bandwidth_hz / 2);
	return high > low ? (high - low) / signal_bandwidth_hz : 0;
}

double ether_mw(double dbm)
{
	return pow(10, dbm / 10);
}

double ether_dbm(double mw)
{
	return 10 * log10(mw);
}
