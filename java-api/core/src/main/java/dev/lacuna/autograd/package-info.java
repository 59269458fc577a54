/**
 * Reverse-mode differentiation, define by run.
 *
 * <p>Read {@link dev.lacuna.autograd.Tape} first: it holds every value and every recorded op in
 * flat arrays. A {@link dev.lacuna.autograd.Tensor} is a handle into it; ops in {@code
 * dev.lacuna.ops} record themselves and know their own gradient.
 */
@NullMarked
package dev.lacuna.autograd;

import org.jspecify.annotations.NullMarked;
