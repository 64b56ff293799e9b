/* The key file: what is accepted, every way it can be wrong, who may read it, and that it is replaced whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/keys.h"

#define MASTER "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"
#define HEAD   "{\"format\":\"cresset keys 1\","
#define KEY    "00112233445566778899aabbccddeeff"

struct fixture {
	char directory[32], path[64], error[512];
};

static int set_up(void **state)
{
	static struct fixture fixture;
	snprintf(fixture.directory, sizeof(fixture.directory), "/tmp/cresset-keys-XXXXXX");
	assert_non_null(mkdtemp(fixture.directory));
	snprintf(fixture.path, sizeof(fixture.path), "%s/keys.json", fixture.directory);
	fixture.error[0] = '\0';
	*state = &fixture;
	return 0;
}

static size_t files_in(const char *directory, bool remove)
{
	size_t count = 0;
	DIR *stream = opendir(directory);
	for (struct dirent *entry; (entry = readdir(stream));) {
		if (entry->d_name[0] == '.')
			continue;
		count++;
		if (remove)
			unlinkat(dirfd(stream), entry->d_name, 0);
	}
	closedir(stream);
	return count;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	files_in(fixture->directory, true);
	return rmdir(fixture->directory);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

struct text {
	const char *text;
	const char *error; /* behind "keys.json: ", NULL = fine */
};

static const struct text texts[] = {
    {HEAD "\"master\":\"" MASTER "\"}", NULL},
    {HEAD "\"master\":\"" MASTER "\",\"stations\":[]}", NULL},
    {HEAD "\"stations\":[]}", NULL},
    {HEAD "\"stations\":[{\"station\":65535,\"epoch\":255,\"key\":\"" KEY "\",\"before\":\"" KEY "\"}]}", NULL},
    {HEAD "\"stations\":[{\"station\":2,\"epoch\":0,\"key\":\"" KEY "\"},{\"station\":1,\"epoch\":0,\"key\":\"" KEY
	  "\",\"revoked\":false}]}",
     NULL},
    {"", "line 1, column 0: not JSON, or a member twice."},
    {HEAD "\"master\":\"" MASTER, "line 1, column 101: not JSON, or a member twice."},
    {HEAD "\"master\":\"" MASTER "\",\"master\":\"" MASTER "\"}", "line 1, column 111: not JSON, or a member twice."},
    {HEAD "\"master\":\"" MASTER "\"} x", "line 1, column 105: not JSON, or a member twice."},
    {"[]", "must be an object."},
    {"{}", "format: must be \"cresset keys 1\"; this is no key file, or one of a newer version."},
    {"{\"format\":1}", "format: must be \"cresset keys 1\"; this is no key file, or one of a newer version."},
    {"{\"format\":\"cresset keys 2\"}",
     "format: must be \"cresset keys 1\"; this is no key file, or one of a newer version."},
    {HEAD "\"" KEY "\":1}", "has a member that is not format, master or stations."},
    {"{\"format\":\"cresset keys 1\"}", "has neither master nor stations."},
    {HEAD "\"master\":null}", "master: must be 64 hex digits."},
    {HEAD "\"master\":12}", "master: must be 64 hex digits."},
    {HEAD "\"master\":\"\"}", "master: must be 64 hex digits."},
    {HEAD "\"master\":\"" KEY "\"}", "master: must be 64 hex digits."},
    {HEAD "\"master\":\"" MASTER "00\"}", "master: must be 64 hex digits."},
    {HEAD "\"master\":\"0x" KEY KEY "\"}", "master: must be 64 hex digits."},
    {HEAD "\"master\":\"-1" KEY "22222222222222222222222222222\"}", "master: must be 64 hex digits."},
    {HEAD "\"master\":\"" KEY " 0112233445566778899aabbccddeeff\"}", "master: must be 64 hex digits."},
    {HEAD "\"master\":\"0000000000000000000000000000000000000000000000000000000000000000\"}",
     "master: is all zeros. Make one with: cresset key make"},
    {HEAD "\"stations\":{}}", "stations: must be a list."},
    {HEAD "\"stations\":[17]}", "stations[1]: must be an object."},
    {HEAD "\"stations\":[{}]}", "stations[1].station: must be a whole number from 0 to 65535."},
    {HEAD "\"stations\":[{\"station\":65536}]}", "stations[1].station: must be a whole number from 0 to 65535."},
    {HEAD "\"stations\":[{\"station\":-1}]}", "stations[1].station: must be a whole number from 0 to 65535."},
    {HEAD "\"stations\":[{\"station\":1.0}]}", "stations[1].station: must be a whole number from 0 to 65535."},
    {HEAD "\"stations\":[{\"station\":\"17\"}]}", "stations[1].station: must be a whole number from 0 to 65535."},
    {HEAD "\"stations\":[{\"station\":1}]}", "stations[1].epoch: must be a whole number from 0 to 255."},
    {HEAD "\"stations\":[{\"station\":1,\"epoch\":256}]}", "stations[1].epoch: must be a whole number from 0 to 255."},
    {HEAD "\"stations\":[{\"station\":1,\"epoch\":0}]}",
     "stations[1].key: is missing: in a file without master every station has one."},
    {HEAD "\"stations\":[{\"station\":1,\"epoch\":0,\"key\":\"" MASTER "\"}]}",
     "stations[1].key: must be 32 hex digits."},
    {HEAD "\"stations\":[{\"station\":1,\"epoch\":0,\"key\":\"" KEY "\",\"before\":\"" KEY "\"}]}",
     "stations[1].before: there is no epoch before 0."},
    {HEAD "\"stations\":[{\"station\":1,\"epoch\":1,\"key\":\"" KEY "\",\"before\":true}]}",
     "stations[1].before: must be 32 hex digits."},
    {HEAD "\"stations\":[{\"station\":1,\"epoch\":1,\"key\":\"" KEY "\",\"revoked\":1}]}",
     "stations[1].revoked: must be true or false."},
    {HEAD "\"stations\":[{\"station\":1,\"epoch\":1,\"key\":\"" KEY "\",\"" KEY "\":1}]}",
     "stations[1] has a member that is not station, epoch, revoked, key or before."},
    {HEAD "\"stations\":[{\"station\":1,\"epoch\":1,\"key\":\"" KEY "\"},{\"station\":1,\"epoch\":2,\"key\":\"" KEY
	  "\"}]}",
     "stations[2].station: stands in the file twice."},
    {HEAD "\"master\":\"" MASTER "\",\"stations\":[{\"station\":1,\"epoch\":0,\"key\":\"" KEY "\"}]}",
     "stations[1].key: a file with a master has no derived keys."},
    {HEAD "\"master\":\"" MASTER "\",\"stations\":[{\"station\":1,\"epoch\":1,\"before\":\"" KEY "\"}]}",
     "stations[1].before: a file with a master has no derived keys."},
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char error[512] = "";
		struct keys *keys = keys_parse("keys.json", texts[i].text, strlen(texts[i].text), error, sizeof(error));
		if (texts[i].error) {
			assert_null(keys);
			assert_memory_equal(error, "keys.json: ", 11);
			assert_string_equal(error + 11, texts[i].error);
		} else {
			assert_string_equal(error, "");
			assert_non_null(keys);
		}
		keys_free(keys);
	}
}

