package io.sparklora.pipeline.config;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** The adapter's shape: h = W0 x + s B A x on each target. */
public record LoraConfig(
        @Key(
                value =
                        "What a branch does to its layer: `lora` adds to it; `dora` learns each output's magnitude besides "
                                + "(Liu et al. 2024), which costs time and which servers don't load (`publish.profile`).",
                or = "lora")
        Kind kind,

        @Key(value = "Rank r of A and B.", or = "8", min = 1, max = 256)
        int rank,

        @Key(value = "Scaling alpha.", or = "16", min = 1, max = 4096)
        int alpha,

        @Key(
                value =
                        "What a branch is multiplied by: `standard` alpha/rank, or `rslora` alpha/sqrt(rank), which keeps "
                                + "large ranks stable (Kalajdzievski 2023).",
                or = "standard")
        Scaling scaling,

        @Key(
                value =
                        "Linear layers that get a branch: `all-linear`, or a list of PEFT's names (q_proj), ends of paths "
                                + "(mlp.down_proj), whole paths (model.layers.0.mlp.down_proj), and RE2 expressions for whole "
                                + "paths (.*\\.(q|v)_proj).",
                or = "all-linear")
        List<String> targets,

        @Key(
                value =
                        "Blocks that get branches, by number from 0 and range: `0-5` or `0-5,8`; or `all`. A target that is a "
                                + "whole path is not asked.",
                or = "all",
                pattern = "all|[0-9]{1,4}(-[0-9]{1,4})?(,[0-9]{1,4}(-[0-9]{1,4})?)*")
        String layers,

        @Key(
                value = "Ranks of some targets, by name, end of path or RE2 expression: `{down_proj: 4}`.",
                or = "{}",
                min = 1,
                max = 256)
        Map<String, Integer> rankPattern,

        @Key(value = "Alphas of some targets, likewise.", or = "{}", min = 1, max = 4096)
        Map<String, Integer> alphaPattern,

        @Key(
                value =
                        "Share of a branch's input that dropout zeroes in training, anew in each micro-batch; the layers "
                                + "that read one input share the mask.",
                or = "0.0",
                min = 0,
                max = 0.99)
        double dropout,

        @Key(
                value =
                        "B's learning rate over A's (LoRA+, Hayou et al. 2024: 16 is a good start where B begins at zero); "
                                + "A's is `train.learning-rate`.",
                or = "1.0",
                min = 0.01,
                max = 1000)
        double bLearningRateRatio,

        @Key(
                value =
                        "Modules that are trained whole beside the branches, by PEFT's names: the embedding (embed_tokens) and the "
                                + "head (lm_head), or what the model's family calls them. Of a tied pair each becomes a matrix of its "
                                + "own. Costs memory and time in proportion to the vocabulary; servers don't load it "
                                + "(`publish.profile`).",
                or = "[]")
        List<String> modulesToSave,

        @Key(
                value =
                        "Adapter to start from, instead of a random A and a B of zero: a directory of PEFT's two files, a run's "
                                + "adapter directory or a registry version. It must have branches for the same layers with the same "
                                + "ranks; another scale is made up for in B. The run key covers its content, not its place.",
                or = "''",
                inRunKey = false)
        String from) {
    /** The name that stands for every linear layer. */
    public static final String ALL_LINEAR = "all-linear";

    private static final String ALL = "all";

    /** What a branch does to its layer. */
    public enum Kind {
        /** W x + s B A x (Hu et al. 2021). */
        LORA,
        /** m / ||W + s B A|| of each output times that (Liu et al. 2024, arXiv 2402.09353). */
        DORA
    }

    /** What a branch is multiplied by. */
    public enum Scaling {
        /** alpha / r (Hu et al. 2021). */
        STANDARD,
        /** alpha / sqrt(r) (Kalajdzievski 2023, arXiv 2312.03732). */
        RSLORA;

        /** The factor of a branch. */
        public double of(int rank, int alpha) {
            return this == RSLORA ? alpha / Math.sqrt(rank) : (double) alpha / rank;
        }
    }

    /**
     * Refuses no targets, a target that is given twice, {@code all-linear} among others, a range that ends before it
     * begins, and what is no expression.
     */
    public LoraConfig {
        targets = List.copyOf(targets);
        rankPattern = Map.copyOf(rankPattern);
        alphaPattern = Map.copyOf(alphaPattern);
        if (targets.isEmpty()
                || Set.copyOf(targets).size() != targets.size()
                || (targets.contains(ALL_LINEAR) && targets.size() > 1)) {
            throw new IllegalArgumentException(
                    "targets must be all-linear alone, or names of layers, each once, but was "
                            + String.join(", ", targets));
        }
        if (kind == Kind.DORA && dropout > 0) {
            throw new IllegalArgumentException(
                    "dropout must be 0 where kind is dora, whose frozen products dropout would double, but was "
                            + dropout);
        }
        if (Set.copyOf(modulesToSave).size() != modulesToSave.size()) {
            throw new IllegalArgumentException(
                    "modules-to-save must name each module once, but was " + String.join(", ", modulesToSave));
        }
        // Their order changes nothing.
        modulesToSave = modulesToSave.stream().sorted().toList();
        blocks(layers);
        boolean expressions = targets.stream().map(ModulePattern::target).anyMatch(ModulePattern::isExpression);
        if (expressions && !layers.equals(ALL)) {
            throw new IllegalArgumentException(
                    "layers must be all where targets has an expression, which can say itself"
                            + " what blocks it means, but was " + layers);
        }
        new TreeMap<>(rankPattern).keySet().forEach(ModulePattern::key);
        new TreeMap<>(alphaPattern).keySet().forEach(ModulePattern::key);
    }

    /** The blocks of {@code layers}, ascending; empty for all. */
    public List<Integer> blocks() {
        return blocks(layers);
    }

    private static List<Integer> blocks(String layers) {
        if (layers.equals(ALL)) {
            return List.of();
        }
        return Arrays.stream(layers.split(",", -1))
                .flatMapToInt(LoraConfig::range)
                .distinct()
                .sorted()
                .boxed()
                .toList();
    }

    private static IntStream range(String text) {
        int dash = text.indexOf('-');
        int first = Integer.parseInt(dash < 0 ? text : text.substring(0, dash));
        int last = Integer.parseInt(text.substring(dash + 1));
        if (last < first) {
            throw new IllegalArgumentException("layers must have ranges that ascend but has " + text);
        }
        return IntStream.rangeClosed(first, last);
    }
}
