/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said of a frame beside ours, held against what its flags said when the edge was found. */
#ifndef SV_MEASURE_HOLDING_H
#define SV_MEASURE_HOLDING_H

#include "model/observation.h"

/*
 * Who has the frame, where that was told of the frame as it was: class is what it was when it was
 * found to lie beside us. NULL: nobody told, or it had become another one by then.
 */
const struct sv_holding *sv_holding_of(
	const safevma_observation *obs, uint64_t pfn, enum sv_class class);

/*
 * Whether an overrun can start there, by the class and by who has it (NULL: by the class alone).
 * That the frame is mapped by vmalloc too does not say that it is used there alone.
 */
enum sv_source sv_source_by(const struct sv_holding *h, enum sv_class class);

#endif
