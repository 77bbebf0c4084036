package story;

import java.lang.reflect.Method;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.traits.RequiredTrait;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;

/** What must hold. */
final class Check {
    private Check() {}

    static void that(boolean holds, String what, Object found) {
        if (!holds) {
            throw new AssertionError(what + " expected, not " + found);
        }
    }

    static void equal(Object expected, Object found) {
        that(Objects.equals(expected, found), String.valueOf(expected), found);
    }

    /** The same JSON, however it is written. */
    static void sameJson(String expected, String found) {
        equal(JsonNode.parser().parse(expected), JsonNode.parser().parse(found));
    }

    /** The one element of a list. */
    static <T> T only(List<T> list) {
        that(list.size() == 1, "one element", list);
        return list.get(0);
    }

    /** Holds an answer against its types: required members, known values, plausible times. */
    static void typed(Object value) {
        if (value instanceof SdkPojo) {
            members((SdkPojo) value);
        } else if (value instanceof Collection) {
            ((Collection<?>) value).forEach(Check::typed);
        } else if (value instanceof Map) {
            ((Map<?, ?>) value).values().forEach(Check::typed);
        } else if (value instanceof Instant) {
            Instant time = (Instant) value;
            Duration distance = Duration.between(time, Instant.now()).abs();
            // What never happened is told as the beginning of time.
            that(time.equals(Instant.EPOCH) || distance.toHours() < 24, "a time of today", time);
        }
    }

    private static void members(SdkPojo structure) {
        for (SdkField<?> field : structure.sdkFields()) {
            Object member = field.getValueOrDefault(structure);
            boolean missing = member == null && field.containsTrait(RequiredTrait.class);
            that(!missing, field.memberName(), structure);
            typed(member);
        }
        // The fields hold texts; the methods make enumerations of them.
        for (Method method : structure.getClass().getMethods()) {
            boolean makes = method.getReturnType().isEnum() || method.getReturnType() == List.class;
            if (makes && method.getParameterCount() == 0 && !method.isSynthetic()) {
                known(structure, method);
            }
        }
    }

    private static void known(SdkPojo structure, Method method) {
        try {
            Object made = method.invoke(structure);
            for (Object one : made instanceof List ? (List<?>) made : Arrays.asList(made)) {
                boolean unknown = one instanceof Enum
                        && ((Enum<?>) one).name().equals("UNKNOWN_TO_SDK_VERSION");
                that(!unknown, method.getName() + " known to the SDK", structure);
            }
        } catch (ReflectiveOperationException error) {
            throw new AssertionError(error);
        }
    }
}
