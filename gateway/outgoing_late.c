/* What a neighbour says of a message that was given to it before, and is on another way now. */
#include <stdio.h>
#include <string.h>

#include "gateway/outgoing_internal.h"

/* Where such a message is: one of both. */
struct elsewhere {
	struct handover *handover;
	struct errand *errand;
};

void handover_forsake(struct handover *handover, bool doubtful)
{
	struct past *past = &handover->past;
	past->doubts += doubtful;
	snprintf(past->left, sizeof(past->left), "%s", handover->id);
	snprintf(past->left_outlet, sizeof(past->left_outlet), "%s", entry_outlet(handover->entry));
}

static bool is_meant(const struct past *past, const char *gateway, const struct handed_receipt *receipt)
{
	return past->left[0] && strcmp(past->left, receipt->id) == 0 &&
	       strcmp(past->left_outlet + sizeof(GATEWAY_OUTLET) - 1, gateway) == 0;
}

/* NULL: it is nowhere. */
static struct past *find(const struct outgoing *outgoing, const char *gateway, const struct handed_receipt *receipt,
			 struct elsewhere *elsewhere)
{
	*elsewhere = (struct elsewhere){.handover = outgoing->handovers, .errand = NULL};
	while (elsewhere->handover && !is_meant(&elsewhere->handover->past, gateway, receipt))
		elsewhere->handover = elsewhere->handover->next;
	if (elsewhere->handover)
		return &elsewhere->handover->past;
	elsewhere->errand = outgoing->errands;
	while (elsewhere->errand && !is_meant(&elsewhere->errand->past, gateway, receipt))
		elsewhere->errand = elsewhere->errand->next;
	return elsewhere->errand ? &elsewhere->errand->past : NULL;
}

static struct entry *entry_of(const struct elsewhere *elsewhere)
{
	return elsewhere->handover ? elsewhere->handover->entry : elsewhere->errand->entry;
}

static void announce(struct outgoing *outgoing, const struct elsewhere *elsewhere, struct past *past, bool assumed)
{
	struct entry *entry = entry_of(elsewhere);
	if (!past->announced)
		outgoing_say(outgoing, entry, RECEIPT_ON_AIR, NULL, assumed);
	past->announced = true;
	entry->begun = true;
}

/* It has got there: no other way is needed. */
static void conclude(struct outgoing *outgoing, const struct elsewhere *elsewhere, const struct past *past,
		     const struct handed_receipt *receipt)
{
	char outlet[sizeof(past->left_outlet)];
	struct entry *entry;
	memcpy(outlet, past->left_outlet, sizeof(outlet));
	counters_get(outgoing->publisher->counters, "neighbours", "delivered")->value++;
	if (elsewhere->errand) {
		entry = errand_withdraw(elsewhere->errand, receipt);
	} else {
		if (elsewhere->handover->id[0])
			order_recall(elsewhere->handover);
		entry = entry_ref(elsewhere->handover->entry);
		handover_free(elsewhere->handover);
	}
	if (entry)
		outgoing_conclude_by(outgoing, entry, outlet, receipt->stage, NULL, receipt->assumed);
}

/* That way is over, and what became of it there is known. */
static void settle(struct past *past, const char *code)
{
	past->left[0] = '\0';
	if (past->doubts > 0)
		past->doubts--;
	if (code[0] && !handed_code_is_passing(code))
		past_failed(past, code);
}

bool outgoing_late_word(struct outgoing *outgoing, const char *gateway, const struct handed_receipt *receipt)
{
	struct elsewhere elsewhere;
	struct past *past = find(outgoing, gateway, receipt, &elsewhere);
	if (!past)
		return false;
	switch (receipt->stage) {
	case RECEIPT_QUEUED:
		break;
	case RECEIPT_ON_AIR:
		announce(outgoing, &elsewhere, past, receipt->assumed);
		break;
	case RECEIPT_CONFIRMED:
	case RECEIPT_SENT:
		conclude(outgoing, &elsewhere, past, receipt);
		break;
	case RECEIPT_FAILED:
		settle(past, receipt->code);
		break;
	case RECEIPT_EXPIRED:
	case RECEIPT_CANCELLED:
		settle(past, "");
		break;
	}
	return true;
}
