package story;

import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.interceptor.SdkExecutionAttribute;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.retries.api.BackoffStrategy;
import software.amazon.awssdk.services.ecr.EcrClient;
import software.amazon.awssdk.services.ecr.model.EcrException;
import software.amazon.awssdk.services.ecr.waiters.EcrWaiter;

/**
 * The client that tells the story. Every answer passes by here: what operations were driven is
 * noted, and what the types of the SDK promise is held against what it made of the answer.
 */
final class Driver implements ExecutionInterceptor {
    final EcrClient ecr;
    private final Set<String> driven = new TreeSet<>();

    Driver() {
        // Without retries: what fails, fails the test.
        ecr = EcrClient.builder()
                .httpClient(UrlConnectionHttpClient.create())
                .overrideConfiguration(settings -> settings
                        .retryStrategy(AwsRetryStrategy.doNotRetry())
                        .addExecutionInterceptor(this))
                .build();
    }

    Set<String> driven() {
        return driven;
    }

    /** The waiters of the SDK, with less patience than they have. */
    EcrWaiter waiter() {
        return EcrWaiter.builder()
                .client(ecr)
                .overrideConfiguration(settings -> settings
                        .maxAttempts(30)
                        .backoffStrategyV2(BackoffStrategy.fixedDelay(Duration.ofSeconds(1))))
                .build();
    }

    /** The exception of this kind that a call must end with. */
    <E extends EcrException> E refused(Class<E> kind, Runnable call) {
        try {
            call.run();
        } catch (EcrException error) {
            if (!kind.isInstance(error)) {
                throw new AssertionError(kind.getSimpleName() + " expected", error);
            }
            Check.equal(kind.getSimpleName(), error.awsErrorDetails().errorCode());
            Check.that(!error.awsErrorDetails().errorMessage().isEmpty(), "a message", error);
            Check.equal(400, error.statusCode());
            Check.that(error.requestId() != null, "a request id", error);
            return kind.cast(error);
        }
        throw new AssertionError(kind.getSimpleName() + " expected");
    }

    @Override
    public void afterExecution(Context.AfterExecution context, ExecutionAttributes attributes) {
        Check.typed(context.response());
        driven.add(attributes.getAttribute(SdkExecutionAttribute.OPERATION_NAME));
    }

    @Override
    public void onExecutionFailure(
            Context.FailedExecution context, ExecutionAttributes attributes) {
        Throwable error = context.exception();
        // An error of the model comes as a class of its own.
        if (error instanceof EcrException && error.getClass() != EcrException.class) {
            driven.add(attributes.getAttribute(SdkExecutionAttribute.OPERATION_NAME));
        }
    }
}
