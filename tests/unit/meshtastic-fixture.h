/* Frames of a Meshtastic node made by an independent encoder: the field team 433c1d20, the own node 0a0b0c0d. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FR_TEXT                                                                                                        \
	"94c30044080712400d201d3c4315ffffffff221608011210436f6e766f79203320617420676174654801354d3c2b1a3d"             \
	"b0b2046b450000c8404802609fffffffffffffffff017803"
#define FR_TEXT_DM                                                                                                     \
	"94c300500808124c0d201d3c43150d0c0b0a1801221e080112154dc3a9646563696e2064656d616e64c3a920e29c9a3d"             \
	"4d3c2b1a355e4d3c2b3db0b2046b45000048c148075001608affffffffffffffff017807"
#define FR_ALERT_RX                                                                                                    \
	"94c30046080912420d201d3c4315ffffffff2218080b12124d4544204556414320475249442033365007480135705e4d"             \
	"3c3db0b2046b450000c8404802609fffffffffffffffff017803"
#define FR_POS                                                                                                         \
	"94c3005a080a12560d201d3c4315ffffffff222c080312280d78ce4b09153053641318fc0225a6b2046b3da4b2046b58"             \
	"b40178038001c0a8a504980109b8012035706f5e4d3db0b2046b450000c8404802609fffffffffffffffff017803"
#define FR_TEL                                                                                                         \
	"94c3004e080c124a0d201d3c4315ffffffff22200843121c0da6b2046b12150857159a9981401d00004841250000a03f"             \
	"2880a3053581706f5e3db0b2046b450000c8404802609fffffffffffffffff017803"
#define FR_ENV                                                                                                         \
	"94c30048080d12440d201d3c4315ffffffff221a084312160da6b2046b1a0f0d0000264215000090411d00107c443582"             \
	"706f5e3db0b2046b450000c8404802609fffffffffffffffff017803"
#define FR_WPT                                                                                                         \
	"94c30060080f125c0d201d3c4315ffffffff22320808122e0892211578ce4b091d3053641320b08898d806320c436865"             \
	"636b706f696e7420423a06636c6f73656445a7f6010035a39281703db0b2046b450000c8404802609fffffffffffffff"             \
	"ff017803"
#define FR_USER                                                                                                        \
	"94c30054081012500d201d3c4315ffffffff2226080412200a09213433336331643230120c4669656c64205465616d20"             \
	"341a03465434282b180135b4a392813db0b2046b450000c8404802609fffffffffffffffff017803"
#define FR_NAK      "94c30025081212210d0d0c0b0a150d0c0b0a220b080512021805355e4d3c2b35c6b4a3923db0b2046b"
#define FR_NAK_DUTY "94c30025081312210d0d0c0b0a150d0c0b0a220b080512021809356f5e4d3c35c7b4a3923db0b2046b"
#define FR_QS       "94c3000e08155a0a100d181020efbcb5e203"
#define FR_QS_FULL  "94c3000e08165a0a0820181020f0bcb5e203"
#define FR_NODEINFO                                                                                                    \
	"94c300490802224508a0baf0990412200a09213433336331643230120c4669656c64205465616d20341a03465434282b"             \
	"1a0f0d78ce4b09153053641325c8ae046b250000c8402da6b2046b4801"
#define FR_CHANNEL  "94c300130803520f120b1201011a046261736528011801"
#define FR_REBOOTED "94c300024001"
#define FR_LOG                                                                                                         \
	"94c3002d080532290a1843682e207574696c203e3235252e20536b69702073656e6415a6b2046b1a06526f7574657220"             \
	"1e"
#define TR_ALERT "94c300200a1e15ffffffff220c080b12084556414355415445350503020148075001586e"
#define FR_ENC                                                                                                         \
	"94c3003712350d201d3c4315ffffffff18372a090194c300024001090935443322113db0b2046b450000c8404802609f"             \
	"ffffffffffffffff017803"
#define FR_PKI                                                                                                         \
	"94c3006312610d201d3c43150d0c0b0a22110801120d666f7220796f7520616c6f6e6535443322113db0b2046b450000"             \
	"c8404802609fffffffffffffffff01780382012007070707070707070707070707070707070707070707070707070707"             \
	"07070707880101"
#define FR_DETECTION                                                                                                   \
	"94c3003e123c0d201d3c4315ffffffff2212080a120e476174652064657465637465640735443322113db0b2046b4500"             \
	"00c8404802609fffffffffffffffff017803"
#define FR_ALERT_LOW                                                                                                   \
	"94c3003612340d201d3c4315ffffffff2208080b12046669726535443322113db0b2046b450000c84048025801609fff"             \
	"ffffffffffffff017803"
#define FR_TEXT_HIGH                                                                                                   \
	"94c3003812360d201d3c4315ffffffff220a080112066c756e63680735443322113db0b2046b450000c8404802586e60"             \
	"9fffffffffffffffff017803"
/* A bell and no word, and neither. */
#define FR_BELL                                                                                                        \
	"94c3003312310d201d3c4315ffffffff2205080112010735443322113db0b2046b450000c8404802586e609fffffffffffffffff0178" \
	"03"
