/** Files of tensors. */
@NullMarked
package dev.lacuna.io;

import org.jspecify.annotations.NullMarked;