/* Whatever is wrong in a file, and wherever it is cut: nothing that stands in it is ever said. */
static void test_no_error_quotes_the_file(void **state)
{
	(void)state;
	static const char whole[] = HEAD "\"master\":\"" MASTER "\",\"stations\":[{\"station\":1,\"epoch\":1}]}";
	char text[sizeof(whole)], error[512];
	for (size_t at = 0; at < strlen(whole); at++)
		for (int change = 0; change < 3; change++) {
			memcpy(text, whole, sizeof(whole));
			text[at] = change == 0 ? 'x' : change == 1 ? '"' : '\0';
			error[0] = '\0';
			keys_free(keys_parse("f", text, change == 2 ? at : strlen(whole), error, sizeof(error)));
			assert_null(strstr(error, "0001"));
			assert_null(strstr(error, "1E1F"));
			assert_null(strstr(error, "0d0e"));
		}
}

static void test_too_many_stations(void **state)
{
	(void)state;
	char error[256], *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	fputs(HEAD "\"master\":\"" MASTER "\",\"stations\":[", stream);
	for (unsigned i = 0; i <= KEYS_STATIONS_MAX; i++)
		fprintf(stream, "%s{\"station\":%u,\"epoch\":1}", i ? "," : "", i);
	fputs("]}", stream);
	fclose(stream);
	assert_null(keys_parse("f", text, size, error, sizeof(error)));
	assert_string_equal(error, "f: has more than 4096 stations.");
	free(text);
}

/* ---- on disk ---- */

static void test_mode(void **state)
{
	struct fixture *fixture = *state;
	static const mode_t wrong[] = {0640, 0604, 0620, 0660, 0644, 0601};
	write_file(fixture->path, HEAD "\"master\":\"" MASTER "\"}", 0600);
	struct keys *keys = keys_load(fixture->path, fixture->error, sizeof(fixture->error));
	assert_non_null(keys);
	keys_free(keys);
	assert_int_equal(chmod(fixture->path, 0400), 0);
	keys = keys_load(fixture->path, fixture->error, sizeof(fixture->error));
	assert_non_null(keys);
	keys_free(keys);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char expected[64];
		assert_int_equal(chmod(fixture->path, wrong[i]), 0);
		assert_null(keys_load(fixture->path, fixture->error, sizeof(fixture->error)));
		snprintf(expected, sizeof(expected), "(mode %04o). Run: chmod 600", wrong[i]);
		assert_non_null(strstr(fixture->error, expected));
		assert_memory_equal(fixture->error, fixture->path, strlen(fixture->path));
	}
}

