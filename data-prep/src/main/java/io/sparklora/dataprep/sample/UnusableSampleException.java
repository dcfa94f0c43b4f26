package io.sparklora.dataprep.sample;

/** A sample can't be trained on. */
final class UnusableSampleException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final SampleDefect defect;

    UnusableSampleException(SampleDefect defect, String message) {
        super(message);
        this.defect = defect;
    }

    /** Why, in the words of funnel and ledger. */
    SampleDefect defect() {
        return defect;
    }
}
