/* The aprs air protocol: datagrams to messages with their ids, third-party traffic, one's own frames. */
#include "tests/unit/aprs-fixture.h"

static void hear_line(const char *line)
{
	record_clear(&record);
	aprs->air->input_text(aprs->state, line, strlen(line));
}

/* Sends a line through AX.25: what air_aprs hears of it on a radio. */
static void hear_frame(const char *source, const char *destination, const char *path, const char *information)
{
	struct ax25_frame frame = {.information = (const uint8_t *)information,
				   .information_size = strlen(information)};
	uint8_t bytes[AX25_FRAME_SEND_MAX];
	record_clear(&record);
	assert_true(ax25_address_parse(source, strlen(source), &frame.source));
	assert_true(ax25_address_parse(destination, strlen(destination), &frame.destination));
	while (*path) {
		size_t size = strcspn(path, ",");
		assert_true(ax25_address_parse(path, size, &frame.digipeaters[frame.digipeater_count++]));
		path += size + (path[size] == ',');
	}
	size_t size = ax25_encode(&frame, bytes, sizeof(bytes));
	assert_true(size > 0);
	aprs->air->input(aprs->state, &(struct datagram){.bytes = bytes, .size = size, .rssi_dbm = -97, .snr_db = NAN});
}

static void test_datagram(void **unused)
{
	(void)unused;
	start(NULL);
	hear_frame("N0CALL-7", "APZ001", "DIGI1*,WIDE2-1", "@232339z4903.50N/07201.75W>088/036on the way");
	const struct message *message = &record.message;
	assert_int_equal(record.message_count, 1);
	assert_int_equal(message->kind, KIND_POSITION);
	assert_int_equal(message->class, CLASS_BULK);
	assert_int_equal(message->authenticity, AUTHENTICITY_UNVERIFIED);
	assert_string_equal(message->data_type, "position");
	assert_string_equal(message->station, "N0CALL-7");
	assert_string_equal(message->callsign, "N0CALL-7");
	assert_string_equal(message->heard.path, "DIGI1*,WIDE2-1");
	assert_int_equal(message->heard.hops, 1);
	assert_true(message->heard.rssi_dbm == -97 && isnan(message->heard.snr_db));
	assert_true(message->position.valid);
	assert_string_equal(message->text, "on the way");
	assert_string_equal(message->aprs.timestamp, "232339z");
	assert_int_equal(message->sent_at_ms, WALL_MS - 67000);
	assert_int_equal(message->hint, HINT_NONE);
	assert_string_equal(message->aprs.third_party, "");
	assert_int_equal(message->raw_size, 0);
}

static void test_refused_datagrams(void **unused)
{
	(void)unused;
	start(NULL);
	aprs->air->input(aprs->state, &(struct datagram){.bytes = (const uint8_t *)"short", .size = 5});
	uint8_t bytes[23] = {0x82, 0xa0, 0xa4, 0xa6, 0x40, 0x40, 0xe0, 0x9c, 0x60, 0x86, 0x82, 0x98,
			     0x98, 0x6f, 0x03, 0xcf, 0x3e, 0x73, 0x74, 0x61, 0x74, 0x75, 0x73};
	aprs->air->input(aprs->state, &(struct datagram){.bytes = bytes, .size = sizeof(bytes)});
	assert_int_equal(record.message_count, 0);
	assert_int_equal(record.drop_count, 2);
	assert_int_equal(record_drops(&record, "ax25_too_short"), 1);
	assert_int_equal(record_drops(&record, "ax25_not_aprs"), 1);
}

static void test_refused_lines(void **unused)
{
	(void)unused;
	static const struct {
		const char *line, *reason;
	} cases[] = {
	    {"", "tnc2_no_header"},
	    {"no header at all", "tnc2_no_header"},
	    {"A:B>C", "tnc2_no_header"},
	    {">APRS:x", "tnc2_bad_source"},
	    {"N0CALL_7>APRS:x", "tnc2_bad_source"},
	    {"N0CALL-7AB>APRS:x", "tnc2_bad_source"},
	    {"N0CALL->APRS:x", "tnc2_bad_source"},
	    {"N0CALL>:x", "tnc2_bad_destination"},
	    {"N0CALL>aprs:x", "tnc2_bad_destination"},
	    {"N0CALL>APRS-16:x", "tnc2_bad_destination"},
	    {"N0CALL>APRSAPRS:x", "tnc2_bad_destination"},
	    {"N0CALL>APRS*:x", "tnc2_bad_destination"},
	    {"N0CALL>APRS,:x", "tnc2_bad_path"},
	    {"N0CALL>APRS,WIDE1-1,,WIDE2-1:x", "tnc2_bad_path"},
	    {"N0CALL>APRS,WIDE 1:x", "tnc2_bad_path"},
	    {"N0CALL>APRS,0123456789:x", "tnc2_bad_path"},
	    {"N0CALL>APRS,WIDE1-1:", "tnc2_no_information"},
	    {"N0CALL>APRS:\r\n", "tnc2_no_information"},
	};
	start(NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		hear_line(cases[i].line);
		if (record.message_count || record.drop_count != 1 || strcmp(record.drops[0], cases[i].reason) != 0)
			fail_msg("%s: %s", cases[i].line, record.drop_count ? record.drops[0] : "taken");
	}
	char line[700];
	memset(line, 'x', sizeof(line));
	memcpy(line, "N0CALL>APRS:>", 13);
	aprs->air->input_text(aprs->state, line, 12 + 512);
	assert_int_equal(record.message_count, 1);
	aprs->air->input_text(aprs->state, line, 12 + 513);
	assert_int_equal(record_drops(&record, "tnc2_too_long"), 1);
}

