/* APRS times, which lack year and month, made whole. */
#include "drivers/codec/aprs_time.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { DAY_S = 86400, AHEAD_S = 12 * 3600, MONTHS_BACK = 13 };

struct date {
	int64_t year;
	int month, day; /* 1-12, 1-31 */
};

/* Days since 1970-01-01 of a date of the Gregorian calendar. Years are counted from March, so that the leap day comes
 * last. */
static int64_t days_of_date(struct date date)
{
	int64_t year = date.month <= 2 ? date.year - 1 : date.year;
	int64_t month = (date.month + 9) % 12;
	int64_t leap_days = year / 4 - year / 100 + year / 400;
	return year * 365 + leap_days + (month * 153 + 2) / 5 + date.day - 1 - 719468;
}

static int days_in_month(int64_t year, int month)
{
	struct date first = {year, month, 1}, next = {month == 12 ? year + 1 : year, month % 12 + 1, 1};
	return (int)(days_of_date(next) - days_of_date(first));
}

/* Year and month of a number of days; the day is left 1. Dates before 1970 do not come up. */
static struct date month_of_days(int64_t days)
{
	struct date date = {1970 + days / 366, 1, 1};
	while (days_of_date((struct date){date.year + 1, 1, 1}) <= days)
		date.year++;
	while (date.month < 12 && days_of_date((struct date){date.year, date.month + 1, 1}) <= days)
		date.month++;
	return date;
}

static int two_digits(const char *text)
{
	return (text[0] - '0') * 10 + text[1] - '0';
}

/* HHMMSS of the day that brings it nearest to now. */
static int64_t resolve_time_of_day(const char *text, int64_t now_s)
{
	int64_t second = two_digits(text) * 3600 + two_digits(text + 2) * 60 + two_digits(text + 4);
	int64_t ahead = second - now_s % DAY_S;
	if (ahead > AHEAD_S)
		ahead -= DAY_S;
	else if (ahead < -AHEAD_S)
		ahead += DAY_S;
	return now_s + ahead;
}

/* Day, hour and minute in the latest month (of that number, 0 = any) where it is at most 12 h ahead; 0 = none. */
static int64_t resolve_day(int wanted_month, int day, const char *hour_minute, int64_t now_s)
{
	int64_t second = two_digits(hour_minute) * 3600 + two_digits(hour_minute + 2) * 60;
	struct date date = month_of_days((now_s + AHEAD_S) / DAY_S);
	for (int back = 0; back < MONTHS_BACK; back++) {
		date.day = day;
		int64_t candidate = days_of_date(date) * DAY_S + second;
		if ((wanted_month == 0 || wanted_month == date.month) && day <= days_in_month(date.year, date.month) &&
		    candidate <= now_s + AHEAD_S)
			return candidate;
		if (--date.month == 0) {
			date.month = 12;
			date.year--;
		}
	}
	return 0;
}

static bool is_digits(const char *text, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return true;
}

int64_t aprs_time_resolve(const char *timestamp, int64_t wall_ms)
{
	size_t size = strlen(timestamp);
	if (wall_ms <= 0 || size < 7 || !is_digits(timestamp, size == 8 ? 8 : 6))
		return 0;
	int64_t now_s = wall_ms / 1000, at_s = 0;
	if (size == 8)
		at_s = resolve_day(two_digits(timestamp), two_digits(timestamp + 2), timestamp + 4, now_s);
	else if (timestamp[6] == 'z')
		at_s = resolve_day(0, two_digits(timestamp), timestamp + 2, now_s);
	else if (timestamp[6] == 'h')
		at_s = resolve_time_of_day(timestamp, now_s);
	return at_s > 0 ? at_s * 1000 : 0;
}
