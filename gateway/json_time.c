/* Times and days as they stand in JSON, written and read. */
#include <string.h>

#include "gateway/json.h"
#include "gateway/json_parts.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

static char *digits(char *at, unsigned value, unsigned count)
{
	for (unsigned i = count; i-- > 0; value /= 10)
		at[i] = (char)('0' + value % 10);
	return at + count;
}

static unsigned leap_day(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 1 : 0;
}

static unsigned days_of_month(unsigned year, unsigned month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return days[month] + (month == 1 ? leap_day(year) : 0);
}

/* Days since 1970-01-01 to "YYYY-MM-DD". Counted by hand, since gmtime_r ends in 2038 where time_t has 32 bits. */
static char *date(char *at, unsigned days)
{
	unsigned year = 1970, month = 0;
	for (; days >= 365 + leap_day(year); year++)
		days -= 365 + leap_day(year);
	for (; days >= days_of_month(year, month); month++)
		days -= days_of_month(year, month);
	at = digits(at, year, 4);
	*at++ = '-';
	at = digits(at, month + 1, 2);
	*at++ = '-';
	return digits(at, days + 1, 2);
}

char *json_time(int64_t unix_ms, char buffer[static 32])
{
	const int64_t last_ms = INT64_C(
	    253402300799999); /* 9999-12-31T23:59:59.999Z: four digits of year are the format */
	if (unix_ms < 0)
		unix_ms = 0;
	if (unix_ms > last_ms)
		unix_ms = last_ms;
	unsigned ms = (unsigned)(unix_ms % DAY_MS);
	char *at = date(buffer, (unsigned)(unix_ms / DAY_MS));
	*at++ = 'T';
	at = digits(at, ms / (60 * 60 * 1000), 2);
	*at++ = ':';
	at = digits(at, ms / (60 * 1000) % 60, 2);
	*at++ = ':';
	at = digits(at, ms / 1000 % 60, 2);
	*at++ = '.';
	at = digits(at, ms % 1000, 3);
	*at++ = 'Z';
	*at = '\0';
	return buffer;
}

char *json_day(unsigned days, char buffer[static 32])
{
	const unsigned last = 2932896; /* 9999-12-31 */
	*date(buffer, days < last ? days : last) = '\0';
	return buffer;
}

/* count digits at text as a number, or -1. */
static int number(const char *text, unsigned count)
{
	int value = 0;
	for (unsigned i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

/* "YYYY-MM-DD" at text, whatever follows, as days since 1970-01-01, or -1. */
static int64_t days_of(const char *text)
{
	int year = number(text, 4);
	if (year < 1970 || text[4] != '-')
		return -1;
	int month = number(text + 5, 2);
	if (month < 1 || month > 12 || text[7] != '-')
		return -1;
	int day = number(text + 8, 2);
	if (day < 1 || day > (int)days_of_month((unsigned)year, (unsigned)month - 1))
		return -1;
	int64_t days = day - 1;
	for (int i = 1970; i < year; i++)
		days += 365 + leap_day((unsigned)i);
	for (int i = 0; i < month - 1; i++)
		days += days_of_month((unsigned)year, (unsigned)i);
	return days;
}

int64_t json_parse_day(const char *text)
{
	return strlen(text) == 10 ? days_of(text) : -1;
}

/* ".123Z" or "Z" as milliseconds, or -1. */
static int parse_end(const char *text)
{
	if (strcmp(text, "Z") == 0)
		return 0;
	bool right = strlen(text) == 5 && text[0] == '.' && text[4] == 'Z';
	return right ? number(text + 1, 3) : -1;
}

int64_t json_parse_time(const char *text)
{
	if (strlen(text) < 20)
		return -1;
	int64_t days = days_of(text);
	int hour = number(text + 11, 2), minute = number(text + 14, 2), second = number(text + 17, 2);
	int ms = parse_end(text + 19);
	bool right = text[10] == 'T' && text[13] == ':' && text[16] == ':' && days >= 0 && ms >= 0;
	if (!right || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
		return -1;
	return days * DAY_MS + ((hour * 60 + minute) * 60 + second) * INT64_C(1000) + ms;
}
