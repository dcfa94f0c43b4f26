package io.sparklora.pipeline.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Describes one key of the configuration; its name is the component's, in kebab-case. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
@interface Key {
    /** One sentence for the reference, with the unit. */
    String value();

    /** The default in YAML; {@link #REQUIRED} where the user must give one. */
    String or() default REQUIRED;

    /** Smallest number allowed. */
    double min() default Double.NEGATIVE_INFINITY;

    /** Largest number allowed. */
    double max() default Double.POSITIVE_INFINITY;

    /** Regular expression that a text must match, and how the error names it. */
    String pattern() default "";

    /** False for keys that can't change the adapter's bytes: they are left out of the run key. */
    boolean inRunKey() default true;

    /** Marks a key without default. */
    String REQUIRED = "\0";
}
