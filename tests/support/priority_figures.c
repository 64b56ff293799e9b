/* What several runs of tx-priority come to. */
#include "tests/support/priority_figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double frame_and_a_bit = 1.02;

static void append(double **list, size_t *count, double value)
{
	*list = realloc(*list, (*count + 1) * sizeof(double));
	if (!*list)
		abort();
	(*list)[(*count)++] = value;
}

static void add_alert(struct priority_figures *figures, const struct priority_settings *settings,
		      const struct priority_alert *alert)
{
	bool began = alert->start_us >= 0;
	double longest_us = (double)figures->longest_us;
	double wait = (double)((began ? alert->start_us : settings->duration_us) - alert->put_us) / longest_us;
	double carrier = began ? (double)alert->carrier_us / longest_us : 0;
	figures->delayed += !began || alert->airtime_us > 0;
	if (!alert->distress) {
		append(&figures->urgent_frames, &figures->urgent_count, wait);
		return;
	}
	append(&figures->distress_frames, &figures->distress_count, wait);
	figures->distress_late += wait > frame_and_a_bit + carrier;
	if (wait < figures->distress_max)
		return;
	figures->distress_max = wait;
	figures->carrier_of_max = carrier;
}

void priority_add(struct priority_figures *figures, const struct priority_settings *settings,
		  const struct priority_result *result)
{
	figures->runs++;
	figures->longest_us = priority_longest_us(settings->of);
	for (size_t i = 0; i < result->alert_count; i++)
		add_alert(figures, settings, &result->alerts[i]);
	for (size_t i = 0; i < 5; i++)
		figures->sent[i] += result->sent[i];
	figures->frames += result->frames;
	figures->airtime_us += result->airtime_us;
	figures->overruns += result->overruns;
	if (result->turn_delay_max > figures->turn_delay_max)
		figures->turn_delay_max = result->turn_delay_max;
	figures->field_alerts += result->field_alerts;
	figures->field_delivered += result->field_delivered;
	figures->field_acknowledged += result->field_acknowledged;
	figures->field_sent += result->field_sent;
}

static int compare(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;
	return a < b ? -1 : a > b;
}

void priority_conclude(struct priority_figures *figures)
{
	if (figures->urgent_count == 0)
		return;
	qsort(figures->urgent_frames, figures->urgent_count, sizeof(double), compare);
	size_t at = (size_t)ceil(0.99 * (double)figures->urgent_count);
	figures->urgent_p99 = figures->urgent_frames[at - 1];
}

void priority_clear(struct priority_figures *figures)
{
	free(figures->distress_frames);
	free(figures->urgent_frames);
	memset(figures, 0, sizeof(*figures));
}
