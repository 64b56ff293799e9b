/* The tool's socket against clients that behave and clients that do not. */
#include "tests/unit/control-fixture.h"

static void answers_several_requests_of_one_connection(void **state)
{
	struct fixture *fixture = *state;
	int fd = client(fixture);
	say_text(fixture, fd, "one\n");
	assert_hears(fixture, fd, "one\n", false);
	say_text(fixture, fd, "two\n\n\r\nthree\n");
	assert_hears(fixture, fd, "two\nthree\n", false);
	assert_int_equal(fixture->requests, 3);
	close(fd);
	pump(fixture);
	assert_int_equal(fixture->gone, 1);
	assert_ptr_equal(fixture->last_gone, fixture->last_client);
	assert_int_equal(control_client_count(fixture->control), 0);
}

static void line_may_come_in_any_pieces(void **state)
{
	struct fixture *fixture = *state;
	static const char text[] = "{\"command\":\"status\"}\nnext\n";
	int fd = client(fixture);
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		say(fixture, fd, text + i, 1);
	assert_hears(fixture, fd, text, false);
	close(fd);
}

static void request_is_handed_over_whatever_bytes_it_has(void **state)
{
	struct fixture *fixture = *state;
	static const char bytes[] = {'a', 0, (char)0xff, 0x1b, '\n'};
	int fd = client(fixture);
	say(fixture, fd, bytes, sizeof(bytes));
	assert_int_equal(fixture->last_size, 4);
	assert_memory_equal(fixture->last, bytes, 4);
	assert_int_equal(fixture->last[4], 0);
	close(fd);
}

static void longest_line_is_taken_and_one_byte_more_is_refused(void **state)
{
	struct fixture *fixture = *state;
	char line[CONTROL_REQUEST_MAX + 2];
	memset(line, 'a', sizeof(line));
	line[CONTROL_REQUEST_MAX] = '\n';
	int fd = client(fixture);
	say(fixture, fd, line, CONTROL_REQUEST_MAX + 1);
	assert_hears(fixture, fd, "long\n", false);
	assert_int_equal(fixture->last_size, CONTROL_REQUEST_MAX);

	line[CONTROL_REQUEST_MAX] = 'a';
	say(fixture, fd, line, CONTROL_REQUEST_MAX + 1);
	assert_hears(fixture, fd, "{\"error\":\"the request is longer than 16384 bytes\"}\n", true);
	assert_int_equal(fixture->requests, 1);
	assert_int_equal(control_client_count(fixture->control), 0);
	close(fd);
}

static void half_closed_client_still_gets_its_answer(void **state)
{
	struct fixture *fixture = *state;
	int fd = client(fixture);
	say_text(fixture, fd, "now\nlater\n");
	shutdown(fd, SHUT_WR);
	assert_hears(fixture, fd, "now\n", false);
	control_reply(fixture->last_client, "done");
	assert_hears(fixture, fd, "done\n", false);
	control_end(fixture->last_client);
	assert_hears(fixture, fd, "", true);
	assert_int_equal(fixture->gone, 1);
	close(fd);
}

static void half_closed_client_that_asked_nothing_is_let_go(void **state)
{
	struct fixture *fixture = *state;
	int fd = client(fixture);
	say_text(fixture, fd, "half a line");
	shutdown(fd, SHUT_WR);
	assert_hears(fixture, fd, "", true);
	assert_int_equal(fixture->requests, 0);
	assert_int_equal(control_client_count(fixture->control), 0);
	close(fd);
}

static void end_lets_the_last_answer_through(void **state)
{
	struct fixture *fixture = *state;
	int fd = client(fixture);
	say_text(fixture, fd, "end\nnot any more\n");
	assert_hears(fixture, fd, "end\n", true);
	assert_int_equal(fixture->requests, 1);
	assert_int_equal(fixture->gone, 1);
	close(fd);
}

static void streams_reach_only_their_subscribers(void **state)
{
	struct fixture *fixture = *state;
	int traffic = client(fixture), messages = client(fixture), none = client(fixture);
	assert_false(control_wanted(fixture->control, "traffic"));
	say_text(fixture, traffic, "traffic\ntraffic\n");
	say_text(fixture, messages, "messages\n");
	say_text(fixture, none, "other\n");
	assert_true(control_wanted(fixture->control, "traffic"));
	control_publish(fixture->control, "traffic", "t1");
	control_publish(fixture->control, "messages", "m1");
	assert_hears(fixture, traffic, "traffic\ntraffic\nt1\n", false);
	assert_hears(fixture, messages, "messages\nm1\n", false);
	assert_hears(fixture, none, "other\n", false);
	close(traffic);
	pump(fixture);
	assert_false(control_wanted(fixture->control, "traffic"));
	control_publish(fixture->control, "traffic", "t2");
	close(messages);
	close(none);
}

