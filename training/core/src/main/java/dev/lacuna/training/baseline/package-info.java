/** What the systems are compared with. */
@NullMarked
package dev.lacuna.training.baseline;

import org.jspecify.annotations.NullMarked;
