package io.sparklora.pipeline.config;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;

/**
 * A text that stands for modules of a model, by PEFT's rules (PEFT 0.21.2, {@code check_target_module_exists} in
 * tuners/tuners_utils.py and {@code get_pattern_key} in utils/other.py). Expressions are those of RE2, whose time is
 * linear in the path; it has no look-around and no back-references.
 */
public final class ModulePattern {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]+");

    private final String text;
    private final boolean expression;
    private final Pattern paths;

    private ModulePattern(String text, boolean expression, String paths) {
        this.text = text;
        this.expression = expression;
        try {
            this.paths = Pattern.compile(paths);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no expression that RE2 understands: " + e.getDescription(), e);
        }
    }

    /**
     * A target: a path, or its end after a dot, such as {@code q_proj} or {@code mlp.down_proj}; a text with any character
     * that names don't have is an expression for the whole path.
     *
     * @throws IllegalArgumentException where it is no expression
     */
    public static ModulePattern target(String text) {
        boolean name = NAME.matches(text);
        return new ModulePattern(text, !name, name ? "(.*\\.)?" + Pattern.quote(text) : text);
    }

    /**
     * A key of a rank or alpha pattern: an expression for the whole path or for its end after a dot.
     *
     * @throws IllegalArgumentException where it is no expression
     */
    public static ModulePattern key(String text) {
        return new ModulePattern(text, true, "(.*\\.)?(" + text + ")");
    }

    /** Whether it stands for the module. */
    public boolean matches(String path) {
        return paths.matches(path);
    }

    /** Whether it is an expression, not a name. */
    public boolean isExpression() {
        return expression;
    }

    /** The text itself. */
    @Override
    public String toString() {
        return text;
    }
}
