/* From an open port to a Meshtastic node that has told its configuration. */
#include <stdio.h>
#include <string.h>

#include "drivers/modem/meshtastic.h"

enum {
	FILL = 0xc3,
	FILL_WAKE = 32, /* wakes a sleeping board */
	FILL_MAX = 516, /* ends a frame that a host before us left half written */
	WAKE_US = 100000,
	PATIENCE_US = 5000000, /* between two frames of the configuration; also for a board that starts */
	CONFIG_US = 120000000, /* 500 nodes take 6 s */
	RETRY_US = 50000,
	REST_US = 10000000,
	TRIES = 3,
};

static void enter(struct meshtastic *meshtastic, enum meshtastic_phase phase, int64_t for_us)
{
	meshtastic->phase = phase;
	meshtastic->due_us = meshtastic_now_us(meshtastic) + for_us;
	meshtastic_settle(meshtastic);
}

static bool fill(const struct meshtastic *meshtastic, size_t count)
{
	uint8_t bytes[FILL_MAX];
	memset(bytes, FILL, sizeof(bytes));
	return meshtastic->services->write(meshtastic->services->owner, bytes, count) == 0;
}

/* Questions of the other families, so that the fault can say what is there: an RNode's detection, a MeshCore node's device query. */
static void ask_strangers(const struct meshtastic *meshtastic)
{
	static const uint8_t questions[] = {0xc0, 0x08, 0x73, 0xc0, 0x3c, 0x02, 0x00, 0x16, 0x03};
	(void)meshtastic->services->write(meshtastic->services->owner, questions, sizeof(questions));
}

static void wake(struct meshtastic *meshtastic)
{
	if (meshtastic->tries == TRIES - 1)
		ask_strangers(meshtastic);
	fill(meshtastic, meshtastic->tries ? FILL_MAX : FILL_WAKE);
	enter(meshtastic, MESHTASTIC_WAKING, WAKE_US);
}

void meshtastic_begin(struct meshtastic *meshtastic)
{
	meshtastic->tries = 0;
	meshtastic->stranger = (struct stranger){0};
	meshtastic->talks = false;
	meshtastic->asked = false;
	meshtastic->misses = 0;
	meshtastic->held_us = 0;
	meshtastic->has_queue = meshtastic->full = meshtastic->full_for_alerts = false;
	wake(meshtastic);
}

/* The two numbers that have a meaning of their own ask for parts of the configuration only. */
static uint32_t config_id(struct meshtastic *meshtastic)
{
	uint32_t id;
	do
		id = meshtastic_next_id(meshtastic);
	while (id == 69420 || id == 69421);
	return id;
}

static void ask_config(struct meshtastic *meshtastic)
{
	mt_ToRadio to = mt_ToRadio_init_zero;
	meshtastic->config_id = config_id(meshtastic);
	meshtastic->node = (struct meshtastic_node){0};
	to.which_content = mt_ToRadio_want_config_id_tag;
	to.content.want_config_id = meshtastic->config_id;
	meshtastic->config_us = meshtastic_now_us(meshtastic) + CONFIG_US;
	if (meshtastic_tell(meshtastic, &to) < 0)
		enter(meshtastic, MESHTASTIC_WAKING, RETRY_US);
	else
		enter(meshtastic, MESHTASTIC_CONFIGURING, PATIENCE_US);
}

/* It speaks the right language, whatever else its bytes look like: FF FF FF, which is "to all", is also an Ebyte module's. */
static bool is_unfinished(const struct meshtastic *meshtastic)
{
	const char *name = meshtastic->stranger.name;
	return meshtastic->talks || (name && strstr(name, "Meshtastic"));
}

static void say_absent(struct meshtastic *meshtastic)
{
	const char *stranger = meshtastic->stranger.name;
	if (is_unfinished(meshtastic)) {
		meshtastic_drop(meshtastic, "meshtastic_unfinished");
		meshtastic_set_text(
		    meshtastic, "the node talks, but its configuration comes to no end. Restart it; if that does not "
				"help, renew its firmware. What it hears arrives, nothing can be sent.");
	} else if (stranger) {
		meshtastic_drop(meshtastic, "meshtastic_wrong_device");
		meshtastic_set_text(
		    meshtastic, "there is %s on this port, not a Meshtastic node. Correct device or modem.", stranger);
	} else {
		meshtastic_drop(meshtastic, "meshtastic_absent");
		meshtastic_set_text(meshtastic,
				    "no Meshtastic node answers. Check power and cable, that its serial console "
				    "(security.serial_enabled) is on, and that no other program has the port.");
	}
}

static void unanswered(struct meshtastic *meshtastic)
{
	if (++meshtastic->tries < TRIES) {
		wake(meshtastic);
		return;
	}
	say_absent(meshtastic);
	enter(meshtastic, MESHTASTIC_RESTING, REST_US);
}

void meshtastic_setup_late(struct meshtastic *meshtastic)
{
	switch (meshtastic->phase) {
	case MESHTASTIC_WAKING:
		ask_config(meshtastic);
		break;
	case MESHTASTIC_CONFIGURING:
		unanswered(meshtastic);
		break;
	case MESHTASTIC_RESTING:
		meshtastic_begin(meshtastic);
		break;
	default:
		break;
	}
}

