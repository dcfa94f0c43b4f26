package io.sparklora.pipeline.dataset;

import io.sparklora.pipeline.dataset.DatasetManifest.Dropped;
import io.sparklora.pipeline.dataset.DatasetManifest.Funnel;
import io.sparklora.pipeline.dataset.DatasetManifest.Packing;
import io.sparklora.pipeline.dataset.DatasetManifest.PrivacyFigures;
import io.sparklora.pipeline.dataset.DatasetStatistics.DroppedSample;
import io.sparklora.pipeline.dataset.DatasetStatistics.KeptSample;
import io.sparklora.pipeline.dataset.DatasetStatistics.LanguageStatistics;
import io.sparklora.pipeline.dataset.DatasetStatistics.Lengths;
import io.sparklora.pipeline.dataset.DatasetStatistics.NearDuplicateFigures;
import io.sparklora.pipeline.dataset.DatasetStatistics.Share;
import io.sparklora.pipeline.dataset.DatasetStatistics.SourceStatistics;
import io.sparklora.pipeline.dataset.DatasetStatistics.SplitStatistics;
import io.sparklora.pipeline.dataset.DatasetStatistics.StepFigure;
import io.sparklora.pipeline.run.ContentKey;
import java.util.List;
import java.util.Optional;

/** Statistics of a dataset of seven documents, four of which were kept. */
public final class TinyStatistics {
    private TinyStatistics() {}

    /**
     * The statistics.
     *
     * @param text stands wherever a corpus or a configuration can put one
     */
    public static DatasetStatistics of(ContentKey datasetKey, String text) {
        return new DatasetStatistics(
                1,
                datasetKey,
                64,
                new Funnel(7, 4, List.of(new Dropped("length", "too-short", 3), new Dropped("length", "too-long", 0))),
                List.of(new StepFigure("normalise", "changed-documents", 1234)),
                List.of(
                        new SplitStatistics(
                                Split.TRAIN, 3, 70, 67, 2, new Packing(2, 0.546875), Lengths.of(new int[] {9, 60, 1})),
                        new SplitStatistics(
                                Split.VALIDATION, 1, 5, 4, 1, new Packing(1, 0.078125), Lengths.of(new int[] {5}))),
                List.of(new SourceStatistics(0, text, 7, 4, 75)),
                List.of(
                        new LanguageStatistics(
                                text, 5, 4, 75, Optional.of(0.96875), List.of(new Dropped(text, "other-language", 1))),
                        new LanguageStatistics("", 1, 0, 0, Optional.empty(), List.of(new Dropped("a", text, 1)))),
                List.of(new Share(text, 3, 70), new Share("", 1, 5)),
                List.of(new PrivacyFigures("email", "replace", 1, 2)),
                Optional.of(new NearDuplicateFigures(2, 0.75, 4, 5, 3)),
                List.of(new KeptSample(text, 0, text, Split.TRAIN, text)),
                List.of(
                        new DroppedSample(
                                "length",
                                "too-short",
                                text,
                                0,
                                text,
                                Optional.of(9.0),
                                Optional.of(10.0),
                                Optional.of(text),
                                Optional.of(text),
                                Optional.of(text)),
                        new DroppedSample(
                                "length",
                                "too-short",
                                "b",
                                0,
                                "",
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty())));
    }
}
