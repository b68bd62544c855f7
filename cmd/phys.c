// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <stdlib.h>

#include "command.h"

extern const struct command command_phys;

enum { ROWS = 20, LABEL = 12, FEWEST = 16, MOST = 256 };

/* Of a line of the picture: a power of two, so that its first frame is a round number. */
static size_t cells_of_line(unsigned int width)
{
	size_t n = FEWEST;

	while (n < MOST && 2 * n + LABEL <= width)
		n *= 2;
	return n;
}

static int draw(const safevma_observation *obs, void *arg)
{
	struct safevma_error err = { 0 };
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);
	int status = -1;

	if (!out || safevma_svg_write(obs, out, &err))
		status = out ? complain_error(&err, EXIT_RUNTIME) : EXIT_RUNTIME;
	if (out && (fclose(out) || !text)) {
		complain("out of memory");
		status = EXIT_RUNTIME;
	}
	if (status < 0)
		status = whole_file_commit(arg, text, size);
	free(text);
	return status;
}

/* The raster of a screen is for the screen: of a program it depends on the machine alone. */
static int run(const struct command *command, struct arguments *args)
{
	struct whole_file *svg = NULL;
	int status;

	if (args->report.format == SAFEVMA_FORMAT_TEXT) {
		args->report.width = screen_width();
		if (!args->request.phys.order_given)
			args->request.phys.cells = ROWS * cells_of_line(args->report.width);
	}
	if (selects(args))
		args->request.needs |= SAFEVMA_NEED_PAGES;
	if (args->svg) {
		status = whole_file_begin(args->svg, &svg);
		if (status >= 0)
			return status;
	}
	status = run_table_and(command->name, args, svg ? draw : NULL, svg);
	if (svg)
		whole_file_cancel(svg);
	return status;
}

static void more_help(const struct command *command)
{
	print_columns(command);
	print_fixed_columns("Columns of classes", "phys-classes");
	print_fixed_columns("Columns of zones", "phys-zones");
	print_fixed_columns("Columns of block types", "phys-blocks");
	print_fixed_columns("Columns of flags", "phys-flags");
	print_fixed_columns("Columns of places", "phys-processes");
}

const struct command command_phys = {
	.name = "phys",
	.summary = "physical memory as a raster, and by zone, block and class",
	.usage = "[--range PFN[-PFN]] [--zoom FRAMES] [--svg FILE] [OPTION...]",
	.about = "Looks once at every frame of the machine and draws physical memory in order of "
		 "frames:\n"
		 "each cell shows the class of most of its memory, capital where slab or the like "
		 "lies in\n"
		 "it beside mapped memory of processes. Then what memory is used for, by class, "
		 "node and\n"
		 "zone; the kinds of pageblocks; how far sources and memory of processes are "
		 "mixed, and\n"
		 "the flags of kpageflags as the kernel gives them. With a selection of processes, "
		 "where\n"
		 "their frames lie. --output, --sort and --raw have a row a cell in place of the "
		 "picture.",
	.options = OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_ROOT | OPTIONS_PHYS | OPTIONS_HOLD,
	.needs = SAFEVMA_NEED_PHYS,
	.run = run,
	.more_help = more_help,
};
