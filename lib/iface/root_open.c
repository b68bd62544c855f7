// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which kind of root, and its end. */
#include "base/error.h"
#include "live.h"
#include "recorder.h"
#include "replay.h"

static int start(
	safevma_root *root, const struct safevma_root_options *o, struct safevma_error *err)
{
	if (o->record_dir || o->record_stream) {
		root->recorder = sv_recorder_new(o->record_dir, o->record_stream, o->redact, err);
		if (!root->recorder)
			return -1;
	}
	return o->recording ? sv_replay_start(root, o->recording, err)
			    : sv_live_start(root, o, err);
}

int safevma_root_open(
	const struct safevma_root_options *options, safevma_root **ret, struct safevma_error *err)
{
	safevma_root *root;

	if (options->record_dir && options->record_stream)
		return sv_error_set(err, SAFEVMA_E_USAGE, 0, NULL, 0,
			"a recording goes to a directory or to a stream, not to both");
	if (options->recording && (options->record_dir || options->record_stream))
		return sv_error_set(err, SAFEVMA_E_USAGE, 0, NULL, 0,
			"a recording cannot be recorded again: copy it");
	root = calloc(1, sizeof(*root));
	if (!root)
		return sv_error_nomem(err);
	if (start(root, options, err)) {
		sv_recorder_abandon(root->recorder);
		free(root);
		return -1;
	}
	*ret = root;
	return 0;
}

int safevma_root_close(safevma_root *root, struct safevma_error *err)
{
	int rc;

	if (!root)
		return 0;
	if (root->failed) {
		sv_recorder_abandon(root->recorder);
		root->recorder = NULL;
	}
	rc = sv_recorder_finish(root->recorder, err);
	root->ops->free(root);
	free(root);
	return rc;
}