/* Forms that only the Internet knows, and line ends. */
static void test_lines(void **unused)
{
	(void)unused;
	start(NULL);
	hear_line("N0CALL-AB>APRS,N0CALL-1,N0CALL-2*,WIDE2-1,qAR,T2TOKYO3:>hello\r\n");
	assert_int_equal(record.message_count, 1);
	assert_string_equal(record.message.station, "N0CALL-AB");
	assert_string_equal(record.message.heard.path, "N0CALL-1,N0CALL-2*,WIDE2-1,qAR,T2TOKYO3");
	assert_int_equal(record.message.heard.hops, 2);
	assert_string_equal(record.message.text, "hello");
	hear_line("N0CALL-0>APRS,TCPIP*,qAI,FIRST,0123456789ABCDEF0123456789ABCDEF:>hello");
	assert_int_equal(record.message_count, 1);
	assert_string_equal(record.message.station, "N0CALL");
}

static void expect_id(const char *hashed, int64_t bucket, const char *id)
{
	char expected[MESSAGE_ID_MAX];
	uint64_t hash = fnv1a64(FNV1A64_START, hashed, strlen(hashed));
	snprintf(expected, sizeof(expected), "a-%016llx-%lld", (unsigned long long)hash, (long long)bucket);
	assert_string_equal(id, expected);
}

static void test_ids(void **unused)
{
	(void)unused;
	start(NULL);
	hear_frame("N0CALL-7", "APRS-3", "WIDE1-1", ">status");
	expect_id("N0CALL-7>APRS:>status", WALL_MS / 30000, record.message.id);
	expect_id("N0CALL-7>APRS:>status", WALL_MS / 30000 - 1, record.message.alt_id);
	char id[MESSAGE_ID_MAX], alt_id[MESSAGE_ID_MAX];
	memcpy(id, record.message.id, sizeof(id));
	memcpy(alt_id, record.message.alt_id, sizeof(alt_id));
	/* The same transmission over another path, with what digipeaters do to its end, and as a line. */
	hear_frame("N0CALL-7", "APRS", "DIGI1,DIGI2*", ">status \r\n");
	assert_string_equal(record.message.id, id);
	hear_line("N0CALL-7>APRS-1,qAR,N0CALL-1:>status ");
	assert_string_equal(record.message.id, id);
	/* Other things have other ids; 30 s later the old one is the alternative. */
	hear_line("N0CALL-8>APRS:>status");
	assert_string_not_equal(record.message.id, id);
	hear_line("N0CALL-7>APRX:>status");
	assert_string_not_equal(record.message.id, id);
	hear_line("N0CALL-7>APRS:> status");
	assert_string_not_equal(record.message.id, id);
	record.wall_ms += 30000;
	hear_line("N0CALL-7>APRS:>status");
	assert_string_not_equal(record.message.id, id);
	assert_string_equal(record.message.alt_id, id);
	/* Without a clock there is neither id nor time. */
	record.wall_ms = 0;
	hear_line("N0CALL-7>APRS:>092345zstatus");
	assert_string_equal(record.message.id, "");
	assert_string_equal(record.message.alt_id, "");
	assert_int_equal(record.message.sent_at_ms, 0);
	assert_string_equal(record.message.aprs.timestamp, "092345z");
}

struct kind_case {
	const char *information;
	enum message_kind kind;
	const char *data_type;
};

