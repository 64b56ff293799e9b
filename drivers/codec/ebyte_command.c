/* Commands of Ebyte's LoRa modules and their answers. */
#include <string.h>

#include "drivers/codec/ebyte.h"

enum {
	WRITE_FLASH = 0xc0,
	READ = 0xc1, /* also the first byte of every answer of an E22 */
	WRITE_RAM = 0xc2,
	VERSION = 0xc3,
	REMOTE = 0xcf, /* twice in front: the command is for another module, over the air */
	REFUSAL = 0xff,
	REFUSAL_SIZE = 3,
};

static const uint8_t noise_head[] = {0xc0, 0xc1, 0xc2, 0xc3};

static size_t put(uint8_t *out, const void *bytes, size_t size)
{
	memcpy(out, bytes, size);
	return size;
}

/* | C1 | start | count | */
size_t e22_command_read(uint8_t *out, uint8_t start, uint8_t count)
{
	return put(out, (const uint8_t[]){READ, start, count}, 3);
}

/* | C0 or C2 | start | count | data ... | */
size_t e22_command_write(uint8_t *out, bool save, uint8_t start, const uint8_t *data, uint8_t count)
{
	size_t size = put(out, (const uint8_t[]){save ? WRITE_FLASH : WRITE_RAM, start, count}, 3);
	return size + put(out + size, data, count);
}

/* | C0 C1 C2 C3 | start | count | */
size_t e22_command_noise(uint8_t *out)
{
	size_t size = put(out, noise_head, sizeof(noise_head));
	return size + put(out + size, (const uint8_t[]){0, 2}, 2);
}

size_t e32_command_read(uint8_t *out)
{
	return put(out, (const uint8_t[]){READ, READ, READ}, 3);
}

size_t e32_command_version(uint8_t *out)
{
	return put(out, (const uint8_t[]){VERSION, VERSION, VERSION}, 3);
}

/* | C0 or C2 | block | */
size_t e32_command_write(uint8_t *out, bool save, const uint8_t block[static E32_BLOCK])
{
	out[0] = save ? WRITE_FLASH : WRITE_RAM;
	return 1 + put(out + 1, block, E32_BLOCK);
}

bool ebyte_is_command(const uint8_t *bytes, size_t size)
{
	if (size >= 2 && bytes[0] == REMOTE && bytes[1] == REMOTE)
		return true;
	return size >= sizeof(noise_head) && memcmp(bytes, noise_head, sizeof(noise_head)) == 0;
}

void e22_await(struct ebyte_answer *answer, uint8_t start, uint8_t count)
{
	*answer = (struct ebyte_answer){.head = {READ, start, count}, .head_size = 3, .size = 3 + (size_t)count};
}

void e32_await_block(struct ebyte_answer *answer)
{
	*answer = (struct ebyte_answer){
	    .head = {WRITE_FLASH}, .other = WRITE_RAM, .head_size = 1, .size = 1 + E32_BLOCK};
}

void e32_await_version(struct ebyte_answer *answer)
{
	*answer = (struct ebyte_answer){.head = {VERSION}, .head_size = 1, .size = E32_VERSION};
}

static bool may_begin(const struct ebyte_answer *answer)
{
	size_t size = answer->used < answer->head_size ? answer->used : answer->head_size;
	if (answer->used && answer->other && answer->bytes[0] == answer->other)
		return true;
	return memcmp(answer->bytes, answer->head, size) == 0;
}

enum ebyte_answer_state ebyte_answer_take(struct ebyte_answer *answer, uint8_t byte, uint8_t *spill, size_t *spilt)
{
	*spilt = 0;
	answer->bytes[answer->used++] = byte;
	while (!may_begin(answer)) {
		spill[(*spilt)++] = answer->bytes[0];
		answer->refusals = answer->bytes[0] == REFUSAL ? answer->refusals + 1 : 0;
		memmove(answer->bytes, answer->bytes + 1, --answer->used);
	}
	if (answer->refusals >= REFUSAL_SIZE)
		return EBYTE_ANSWER_REFUSED;
	return answer->used == answer->size ? EBYTE_ANSWER_WHOLE : EBYTE_ANSWER_OPEN;
}
