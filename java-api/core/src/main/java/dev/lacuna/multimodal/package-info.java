/** What learning from several modalities needs when some of them are missing. */
@NullMarked
package dev.lacuna.multimodal;

import org.jspecify.annotations.NullMarked;
