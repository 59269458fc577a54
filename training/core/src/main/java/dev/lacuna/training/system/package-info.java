/** Learning systems and what one run of them is. */
@NullMarked
package dev.lacuna.training.system;

import org.jspecify.annotations.NullMarked;
