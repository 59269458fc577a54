/** Measures of predictions. */
@NullMarked
package dev.lacuna.training.metrics;

import org.jspecify.annotations.NullMarked;
