/* Answers of a server that speaks model_anthropic. */
#include "model_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_protocol(&model_anthropic, data, size);
}
