#include "chat/responder.h"
#include "base/text.h"
#include "chat/knowledge.h"
#include <string.h>

static const struct responder *const responders[] = {
	&knowledge_responder,
};

const struct responder *responder_find(const char *name)
{
	for (size_t i = 0; i < sizeof responders / sizeof *responders; i++)
		if (!text_is_empty(name) && strcmp(responders[i]->name, name) == 0)
			return responders[i];
	return NULL;
}
