/** MMP and its baselines: training of {@code dev.lacuna.multimodal.mmp} over batches of samples. */
@NullMarked
package dev.lacuna.training.mmp;

import org.jspecify.annotations.NullMarked;
