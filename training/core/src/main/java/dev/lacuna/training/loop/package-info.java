/** What every reference training loop shares: batches, selection, evaluation. */
@NullMarked
package dev.lacuna.training.loop;

import org.jspecify.annotations.NullMarked;