static const struct kind_case kinds[] = {
    {"!4903.50N/07201.75W-", KIND_POSITION, "position"},
    {";LEADER   *092345z4903.50N/07201.75W>", KIND_POSITION, "object"},
    {")AID #2!4903.50N/07201.75WA", KIND_POSITION, "item"},
    {":N0CALL   :hello", KIND_TEXT, "message"},
    {":N0CALL   :ack1", KIND_ACK, "message-ack"},
    {":N0CALL   :rej1", KIND_ACK, "message-rej"},
    {":BLN1     :hello", KIND_TEXT, "bulletin"},
    {":BLNA     :hello", KIND_TEXT, "announcement"},
    {":NWS-WARN :hello", KIND_TEXT, "nws"},
    {">hello", KIND_TEXT, "status"},
    {"T#1,2", KIND_TELEMETRY, "telemetry"},
    {"_10090556c220s004g005t077", KIND_TELEMETRY, "weather"},
    {"!4903.50N/07201.75W_220/004g005t077", KIND_TELEMETRY, "weather"},
    {"?APRS?", KIND_RAW, "query"},
    {"<IGATE", KIND_RAW, "capabilities"},
    {"$GPRMC", KIND_RAW, "nmea"},
    {"{Q1", KIND_RAW, "user-defined"},
    {",x", KIND_RAW, "test"},
    {"}nonsense", KIND_RAW, "third-party"},
    {"nonsense", KIND_RAW, "raw"},
    {"!nonsense", KIND_RAW, "position"},
};

static void test_kinds(void **unused)
{
	(void)unused;
	start(NULL);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		hear_frame("N0CALL-7", "APRS", "", kinds[i].information);
		assert_int_equal(record.message_count, 1);
		if (record.message.kind != kinds[i].kind || strcmp(record.message.data_type, kinds[i].data_type) != 0)
			fail_msg("%s: %s, %s", kinds[i].information, message_kind_name(record.message.kind),
				 record.message.data_type);
		assert_int_equal(record.message.heard.hops, 0);
		size_t size = kinds[i].kind == KIND_RAW ? strlen(kinds[i].information) : 0;
		assert_int_equal(record.message.raw_size, size);
		assert_memory_equal(record.message.raw, kinds[i].information, size);
	}
	assert_string_equal(record.message.parse_error, "invalid position");
	hear_frame("N0CALL-7", "T1TW2V", "", "`c51!f?>/");
	assert_int_equal(record.message.kind, KIND_POSITION);
	assert_string_equal(record.message.data_type, "mic-e");
	assert_string_equal(record.message.aprs.condition, "in service");
}

static void test_hints(void **unused)
{
	(void)unused;
	start(NULL);
	hear_frame("N0CALL-7", "414W2V", "", "`c51!f?>/");
	assert_int_equal(record.message.hint, HINT_EMERGENCY);
	assert_int_equal(record.message.kind, KIND_POSITION);
	assert_int_equal(record.message.class, CLASS_BULK);
	hear_frame("N0CALL-7", "41TW2V", "", "`c51!f?>/");
	assert_int_equal(record.message.hint, HINT_PRIORITY);
	hear_frame("N0CALL-7", "41TW2V", "", "`c51!f?>/!EMERGENCY!");
	assert_int_equal(record.message.hint, HINT_EMERGENCY);
	hear_frame("N0CALL-7", "414W2V", "", "`c51!f?>,!EMERGENCY!");
	assert_int_equal(record.message.hint, HINT_NONE);
	assert_int_equal(record.message.kind, KIND_RAW);
	hear_frame("N0CALL-7", "APZ001", "", ">fire !EMERGENCY! at the depot");
	assert_int_equal(record.message.hint, HINT_EMERGENCY);
}

static void test_third_party(void **unused)
{
	(void)unused;
	start(NULL);
	hear_frame("N0CALL-1", "APRS-2", "DIGI1*", "}N0CALL-7>414W2V,TCPIP,N0CALL-1*:`c51!f?>/");
	const struct message *message = &record.message;
	assert_string_equal(message->station, "N0CALL-7");
	assert_string_equal(message->data_type, "mic-e");
	assert_string_equal(message->aprs.third_party, "N0CALL-1>APRS-2,DIGI1*");
	assert_string_equal(message->heard.path, "DIGI1*");
	assert_int_equal(message->hint, HINT_EMERGENCY);
	/* One level only */
	hear_frame("N0CALL-1", "APRS", "", "}N0CALL-7>APRS,TCPIP*:}N0CALL-8>APRS,TCPIP*:>!EMERGENCY!");
	assert_int_equal(message->kind, KIND_RAW);
	assert_string_equal(message->parse_error, "third party inside third party");
	assert_string_equal(message->aprs.third_party, "N0CALL-1>APRS");
	assert_int_equal(message->hint, HINT_NONE);
	/* A header that is none */
	static const char *const bad[] = {
	    "}", "}x", "}N0CALL>APRS", "}N0CALL>APRS,TCPIP*:", "}N0 CALL>APRS:>x", "}N0CALL>:>x"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		hear_frame("N0CALL-1", "APRS", "", bad[i]);
		assert_int_equal(message->kind, KIND_RAW);
		assert_string_equal(message->data_type, "third-party");
		assert_string_equal(message->station, "N0CALL-1");
		assert_string_equal(message->parse_error, "invalid third-party header");
	}
}

