/** How JSON is written and read; not exported. */
@NullMarked
package dev.lacuna.training.json;

import org.jspecify.annotations.NullMarked;
