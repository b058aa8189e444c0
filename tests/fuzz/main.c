/* Runs a fuzz target over the files named on the command line, for compilers without libFuzzer
 * and for the corpus in `make test`. Build the target with clang -fsanitize=fuzzer, without this
 * file, to search for new inputs. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *read_all(FILE *file, size_t *size)
{
	uint8_t *bytes = NULL;
	size_t capacity = 0;
	*size = 0;
	for (size_t got = 1; got > 0; *size += got) {
		if (*size == capacity) {
			capacity = capacity == 0 ? 65536 : capacity * 2;
			uint8_t *more = realloc(bytes, capacity);
			if (more == NULL)
				abort();
			bytes = more;
		}
		got = fread(bytes + *size, 1, capacity - *size, file);
	}
	/* Exactly as long as the input, so that AddressSanitizer sees a read past its end. */
	uint8_t *exact = realloc(bytes, *size > 0 ? *size : 1);
	return exact != NULL ? exact : bytes;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		if (file == NULL) {
			perror(argv[i]);
			return 1;
		}
		size_t size;
		uint8_t *data = read_all(file, &size);
		fclose(file);
		LLVMFuzzerTestOneInput(data, size);
		free(data);
	}
	printf("%d inputs\n", argc - 1);
	return 0;
}
