/** Uni-Code, also called CMG, as a system to train and compare, and what its codes are worth. */
@NullMarked
package dev.lacuna.training.cmg;

import org.jspecify.annotations.NullMarked;
