package io.sparklora.pipeline.basemodel;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * Typed access to the fields of a JSON object; null counts as absent, another type is refused.
 *
 * @param object the object
 * @param where what messages call it: the file, and the path within it
 */
record JsonFields(JsonNode object, String where) {
    Optional<JsonNode> node(String field) {
        return Optional.ofNullable(object.get(field)).filter(node -> !node.isNull());
    }

    /** Whether the field is there and says null. */
    boolean isNull(String field) {
        return object.has(field) && object.get(field).isNull();
    }

    OptionalInt whole(String field) {
        Optional<JsonNode> node = node(field);
        if (node.isEmpty()) {
            return OptionalInt.empty();
        }
        if (!node.get().isIntegralNumber() || !node.get().canConvertToInt()) {
            throw refusal(field, "a whole number below 2^31");
        }
        return OptionalInt.of(node.get().intValue());
    }

    int requiredWhole(String field) {
        return whole(field).orElseThrow(() -> missing(field));
    }

    OptionalDouble real(String field) {
        Optional<JsonNode> node = node(field);
        if (node.isEmpty()) {
            return OptionalDouble.empty();
        }
        if (!node.get().isNumber()) {
            throw refusal(field, "a number");
        }
        return OptionalDouble.of(node.get().doubleValue());
    }

    double requiredReal(String field) {
        return real(field).orElseThrow(() -> missing(field));
    }

    /** A list of numbers. */
    List<Double> requiredReals(String field) {
        JsonNode list = node(field).orElseThrow(() -> missing(field));
        List<Double> reals = new ArrayList<>();
        for (JsonNode each : list) {
            if (!each.isNumber()) {
                throw refusal(field, "a list of numbers");
            }
            reals.add(each.doubleValue());
        }
        if (!list.isArray()) {
            throw refusal(field, "a list of numbers");
        }
        return reals;
    }

    Optional<String> text(String field) {
        return node(field).map(node -> {
            if (!node.isTextual()) {
                throw refusal(field, "a string");
            }
            return node.textValue();
        });
    }

    Optional<Boolean> flag(String field) {
        return node(field).map(node -> {
            if (!node.isBoolean()) {
                throw refusal(field, "true or false");
            }
            return node.booleanValue();
        });
    }

    Optional<JsonFields> object(String field) {
        return node(field).map(node -> {
            if (!node.isObject()) {
                throw refusal(field, "an object");
            }
            return new JsonFields(node, where + ": " + field);
        });
    }

    InvalidBaseModelException missing(String field) {
        return new InvalidBaseModelException(where + ": field " + field + " is missing");
    }

    /** A refusal of a field's value, which is there. */
    InvalidBaseModelException refusal(String field, String allowed) {
        String shown = node(field).map(StrictJson::shown).orElse("missing");
        return new InvalidBaseModelException(where + ": field " + field + " must be " + allowed + " but is " + shown);
    }
}
