/** Optimisers and gradient projection. */
@NullMarked
package dev.lacuna.optim;

import org.jspecify.annotations.NullMarked;
