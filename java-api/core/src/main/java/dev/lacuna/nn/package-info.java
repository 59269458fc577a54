/** Layers: parameters and the op that uses them. */
@NullMarked
package dev.lacuna.nn;

import org.jspecify.annotations.NullMarked;
