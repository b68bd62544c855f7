// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Runs a fuzz target once over each file that is named, for compilers without libFuzzer. Writes
 * TAP. The input lies in a block of just its size, so that checkers see reads past its end.
 */
#include <stdio.h>

#include "fuzz.h"

static int replay(const char *path)
{
	size_t size = 0, room = 1 << 16, n;
	uint8_t *data = malloc(room), *exact;
	FILE *f = fopen(path, "rb");

	if (!f || !data)
		return -1;
	while ((n = fread(data + size, 1, room - size, f)) > 0) {
		size += n;
		if (size == room && !(data = realloc(data, room *= 2)))
			return -1;
	}
	fclose(f);
	exact = realloc(data, size ? size : 1);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 0;
}

int main(int argc, char **argv)
{
	int rc = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%d\n", argc);
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	printf("ok 1 - nothing\n");
	for (int i = 1; i < argc; i++) {
		int failed = replay(argv[i]);

		rc |= failed;
		printf("%s %d - %s\n", failed ? "not ok" : "ok", i + 1, argv[i]);
	}
	return rc ? 1 : 0;
}