/* ---- what it tells ---- */

struct preset {
	uint8_t spreading_factor, coding_rate;
	unsigned bandwidth_hz;
};

/* By number: long fast, long slow, very long slow, medium slow, medium fast, short slow, short fast, long moderate, short turbo, long
 * turbo. */
static const struct preset presets[] = {{11, 5, 250000}, {12, 8, 125000}, {12, 8, 62500}, {10, 5, 250000},
					{9, 5, 250000},  {8, 5, 250000},  {7, 5, 250000}, {11, 8, 125000},
					{7, 5, 500000},  {11, 8, 500000}};

/* The configuration has 31 for 31.25 and 62 for 62.5 kHz. */
static unsigned bandwidth_hz(unsigned khz)
{
	return khz == 31 ? 31250 : khz == 62 ? 62500 : khz < 1000 ? khz * 1000 : 0;
}

static struct lora_modulation modulation_of(const mt_Lora *lora)
{
	const struct preset *preset = &presets[lora->preset < sizeof(presets) / sizeof(presets[0]) ? lora->preset : 0];
	struct lora_modulation modulation = {
	    preset->spreading_factor, preset->bandwidth_hz, preset->coding_rate, 16, false, false, LORA_OPTIMISE_AUTO};
	if (lora->use_preset)
		return modulation;
	modulation.spreading_factor = lora->spreading_factor;
	modulation.bandwidth_hz = bandwidth_hz(lora->bandwidth);
	modulation.coding_rate = lora->coding_rate;
	return modulation;
}

static void take_lora(struct meshtastic_node *node, const mt_Lora *lora)
{
	node->has_lora = true;
	node->region = lora->region;
	node->transmits = lora->transmits;
	node->modulation = modulation_of(lora);
}

/* Printable ASCII; what else a version may hold is not worth showing. */
static void print(const uint8_t *bytes, size_t size, char *text, size_t room)
{
	size_t used = 0;
	for (size_t i = 0; i < size && used + 1 < room; i++)
		if (bytes[i] > ' ' && bytes[i] <= '~')
			text[used++] = (char)bytes[i];
	text[used] = 0;
}

static void take_metadata(struct meshtastic *meshtastic, const mt_Metadata *metadata)
{
	meshtastic->node.hardware = metadata->hardware;
	snprintf(meshtastic->model, sizeof(meshtastic->model), "Meshtastic (%u)", metadata->hardware);
	print(metadata->firmware.bytes, metadata->firmware.size, meshtastic->firmware, sizeof(meshtastic->firmware));
}

static void judge(struct meshtastic *meshtastic)
{
	const struct meshtastic_node *node = &meshtastic->node;
	if (node->has_lora && node->region == 0)
		meshtastic_set_text(meshtastic,
				    "the node has no region set and transmits nothing. Set lora.region to the "
				    "country's.");
	else if (node->has_lora && !node->transmits)
		meshtastic_set_text(meshtastic,
				    "the node's transmitter is switched off (lora.tx_enabled); it only listens.");
	else
		meshtastic_set_text(meshtastic, "%s", "");
}

static void complete(struct meshtastic *meshtastic, uint32_t id)
{
	if (meshtastic->phase != MESHTASTIC_CONFIGURING || id != meshtastic->config_id)
		return;
	meshtastic->tries = 0;
	if (!meshtastic->model[0])
		snprintf(meshtastic->model, sizeof(meshtastic->model), "Meshtastic");
	judge(meshtastic);
	meshtastic->phase = MESHTASTIC_UP;
	meshtastic_ask_soon(meshtastic, 0);
	meshtastic->services->changed(meshtastic->services->owner);
}

/* Traffic is no part of the configuration: a node that did not hear the question goes on with it. */
static void note_progress(struct meshtastic *meshtastic, const mt_FromRadio *from)
{
	int64_t due_us = meshtastic_now_us(meshtastic) + PATIENCE_US;
	if (meshtastic->phase != MESHTASTIC_CONFIGURING || from->which_content == mt_FromRadio_packet_tag ||
	    from->which_content == mt_FromRadio_queue_status_tag)
		return;
	meshtastic->due_us = due_us < meshtastic->config_us ? due_us : meshtastic->config_us;
}

void meshtastic_setup_frame(struct meshtastic *meshtastic, const mt_FromRadio *from)
{
	struct meshtastic_node *node = &meshtastic->node;
	meshtastic->talks = true;
	note_progress(meshtastic, from);
	switch (from->which_content) {
	case mt_FromRadio_my_info_tag:
		node->number = from->content.my_info.node;
		node->reboots = from->content.my_info.reboot_count;
		break;
	case mt_FromRadio_metadata_tag:
		take_metadata(meshtastic, &from->content.metadata);
		break;
	case mt_FromRadio_config_tag:
		if (from->content.config.which_content == mt_Config_lora_tag)
			take_lora(node, &from->content.config.content.lora);
		break;
	case mt_FromRadio_channel_tag:
		node->channels += from->content.channel.role != MESHTASTIC_ROLE_OFF;
		break;
	case mt_FromRadio_node_info_tag:
		node->nodes++;
		break;
	case mt_FromRadio_config_complete_id_tag:
		complete(meshtastic, from->content.config_complete_id);
		break;
	default:
		break;
	}
}
