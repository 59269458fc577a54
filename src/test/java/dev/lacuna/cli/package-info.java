/** The command line as a user meets it. */
@NullMarked
package dev.lacuna.cli;

import org.jspecify.annotations.NullMarked;