/* Each radio is a stream, and so are all of them and the messages. */
static void one_client_has_as_many_streams_as_there_are(void **state)
{
	enum { STREAMS = 32 + 2 };
	static char names[STREAMS][8];
	struct fixture *fixture = *state;
	int fd = client(fixture);
	say_text(fixture, fd, "other\n");
	for (unsigned i = 0; i < STREAMS; i++) {
		snprintf(names[i], sizeof(names[i]), "s%u", i);
		control_subscribe(fixture->last_client, names[i]);
	}
	for (unsigned i = 0; i < STREAMS; i++)
		assert_true(control_wanted(fixture->control, names[i]));
	close(fd);
}

/* Lines "0".."n" padded to 1000 bytes; gaps only where {"lost":n} says so. Returns the number of gaps. */
static unsigned check_gaps(char *text, unsigned total)
{
	unsigned expected = 0, gaps = 0;
	char *rest = NULL;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		unsigned long long lost;
		if (sscanf(line, "{\"lost\":%llu}", &lost) == 1) {
			expected += (unsigned)lost;
			gaps++;
			continue;
		}
		assert_int_equal(strtoul(line, NULL, 10), expected);
		assert_int_equal(strlen(line), 1000);
		expected++;
	}
	assert_int_equal(expected, total);
	return gaps;
}

static void slow_reader_loses_lines_and_is_told_how_many(void **state)
{
	struct fixture *fixture = *state;
	int slow = client(fixture), other = client(fixture);
	say_text(fixture, slow, "traffic\n");
	assert_hears(fixture, slow, "traffic\n", false);
	char line[1001];
	const unsigned total = 2000;
	for (unsigned i = 0; i < total; i++) {
		snprintf(line, sizeof(line), "%-1000u", i);
		control_publish(fixture->control, "traffic", line);
		if (i % 50 == 0)
			pump(fixture);
	}
	say_text(fixture, other, "still here\n");
	assert_hears(fixture, other, "still here\n", false);
	char *text = hear(fixture, slow, NULL);
	/* What the kernel and we keep together stays far below what was published. */
	assert_true(strlen(text) < 1000 * 1000);
	assert_int_equal(check_gaps(text, total), 1);
	free(text);
	snprintf(line, sizeof(line), "%s", "afterwards");
	control_publish(fixture->control, "traffic", line);
	assert_hears(fixture, slow, "afterwards\n", false);
	close(slow);
	close(other);
}

static void line_larger_than_all_room_is_lost_alone(void **state)
{
	struct fixture *fixture = *state;
	int fd = client(fixture);
	say_text(fixture, fd, "big 262144\n");
	assert_hears(fixture, fd, "{\"lost\":1}\n", false);
	say_text(fixture, fd, "hello\n");
	assert_hears(fixture, fd, "hello\n", false);
	say_text(fixture, fd, "big 262143\n");
	char *text = hear(fixture, fd, NULL);
	assert_int_equal(strlen(text), CONTROL_WAITING_MAX);
	free(text);
	close(fd);
}

static void client_that_asks_without_reading_is_paused_and_loses_nothing(void **state)
{
	struct fixture *fixture = *state;
	enum { REQUESTS = 400 };
	static const char request[] = "big 10000\n";
	char requests[REQUESTS * (sizeof(request) - 1)];
	for (size_t i = 0; i < sizeof(requests); i++)
		requests[i] = request[i % (sizeof(request) - 1)];
	int fd = client(fixture);
	say(fixture, fd, requests, sizeof(requests));
	pump(fixture);
	/* The kernel's buffer (about 200 kB) and CONTROL_WAITING_PAUSE hold some 30-40 answers. */
	assert_true(fixture->requests < 100);
	char *text = hear(fixture, fd, NULL);
	assert_null(strstr(text, "lost"));
	assert_int_equal(strlen(text), REQUESTS * 10001);
	free(text);
	assert_int_equal(fixture->requests, REQUESTS);
	close(fd);
}

static void client_that_breaks_off_is_forgotten_once(void **state)
{
	struct fixture *fixture = *state;
	int fd = client(fixture);
	say_text(fixture, fd, "traffic\n");
	say_text(fixture, fd, "big 200000\n");
	close(fd);
	control_publish(fixture->control, "traffic", "into the void");
	pump(fixture);
	assert_int_equal(fixture->gone, 1);
	assert_int_equal(control_client_count(fixture->control), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(answers_several_requests_of_one_connection),
	    TEST(line_may_come_in_any_pieces),
	    TEST(request_is_handed_over_whatever_bytes_it_has),
	    TEST(longest_line_is_taken_and_one_byte_more_is_refused),
	    TEST(half_closed_client_still_gets_its_answer),
	    TEST(half_closed_client_that_asked_nothing_is_let_go),
	    TEST(end_lets_the_last_answer_through),
	    TEST(streams_reach_only_their_subscribers),
	    TEST(one_client_has_as_many_streams_as_there_are),
	    TEST(slow_reader_loses_lines_and_is_told_how_many),
	    TEST(line_larger_than_all_room_is_lost_alone),
	    TEST(client_that_asks_without_reading_is_paused_and_loses_nothing),
	    TEST(client_that_breaks_off_is_forgotten_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
