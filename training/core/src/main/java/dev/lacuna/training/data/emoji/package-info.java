/** The emoji data set: pictures with the words that describe them. */
@NullMarked
package dev.lacuna.training.data.emoji;

import org.jspecify.annotations.NullMarked;
