package io.sparklora.dataprep.step;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A licence as SPDX writes it (specification 2.3, annex D): {@code OR} leaves the choice, {@code AND} binds to both and
 * binds stronger, {@code WITH} belongs to its licence; identifiers are compared without regard to case. What is no
 * expression is one licence of that name.
 */
sealed interface LicenceExpression {
    /**
     * Whether a document under this licence may be used.
     *
     * @param allow licences that may be; none allows all
     * @param deny licences that may not be, whatever {@code allow} says
     */
    boolean isAllowed(List<String> allow, List<String> deny);

    /** One licence, with its exception. */
    record Licence(String name) implements LicenceExpression {
        @Override
        public boolean isAllowed(List<String> allow, List<String> deny) {
            return (allow.isEmpty() || isIn(allow)) && !isIn(deny);
        }

        private boolean isIn(List<String> names) {
            return names.stream().anyMatch(name::equalsIgnoreCase);
        }
    }

    /** Any of them, as the user chooses. */
    record Any(List<LicenceExpression> parts) implements LicenceExpression {
        @Override
        public boolean isAllowed(List<String> allow, List<String> deny) {
            return parts.stream().anyMatch(part -> part.isAllowed(allow, deny));
        }
    }

    /** All of them together. */
    record All(List<LicenceExpression> parts) implements LicenceExpression {
        @Override
        public boolean isAllowed(List<String> allow, List<String> deny) {
            return parts.stream().allMatch(part -> part.isAllowed(allow, deny));
        }
    }

    /** Never fails. */
    static LicenceExpression parse(String text) {
        try {
            return new Parser(text).whole();
        } catch (IllegalArgumentException e) {
            return new Licence(text.strip());
        }
    }

    /** A descent through the grammar; its depth is bounded, so that no licence overflows the stack. */
    final class Parser {
        private static final Pattern TOKEN = Pattern.compile("[()]|[^()\\s]+");
        private static final int DEEPEST = 50;

        private final List<String> tokens = new ArrayList<>();
        private int place;

        private Parser(String text) {
            Matcher matcher = TOKEN.matcher(text);
            while (matcher.find()) {
                tokens.add(matcher.group());
            }
        }

        private LicenceExpression whole() {
            LicenceExpression whole = any(0);
            require(place == tokens.size());
            return whole;
        }

        private LicenceExpression any(int depth) {
            List<LicenceExpression> parts = new ArrayList<>();
            do {
                parts.add(all(depth));
            } while (takes("OR"));
            return parts.size() == 1 ? parts.get(0) : new Any(List.copyOf(parts));
        }

        private LicenceExpression all(int depth) {
            List<LicenceExpression> parts = new ArrayList<>();
            do {
                parts.add(one(depth));
            } while (takes("AND"));
            return parts.size() == 1 ? parts.get(0) : new All(List.copyOf(parts));
        }

        private LicenceExpression one(int depth) {
            require(depth < DEEPEST);
            if (takes("(")) {
                LicenceExpression inner = any(depth + 1);
                require(takes(")"));
                return inner;
            }
            String name = identifier();
            return new Licence(takes("WITH") ? name + " WITH " + identifier() : name);
        }

        private String identifier() {
            require(place < tokens.size()
                    && !List.of("(", ")", "AND", "OR", "WITH").contains(tokens.get(place)));
            return tokens.get(place++);
        }

        private boolean takes(String token) {
            boolean isNext = place < tokens.size() && tokens.get(place).equals(token);
            if (isNext) {
                place++;
            }
            return isNext;
        }

        private static void require(boolean condition) {
            if (!condition) {
                throw new IllegalArgumentException("no SPDX expression");
            }
        }
    }
}
