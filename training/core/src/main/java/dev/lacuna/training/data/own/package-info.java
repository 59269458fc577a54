/** A user's own data: CSV files, MNIST's IDX files, recordings, MAP's three data sets. */
@NullMarked
package dev.lacuna.training.data.own;

import org.jspecify.annotations.NullMarked;