static void test_own_frames(void **unused)
{
	(void)unused;
	start((const struct driver_setting[]){{"callsign", "N0CALL-10"}, {NULL, NULL}});
	hear_frame("N0CALL-10", "APZCRS", "DIGI1*", ">status");
	assert_int_equal(record.message_count, 0);
	assert_int_equal(record_drops(&record, "own_frame"), 1);
	hear_frame("N0CALL-1", "APRS", "", "}N0CALL-10>APRS,TCPIP,N0CALL-1*:>status");
	assert_int_equal(record.message_count, 0);
	assert_int_equal(record_drops(&record, "own_frame"), 1);
	hear_frame("N0CALL-10", "APZCRS", "", "}N0CALL-7>APRS,TCPIP,N0CALL-10*:>status");
	assert_int_equal(record_drops(&record, "own_frame"), 1);
	hear_line("N0CALL-10>APZCRS,qAR,N0CALL-1:>status");
	assert_int_equal(record_drops(&record, "own_frame"), 1);
	hear_frame("N0CALL-1", "APRS", "N0CALL-10*", ">status");
	assert_int_equal(record.message_count, 1);
}

/* A message is for us if it bears our own call sign and was heard from its sender itself. */
static void test_for_us(void **unused)
{
	(void)unused;
	start((const struct driver_setting[]){{"callsign", "N0CALL-10"}, {NULL, NULL}});
	hear_frame("N0CALL-7", "APRS", "", ":N0CALL-10:bridge closed{27");
	assert_true(record.message.for_us);
	assert_string_equal(record.message.aprs.message_number, "27");
	hear_frame("N0CALL-7", "APRS", "", ":N0CALL-1 :bridge closed{27");
	assert_false(record.message.for_us);
	hear_frame("N0CALL-7", "APRS", "", ">status");
	assert_false(record.message.for_us);
	hear_frame("N0CALL-1", "APRS", "", "}N0CALL-7>APRS,TCPIP,N0CALL-1*::N0CALL-10:bridge closed{27");
	assert_string_equal(record.message.to, "N0CALL-10");
	assert_false(record.message.for_us);
	start(NULL);
	hear_frame("N0CALL-7", "APRS", "", ":N0CALL-10:bridge closed{27");
	assert_false(record.message.for_us);
}

static void test_numbers(void **unused)
{
	(void)unused;
	start(NULL);
	hear_frame("N0CALL-7", "APRS", "", "T#324,000,038,,.12,50.12,01000001");
	const struct message *message = &record.message;
	static const char *const names[] = {"sequence", "analog_1", "analog_2", "analog_3", "analog_4", "analog_5"};
	static const double values[] = {324, 0, 38, NAN, 0.12, 50.12};
	static const uint8_t decimals[] = {0, 0, 0, 0, 2, 2};
	assert_int_equal(message->number_count, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_string_equal(message->numbers[i].name, names[i]);
		assert_true(isnan(values[i]) ? isnan(message->numbers[i].value)
					     : fabs(message->numbers[i].value - values[i]) < 1e-9);
		assert_int_equal(message->numbers[i].decimals, decimals[i]);
	}
	assert_string_equal(message->aprs.bits, "01000001");
	hear_frame("N0CALL-7", "APRS", "", "!4903.50N/07201.75W#RNG0050");
	assert_int_equal(message->number_count, 1);
	assert_string_equal(message->numbers[0].name, "range_km");
	/* No weather, no numbers: what a station does not know is left out. */
	hear_frame("N0CALL-7", "APRS", "", "_10090556c...s...g...t...");
	assert_int_equal(message->number_count, 0);
	assert_int_equal(message->kind, KIND_TELEMETRY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_datagram, stop),
	    cmocka_unit_test_teardown(test_refused_datagrams, stop),
	    cmocka_unit_test_teardown(test_refused_lines, stop),
	    cmocka_unit_test_teardown(test_lines, stop),
	    cmocka_unit_test_teardown(test_ids, stop),
	    cmocka_unit_test_teardown(test_kinds, stop),
	    cmocka_unit_test_teardown(test_hints, stop),
	    cmocka_unit_test_teardown(test_third_party, stop),
	    cmocka_unit_test_teardown(test_own_frames, stop),
	    cmocka_unit_test_teardown(test_for_us, stop),
	    cmocka_unit_test_teardown(test_numbers, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
