/** Uni-Code (CMG): one codebook for all modalities, learned and measured. */
@NullMarked
package dev.lacuna.training.cmg;

import org.jspecify.annotations.NullMarked;