static void test_what_is_no_file(void **state)
{
	struct fixture *fixture = *state;
	assert_null(keys_load(fixture->path, fixture->error, sizeof(fixture->error)));
	assert_non_null(strstr(fixture->error, "keys.json: cannot be read: No such file"));
	assert_null(keys_load(fixture->directory, fixture->error, sizeof(fixture->error)));
	assert_non_null(strstr(fixture->error, ": is not a file."));
	assert_int_equal(mkfifo(fixture->path, 0600), 0);
	assert_null(keys_load(fixture->path, fixture->error, sizeof(fixture->error)));
	assert_non_null(strstr(fixture->error, ": is not a file."));
	unlink(fixture->path);
	write_file(fixture->path, "", 0600);
	assert_int_equal(truncate(fixture->path, KEYS_FILE_MAX + 1), 0);
	assert_null(keys_load(fixture->path, fixture->error, sizeof(fixture->error)));
	assert_non_null(strstr(fixture->error, "keys.json: is longer than 1048576 bytes."));
}

static void save(struct fixture *fixture, const struct keys *keys, bool replace)
{
	struct stat status;
	umask(0);
	assert_int_equal(keys_save(keys, fixture->path, replace, fixture->error, sizeof(fixture->error)), 0);
	assert_int_equal(stat(fixture->path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(files_in(fixture->directory, false), 1);
}

static void assert_same(struct keys *a, struct keys *b, uint16_t station)
{
	struct keys_entry entry, other;
	uint8_t key[KEYS_KEY_SIZE], other_key[KEYS_KEY_SIZE];
	assert_int_equal(keys_find(a, station, &entry), 0);
	assert_int_equal(keys_find(b, station, &other), 0);
	assert_true(entry.epoch == other.epoch && entry.revoked == other.revoked &&
		    entry.has_before == other.has_before);
	for (unsigned back = 0; back <= entry.has_before; back++) {
		assert_int_equal(keys_derive(a, station, (uint8_t)(entry.epoch - back), key), 0);
		assert_int_equal(keys_derive(b, station, (uint8_t)(entry.epoch - back), other_key), 0);
		assert_memory_equal(key, other_key, sizeof(key));
	}
}

static void test_saved_and_read_again(void **state)
{
	struct fixture *fixture = *state;
	int missing;
	struct keys *keys = keys_new_master(), *other = keys_new_master();
	assert_non_null(keys);
	assert_int_equal(keys_rotate(keys, 17), 0);
	assert_int_equal(keys_revoke(keys, 3), 0);
	save(fixture, keys, false);
	struct keys *read = keys_load(fixture->path, fixture->error, sizeof(fixture->error));
	assert_non_null(read);
	assert_true(keys_has_master(read));
	for (uint16_t station = 0; station < 20; station++)
		assert_same(keys, read, station);
	keys_free(read);
	/* Never overwritten, unless that is what is wanted. */
	assert_int_equal(keys_save(other, fixture->path, false, fixture->error, sizeof(fixture->error)), -EEXIST);
	assert_non_null(strstr(fixture->error, "keys.json: is there already; a key file is never overwritten."));
	assert_int_equal(files_in(fixture->directory, false), 1);
	read = keys_load(fixture->path, fixture->error, sizeof(fixture->error));
	assert_same(keys, read, 1);
	keys_free(read);
	struct keys *copy = keys_export(keys, (const uint16_t[]){17, 3, 1}, 3, &missing);
	save(fixture, copy, true);
	read = keys_load(fixture->path, fixture->error, sizeof(fixture->error));
	assert_non_null(read);
	assert_false(keys_has_master(read));
	assert_int_equal(keys_count(read), 3);
	assert_same(keys, read, 17);
	assert_same(keys, read, 3);
	assert_same(keys, read, 1);
	keys_free(read);
	keys_free(copy);
	keys_free(other);
	keys_free(keys);
}

static void test_two_masters_differ(void **state)
{
	(void)state;
	uint8_t a_key[KEYS_KEY_SIZE], b_key[KEYS_KEY_SIZE];
	struct keys *a = keys_new_master(), *b = keys_new_master();
	assert_int_equal(keys_derive(a, 1, 0, a_key), 0);
	assert_int_equal(keys_derive(b, 1, 0, b_key), 0);
	assert_memory_not_equal(a_key, b_key, sizeof(a_key));
	keys_free(a);
	keys_free(b);
}

static void test_nowhere_to_write(void **state)
{
	struct fixture *fixture = *state;
	struct keys *keys = keys_new_master();
	assert_int_equal(keys_save(keys, "/nowhere/at/all/keys.json", false, fixture->error, sizeof(fixture->error)),
			 -ENOENT);
	assert_string_equal(fixture->error, "/nowhere/at/all/keys.json: cannot be written: No such file or directory.");
	assert_true(keys_save(keys, fixture->directory, true, fixture->error, sizeof(fixture->error)) < 0);
	keys_free(keys);
	assert_int_equal(files_in(fixture->directory, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_texts),
	    cmocka_unit_test(test_no_error_quotes_the_file),
	    cmocka_unit_test(test_too_many_stations),
	    cmocka_unit_test_setup_teardown(test_mode, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_what_is_no_file, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_saved_and_read_again, set_up, tear_down),
	    cmocka_unit_test(test_two_masters_differ),
	    cmocka_unit_test_setup_teardown(test_nowhere_to_write, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
