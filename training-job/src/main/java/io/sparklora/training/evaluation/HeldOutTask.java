package io.sparklora.training.evaluation;

import io.sparklora.pipeline.ExitCode;
import io.sparklora.pipeline.StageFailure;
import io.sparklora.pipeline.basemodel.BaseModel;
import io.sparklora.pipeline.dataset.DatasetManifest;
import io.sparklora.pipeline.dataset.Split;
import io.sparklora.pipeline.run.ContentKey;
import io.sparklora.pipeline.run.StageTransaction;
import io.sparklora.pipeline.run.Storage;
import io.sparklora.training.data.TokenSequences;
import io.sparklora.training.model.HostModel;
import io.sparklora.training.model.MicroBatch;
import io.sparklora.training.model.SharedBase;
import io.sparklora.training.model.TaskGpu;
import io.sparklora.training.model.TorchScriptProgram;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.LongAccumulator;
import org.apache.spark.util.SerializableConfiguration;

/**
 * What one executor computes: the losses of its share of the held-out micro-batches under base and candidates. One
 * program is open at a time; each candidate runs over the whole share before the next takes its place.
 *
 * @param hadoop settings of the file systems
 * @param dataset qualified location of the token dataset
 * @param batches the numbered work
 * @param tasks how many tasks share it
 * @param host the base model on each host
 * @param baseHash what the base model must be
 * @param candidates the adapters, at least one; the base is computed with the first one's program
 * @param done counts the losses computed, one a micro-batch and model
 */
record HeldOutTask(
        SerializableConfiguration hadoop,
        String dataset,
        HeldOutBatches batches,
        int tasks,
        HostModel host,
        String baseHash,
        Broadcast<ArrayList<Candidate>> candidates,
        LongAccumulator done)
        implements FlatMapFunction<Integer, BatchLosses> {
    @Override
    public Iterator<BatchLosses> call(Integer task) {
        TokenSequences sequences = sequences(task);
        List<Share> shares = new ArrayList<>();
        batches.ofTask(task, tasks).forEach(number -> shares.add(new Share(number)));
        try (BaseModel base = host.open(new ContentKey(baseHash));
                SharedBase shared = new SharedBase(host, base, TaskGpu.of(TaskContext.get()))) {
            boolean first = true;
            for (Candidate candidate : candidates.value()) {
                TorchScriptProgram program = shared.under(candidate.config(), candidate.parameters());
                for (Share share : shares) {
                    share.compute(program, sequences, first);
                }
                first = false;
            }
        }
        return shares.stream().map(Share::losses).iterator();
    }

    private TokenSequences sequences(int task) {
        Storage storage = new Storage(hadoop.value());
        Path directory = new Path(dataset);
        DatasetManifest manifest = StageTransaction.committed(storage, directory, DatasetManifest.class)
                .orElseThrow(() -> new StageFailure(ExitCode.MISMATCH, "there is no token dataset in " + directory));
        TokenSequences sequences = TokenSequences.open(storage, directory, manifest, Split.VALIDATION);
        sequences.verify(task, tasks);
        return sequences;
    }

    /** One micro-batch and what is known of it so far. */
    private final class Share {
        private final int number;
        private final List<Double> sums = new ArrayList<>();
        private int supervisedTokens;

        Share(int number) {
            this.number = number;
        }

        void compute(TorchScriptProgram program, TokenSequences sequences, boolean withBase) {
            MicroBatch batch = sequences.read(batches.sequences(number));
            supervisedTokens = batch.supervisedTokens();
            if (withBase) {
                add(program.baseLossSum(batch));
            }
            add(program.lossSum(batch));
        }

        private void add(double sum) {
            sums.add(sum);
            done.add(1);
            if (TaskContext.get().isInterrupted()) {
                throw new TaskKilledException("the evaluation was cancelled");
            }
        }

        BatchLosses losses() {
            return new BatchLosses(number, sums, supervisedTokens);
        }
    }
}
