/**
 * Measures of predictions. Scores are [sample][class]; a label is one class in [0, classes) or, for
 * many labels a sample, a row of booleans. Different numbers of samples, rows of different widths,
 * NaN, labels out of range and no samples at all are an {@link IllegalArgumentException}.
 */
@NullMarked
package dev.lacuna.training.metrics;

import org.jspecify.annotations.NullMarked;
