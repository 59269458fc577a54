/** Pretraining of the small image transformer that frozen-transformer systems start from. */
@NullMarked
package dev.lacuna.training.pretrain;

import org.jspecify.annotations.NullMarked;
