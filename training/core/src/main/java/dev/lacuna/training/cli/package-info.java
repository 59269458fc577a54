/** The command line. */
@NullMarked
package dev.lacuna.training.cli;

import org.jspecify.annotations.NullMarked;
