/** Encoders that the reference training loops share. */
@NullMarked
package dev.lacuna.training.encoder;

import org.jspecify.annotations.NullMarked;
