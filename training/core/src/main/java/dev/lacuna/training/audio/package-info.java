/** Recordings: WAV files, resampling, log-mel features. */
@NullMarked
package dev.lacuna.training.audio;

import org.jspecify.annotations.NullMarked;