#define FR_EMPTY                                                                                                       \
	"94c30030122e0d201d3c4315ffffffff2202080135443322113db0b2046b450000c8404802586e609fffffffffffffffff017803"
#define FR_POS_1970                                                                                                    \
	"94c3003a12380d201d3c4315ffffffff22130803120f0d78ce4b09153053641325100e00003544332211450000c84048"             \
	"02609fffffffffffffffff017803"
#define FR_POS_FUTURE                                                                                                  \
	"94c3003f123d0d201d3c4315ffffffff22130803120f0d78ce4b091530536413250094357735443322113db0b2046b45"             \
	"0000c8404802609fffffffffffffffff017803"
#define FR_POS_COARSE                                                                                                  \
	"94c3004c124a0d201d3c4315ffffffff22200803121c0d78ce4b09153053641318f4ffffffffffffffff0180019423b8"             \
	"011035443322113db0b2046b450000c8404802609fffffffffffffffff017803"
#define FR_POS_NONE                                                                                                    \
	"94c3002e122c0d201d3c4315ffffffff2202080335443322113db0b2046b450000c8404802609fffffffffffffffff01"             \
	"7803"
#define FR_POS_OFF                                                                                                     \
	"94c3003a12380d201d3c4315ffffffff220e0803120a0d80d99f38153053641335443322113db0b2046b450000c84048"             \
	"02609fffffffffffffffff017803"
#define FR_PORT                                                                                                        \
	"94c3003412320d201d3c4315ffffffff2208088002120301020335443322113db0b2046b450000c8404802609fffffff"             \
	"ffffffffff017803"
#define FR_BAD                                                                                                         \
	"94c3003312310d201d3c4315ffffffff220708431203ffffff35443322113db0b2046b450000c8404802609fffffffff"             \
	"ffffffff017803"
#define FR_MQTT                                                                                                        \
	"94c30030122e0d201d3c4315ffffffff220d0801120966726f6d206166617235443322113db0b2046b450000c8404802"             \
	"70017803"
#define FR_ACK                                                                                                         \
	"94c3003712350d201d3c43150d0c0b0a220b080512021800358877665535443322113db0b2046b450000c8404802609f"             \
	"ffffffffffffffff017803"
/* A text of the own node. */
#define FR_OWN        "94c3001c121a0d0d0c0b0a15ffffffff220908011205776f7264733544332211"
#define FR_MYINFO     "94c300091a07088d98ac504007"
#define FR_METADATA   "94c300106a0e0a0a322e372e31382e616263482b"
#define FR_LORA       "94c3000c2a0a32080801380340034801"
#define FR_LORA_UNSET "94c300082a06320408014801"
#define FR_SIGNED                                                                                                      \
	"94c30047123f0d201d3c4315ffffffff220a080112067369676e656435443322113db0b2046b450000c8404802609fff"             \
	"ffffffffffffff017803b00101ba010501020304059a0603616263"
/* Its key is, in the middle, FR_REBOOTED. */
#define FR_NODE_HOSTILE                                                                                                \
	"94c30031222f08a0baf0990412271a0346543442200102030494c3000240010b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
#define FR_REGIONS "94c3000b9a01080a06080112024002"

struct bytes {
	uint8_t bytes[4096];
	size_t size;
};

static inline unsigned digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

/* Hex digits to bytes, behind what is there. */
static inline void append(struct bytes *to, const char *hex)
{
	for (; hex[0] && hex[1]; hex += 2)
		to->bytes[to->size++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
}
