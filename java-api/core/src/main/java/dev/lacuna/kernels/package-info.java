/** The kernels without a tape, for programs that have a framework of their own. */
@NullMarked
package dev.lacuna.kernels;

import org.jspecify.annotations.NullMarked;
