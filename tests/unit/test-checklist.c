/* The check-list of a last resort: it names what is missing, in the base's languages, and fits what carries it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/codec/utf8.h"
#include "drivers/message_body.h"
#include "gateway/checklist.h"

enum { ONE_FRAME = 134 }; /* of the field network */

static void test_texts(void **unused)
{
	(void)unused;
	static const struct {
		unsigned missing;
		enum words_language language;
		const char *text;
	} cases[] = {
	    {0, WORDS_BOTH, ""},
	    {8, WORDS_EN, ""},
	    {MISSING_JUSTIFICATION, WORDS_EN, "Your request is being passed on. Please add: the justification."},
	    {MISSING_JUSTIFICATION | MISSING_ALTERNATIVES, WORDS_EN,
	     "Your request is being passed on. Please add: the justification; which alternatives were looked at."},
	    {MISSING_CLUSTER_POOL, WORDS_FR,
	     "Votre demande est en cours de transmission. Merci de préciser : si le pool du cluster a été sollicité."},
	    {MISSING_ALTERNATIVES, WORDS_BOTH,
	     "Your request is being passed on. Please add: which alternatives were looked at. / Votre demande est en "
	     "cours de transmission. Merci de préciser : les autres solutions étudiées."},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[CHECKLIST_MAX];
		assert_int_equal(checklist_make((uint8_t)cases[i].missing, cases[i].language, text),
				 strlen(cases[i].text));
		assert_string_equal(text, cases[i].text);
	}
}

/* What can be missing together is said whole, and in one frame where one language is spoken. */
static void test_room(void **unused)
{
	(void)unused;
	for (unsigned missing = 1; missing < 8; missing++)
		for (enum words_language language = WORDS_EN; language <= WORDS_BOTH; language++) {
			char text[CHECKLIST_MAX];
			size_t size = checklist_make((uint8_t)missing, language, text);
			assert_true(size > 0 && size < CHECKLIST_MAX - 1);
			assert_int_equal(size, strlen(text));
			assert_true(utf8_is_valid(text, size));
			bool possible = !(missing & MISSING_ALTERNATIVES) || !(missing & MISSING_CLUSTER_POOL);
			if (language != WORDS_BOTH && possible)
				assert_true(size <= ONE_FRAME);
		}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_texts), cmocka_unit_test(test_room)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
