package io.sparklora.pipeline.config;

/** How the adapter is trained. */
public record TrainConfig(
        @Key(
                value =
                        "What is trained: `lora` the branches of `lora`; `full` every weight of the base model, in fp32 from "
                                + "where the base has it. What is published then is a whole model, a Hugging Face directory; "
                                + "nothing of `lora` may be set. Takes some 64 bytes of heap a weight, and learning rates of a "
                                + "tenth of LoRA's or less.",
                or = "lora")
        FinetuningType finetuningType,

        @Key(
                value = "Executors, one rank each; the adapter's bytes do not depend on it.",
                or = "1",
                min = 1,
                max = 4096,
                inRunKey = false)
        int executors,

        @Key(
                value =
                        "Threads of a rank (spark.task.cpus); part of the run key, as kernels may sum in another order.",
                or = "1",
                min = 1,
                max = 1024)
        int threads,

        @Key(
                value =
                        "Tokens to train on, padding included; the steps are this divided by a batch's tokens, rounded up.",
                or = "250000",
                min = 1)
        long tokens,

        @Key(value = "The global batch.", or = "{}") Batch batch,

        @Key(
                value =
                        "How an epoch visits the sequences: `shuffled` by the seed, anew each epoch; or `short-first`, a "
                                + "curriculum from sequences of short documents and remainders to those that long documents fill.",
                or = "shuffled")
        Order order,

        @Key(value = "Peak learning rate.", or = "0.001", min = 0, max = 10)
        double learningRate,

        @Key(value = "How the learning rate falls after the warm-up.", or = "cosine")
        Schedule schedule,

        @Key(value = "Share of the steps over which the learning rate rises.", or = "0.06", min = 0, max = 1)
        double warmup,

        @Key(
                value =
                        "Share of the steps, the last ones, over which schedule `wsd` falls; other schedules fall from the "
                                + "warm-up on.",
                or = "0.1",
                min = 0,
                max = 1)
        double decay,

        @Key(
                value = "Largest global L2 norm of the gradient; longer ones are scaled down to it. 0 for none.",
                or = "1.0",
                min = 0)
        double clip,

        @Key(
                value =
                        "AdamW's decoupled weight decay; of full fine-tuning that of matrices alone, not of norms and biases.",
                or = "0.0",
                min = 0,
                max = 1)
        double weightDecay,

        @Key(value = "How the adapter is measured while it is trained.", or = "{}")
        Validation validation,

        @Key(value = "When the state is saved.", or = "{}", inRunKey = false)
        Checkpoint checkpoint,

        @Key(value = "How long the driver waits for executors.", or = "{}", inRunKey = false)
        ExecutorWait executorWait,

        @Key(value = "Where driver and ranks listen to one another.", or = "{}", inRunKey = false)
        Ports ports) {
    /** What is trained. */
    public enum FinetuningType {
        /** Branches beside the frozen weights. */
        LORA,
        /** Every weight. */
        FULL
    }

    /** How an epoch visits the sequences. */
    public enum Order {
        SHUFFLED,
        SHORT_FIRST
    }

    /** How the learning rate falls after the warm-up. */
    public enum Schedule {
        COSINE,
        LINEAR,
        CONSTANT,
        /** Warm-up, stable, decay: constant, then linear to 0 (Hu et al. 2024, arXiv 2404.06395). */
        WSD
    }

    /** Refuses a warm-up and a decay that overlap. */
    public TrainConfig {
        if (schedule == Schedule.WSD && warmup + decay > 1) {
            throw new IllegalArgumentException(
                    "warmup + decay must be at most 1 for schedule wsd but are " + warmup + " + " + decay);
        }
    }

    /** The global batch: {@code sequences} a step, computed {@code micro} at a time. */
    public record Batch(
            @Key(value = "Sequences of a step, over all executors.", or = "4", min = 1, max = 65536)
            int sequences,

            @Key(value = "Sequences of one native call.", or = "1", min = 1, max = 1024)
            int micro,

            @Key(
                    value =
                            "Activation checkpointing: layers whose activations are held at a time; those of the others are "
                                    + "computed again in the backward pass. Saves memory, takes about a third longer, changes "
                                    + "no bit. 0 holds all.",
                    or = "0",
                    min = 0,
                    max = 4096,
                    inRunKey = false)
            int activationCheckpointing) {
        public Batch {
            if (sequences % micro != 0) {
                throw new IllegalArgumentException("sequences " + sequences + " must be a multiple of micro " + micro);
            }
        }
    }

    /** How the adapter is measured while it is trained. */
    public record Validation(
            @Key(
                    value =
                            "Steps between measurements of the loss on the validation split, the last step's included; 0 for "
                                    + "none. The gate judges by that split, too: what was chosen by it looks a little better there.",
                    or = "0",
                    min = 0)
            int steps,

            @Key(
                    value = "Sequences of the validation split that are measured, spread evenly over it; 0 for all.",
                    or = "64",
                    min = 0)
            int sequences,

            @Key(
                    value = "Measurements in a row without a lower loss that end the training; 0 for never.",
                    or = "0",
                    min = 0)
            int patience,

            @Key(
                    value = "Which adapter is kept: the one with the `lowest` loss measured, or the `last`.",
                    or = "lowest")
            Keep keep) {
        /** Which adapter is kept. */
        public enum Keep {
            LOWEST,
            LAST
        }

        /** Refuses patience without measurements. */
        public Validation {
            if (patience > 0 && steps == 0) {
                throw new IllegalArgumentException("patience " + patience + " needs steps of at least 1");
            }
        }
    }

    /** When the state is saved. */
    public record Checkpoint(
            @Key(value = "Steps between checkpoints.", or = "20", min = 1)
            int steps,

            @Key(
                    value =
                            "Longest time between checkpoints, in minutes, for steps that take long; 0 for none but by steps.",
                    or = "10",
                    min = 0,
                    max = 10080)
            int minutes,

            @Key(
                    value =
                            "Seconds that a driver or executor which is told to end (SIGTERM) may take to finish the step and "
                                    + "save the state; less than what its cluster manager waits before it kills.",
                    or = "20",
                    min = 0,
                    max = 3600)
            int grace) {}

    /** How long the driver waits for executors, which a cluster manager may have to find room or fetch an image for. */
    public record ExecutorWait(
            @Key(
                    value =
                            "Seconds to wait for all executors at the start, once there is one; those that come later join "
                                    + "the run where it is.",
                    or = "20",
                    min = 0,
                    max = 86400)
            int all,

            @Key(
                    value =
                            "Seconds to wait for the first executor, at the start and after all were lost; then the run ends "
                                    + "with status 75.",
                    or = "300",
                    min = 1,
                    max = 86400)
            int first) {}

    /** Where driver and ranks listen to one another, beside Spark's own ports. */
    public record Ports(
            @Key(
                    value =
                            "First port that a rank listens to its neighbours on, at its executor's address; 0 for any free "
                                    + "one.",
                    or = "0",
                    min = 0,
                    max = 65535)
            int ring,

            @Key(
                    value =
                            "First port that the driver listens to rank 0 on, at `spark.driver.bindAddress`; 0 for any free "
                                    + "one.",
                    or = "0",
                    min = 0,
                    max = 65535)
            int driver,

            @Key(
                    value =
                            "Ports of either range, the first free one of which is taken; ranks of one host need up to two "
                                    + "each.",
                    or = "64",
                    min = 1,
                    max = 16384)
            int range) {
        private static final int LAST_PORT = 65535;

        /** Refuses a range that goes past the last port. */
        public Ports {
            int highest = Math.max(ring, driver);
            if (highest + range - 1 > LAST_PORT) {
                throw new IllegalArgumentException("must end by " + LAST_PORT + " but range " + range + " from "
                        + highest + " on ends at " + (highest + range - 1));
            }
        }
    }
}
