/**
 * The mathematics of every op, once, in double precision and in its plainest form.
 *
 * <p>This package is the specification. The build derives {@code dev.lacuna.reference.f32} from it
 * by replacing the real type: that is the back end without natives, and the "same maths done
 * naively in float" of the tests' tolerances. Casts like {@code (double) Math.exp(x)} are there for
 * the derived package.
 */
@NullMarked
package dev.lacuna.reference.f64;

import org.jspecify.annotations.NullMarked;
