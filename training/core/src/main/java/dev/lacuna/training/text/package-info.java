/** Text as the numbers that a text transformer takes. */
@NullMarked
package dev.lacuna.training.text;

import org.jspecify.annotations.NullMarked;
