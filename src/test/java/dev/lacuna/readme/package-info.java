/** The README is true. */
@NullMarked
package dev.lacuna.readme;

import org.jspecify.annotations.NullMarked;
