package io.sparklora.dataprep.step;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.udf;

import io.sparklora.pipeline.config.CorpusConfig;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;

/** Drops documents whose licence ({@link LicenceExpression}) is denied, or not among those allowed. */
public final class CheckLicence implements Step.OfDocument {
    private static final String NAME = "licence";
    private static final DropReason NOT_ALLOWED = new DropReason(NAME, "licence-not-allowed");

    private final CorpusConfig.Licences licences;

    /** @param licences that may be and may not be */
    public CheckLicence(CorpusConfig.Licences licences) {
        this.licences = licences;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<DropReason> reasons() {
        return List.of(NOT_ALLOWED);
    }

    @Override
    public boolean isOn() {
        return !licences.allow().isEmpty() || !licences.deny().isEmpty();
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
        List<String> allow = new ArrayList<>(licences.allow());
        List<String> deny = new ArrayList<>(licences.deny());
        // An expression with brackets is no column expression; the licence, not the text, leaves the GPU.
        UDF1<String, Boolean> isDenied =
                licence -> !LicenceExpression.parse(licence).isAllowed(allow, deny);
        UserDefinedFunction denied = udf(isDenied, DataTypes.BooleanType).withName("is_licence_denied");
        Column licence = col(Documents.LICENCE);
        return Documents.drop(
                documents, denied.apply(licence), Documents.verdictOn(licence, NOT_ALLOWED, lit(null), lit(null)));
    }
}
