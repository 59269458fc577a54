/** Comparisons of systems: what each training left, statistics over them, table and figure. */
@NullMarked
package dev.lacuna.training.compare;

import org.jspecify.annotations.NullMarked;
