/** What a back end must provide, and the op table that it is called through. */
@NullMarked
package dev.lacuna.spi;

import org.jspecify.annotations.NullMarked;
