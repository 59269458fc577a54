/** Progress of long work, on standard error. */
@NullMarked
package dev.lacuna.training.progress;

import org.jspecify.annotations.NullMarked;
