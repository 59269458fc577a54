/**
 * Data sets: readers, preparation into a cache, missing tables, and the form that training reads.
 */
@NullMarked
package dev.lacuna.training.data;

import org.jspecify.annotations.NullMarked;
