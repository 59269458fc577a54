/** A user's own data: CSV files, MNIST's IDX files, folders of recordings. */
@NullMarked
package dev.lacuna.training.data.own;

import org.jspecify.annotations.NullMarked;
