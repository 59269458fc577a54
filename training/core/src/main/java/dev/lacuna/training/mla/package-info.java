/** MLA on avMNIST-like data: networks, options, learners. */
@NullMarked
package dev.lacuna.training.mla;

import org.jspecify.annotations.NullMarked;
