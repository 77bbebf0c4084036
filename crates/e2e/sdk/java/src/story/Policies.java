package story;

import java.time.Instant;
import java.util.List;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.ecr.EcrClient;
import software.amazon.awssdk.services.ecr.model.BatchGetRepositoryScanningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.DescribeImageScanFindingsRequest;
import software.amazon.awssdk.services.ecr.model.DescribeImageScanFindingsResponse;
import software.amazon.awssdk.services.ecr.model.GetLifecyclePolicyPreviewResponse;
import software.amazon.awssdk.services.ecr.model.GetLifecyclePolicyResponse;
import software.amazon.awssdk.services.ecr.model.ImageActionType;
import software.amazon.awssdk.services.ecr.model.InvalidParameterException;
import software.amazon.awssdk.services.ecr.model.LifecyclePolicyNotFoundException;
import software.amazon.awssdk.services.ecr.model.LifecyclePolicyPreviewNotFoundException;
import software.amazon.awssdk.services.ecr.model.LifecyclePolicyPreviewResult;
import software.amazon.awssdk.services.ecr.model.LifecyclePolicyPreviewStatus;
import software.amazon.awssdk.services.ecr.model.RegistryPolicyNotFoundException;
import software.amazon.awssdk.services.ecr.model.RegistryScanningConfiguration;
import software.amazon.awssdk.services.ecr.model.RegistryScanningRule;
import software.amazon.awssdk.services.ecr.model.RepositoryPolicyNotFoundException;
import software.amazon.awssdk.services.ecr.model.ScanFrequency;
import software.amazon.awssdk.services.ecr.model.ScanNotFoundException;
import software.amazon.awssdk.services.ecr.model.ScanStatus;
import software.amazon.awssdk.services.ecr.model.ScanType;
import software.amazon.awssdk.services.ecr.model.ScanningConfigurationFailureCode;
import software.amazon.awssdk.services.ecr.model.ScanningRepositoryFilterType;
import software.amazon.awssdk.services.ecr.model.UnsupportedImageTypeException;

/** Policies of repositories and of the registry, lifecycle policies, scanning. */
final class Policies {
    static final String LIFECYCLE = "{\"rules\":[{\"rulePriority\":1,\"selection\":{"
            + "\"tagStatus\":\"tagged\",\"tagPatternList\":[\"*\"],"
            + "\"countType\":\"imageCountMoreThan\",\"countNumber\":1},"
            + "\"action\":{\"type\":\"expire\"}}]}";

    private final Driver driver;
    private final EcrClient ecr;

    Policies(Driver driver) {
        this.driver = driver;
        ecr = driver.ecr;
    }

    void tell() {
        repositoryPolicy();
        registryPolicy();
        lifecycle();
        scanningConfiguration();
        scans();
    }

    private static String policy(String action, String more) {
        return String.format("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"other\","
                + "\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::999988887777:root\"},"
                + "\"Action\":\"%s\"%s}]}", action, more);
    }

    private void repositoryPolicy() {
        driver.refused(RepositoryPolicyNotFoundException.class,
                () -> ecr.getRepositoryPolicy(r -> r.repositoryName("app")));
        driver.refused(InvalidParameterException.class,
                () -> ecr.setRepositoryPolicy(r -> r.repositoryName("app").policyText("{}")));
        String text = policy("ecr:BatchGetImage", "");
        ecr.setRepositoryPolicy(r -> r.repositoryName("app").policyText(text));
        Check.sameJson(text, ecr.getRepositoryPolicy(r -> r.repositoryName("app")).policyText());
        ecr.deleteRepositoryPolicy(r -> r.repositoryName("app"));
        driver.refused(RepositoryPolicyNotFoundException.class,
                () -> ecr.deleteRepositoryPolicy(r -> r.repositoryName("app")));
    }

    private void registryPolicy() {
        driver.refused(RegistryPolicyNotFoundException.class,
                () -> ecr.getRegistryPolicy(r -> {}));
        String text = policy("ecr:ReplicateImage", String.format(
                ",\"Resource\":\"arn:aws:ecr:%s:%s:repository/*\"",
                System.getenv("AWS_REGION"), ecr.describeRegistry(r -> {}).registryId()));
        ecr.putRegistryPolicy(r -> r.policyText(text));
        Check.sameJson(text, ecr.getRegistryPolicy(r -> {}).policyText());
        ecr.deleteRegistryPolicy(r -> {});
        driver.refused(RegistryPolicyNotFoundException.class,
                () -> ecr.deleteRegistryPolicy(r -> {}));
    }

    private void lifecycle() {
        driver.refused(LifecyclePolicyNotFoundException.class,
                () -> ecr.getLifecyclePolicy(r -> r.repositoryName("app")));
        driver.refused(LifecyclePolicyPreviewNotFoundException.class,
                () -> ecr.getLifecyclePolicyPreview(r -> r.repositoryName("app")));
        String message = driver.refused(InvalidParameterException.class,
                () -> ecr.putLifecyclePolicy(r -> r
                        .repositoryName("app").lifecyclePolicyText("x".repeat(100)))).getMessage();
        Check.that(message.contains("Lifecycle policy validation failure"), "ECR's text", message);
        Check.equal(LifecyclePolicyPreviewStatus.IN_PROGRESS,
                ecr.startLifecyclePolicyPreview(r -> r
                        .repositoryName("app").lifecyclePolicyText(LIFECYCLE)).status());
        driver.waiter().waitUntilLifecyclePolicyPreviewComplete(r -> r.repositoryName("app"));
        GetLifecyclePolicyPreviewResponse preview =
                ecr.getLifecyclePolicyPreviewPaginator(r -> r.repositoryName("app"))
                        .stream().findFirst().orElseThrow();
        Check.equal(LifecyclePolicyPreviewStatus.COMPLETE, preview.status());
        // Of the three that the rule selects, the newest stays, and what the index lists.
        LifecyclePolicyPreviewResult result = Check.only(preview.previewResults());
        Check.equal(1, preview.summary().expiringImageTotalCount());
        Check.equal(1, result.imageTags().size());
        Check.equal(ImageActionType.EXPIRE, result.action().type());
        Check.equal(1, result.appliedRulePriority());
        Check.that(result.imagePushedAt() != null, "a time", result);
        // It is carried out as soon as it is put: one that finds nothing to do.
        String text = LIFECYCLE.replace("\"countNumber\":1", "\"countNumber\":100");
        ecr.putLifecyclePolicy(r -> r.repositoryName("app").lifecyclePolicyText(text));
        GetLifecyclePolicyResponse got = ecr.getLifecyclePolicy(r -> r.repositoryName("app"));
        Check.equal(text, got.lifecyclePolicyText());
        Check.that(!got.lastEvaluatedAt().isBefore(Instant.EPOCH), "a time", got);
        ecr.deleteLifecyclePolicy(r -> r.repositoryName("app"));
        driver.refused(LifecyclePolicyNotFoundException.class,
                () -> ecr.deleteLifecyclePolicy(r -> r.repositoryName("app")));
    }

    private void scanningConfiguration() {
        RegistryScanningConfiguration fresh =
                ecr.getRegistryScanningConfiguration(r -> {}).scanningConfiguration();
        Check.equal(ScanType.BASIC, fresh.scanType());
        Check.equal(List.of(), fresh.rules());
        RegistryScanningRule rule = RegistryScanningRule.builder()
                .scanFrequency(ScanFrequency.SCAN_ON_PUSH)
                .repositoryFilters(f -> f
                        .filter("app*").filterType(ScanningRepositoryFilterType.WILDCARD))
                .build();
        Check.equal(List.of(rule), ecr.putRegistryScanningConfiguration(r -> r
                .scanType(ScanType.BASIC).rules(rule)).registryScanningConfiguration().rules());
        BatchGetRepositoryScanningConfigurationResponse told =
                ecr.batchGetRepositoryScanningConfiguration(r -> r.repositoryNames("app", "none"));
        Check.equal(ScanFrequency.SCAN_ON_PUSH,
                Check.only(told.scanningConfigurations()).scanFrequency());
        Check.equal(ScanningConfigurationFailureCode.REPOSITORY_NOT_FOUND,
                Check.only(told.failures()).failureCode());
        ecr.putRegistryScanningConfiguration(r -> r.scanType(ScanType.BASIC).rules(List.of()));
    }

    private void scans() {
        DescribeImageScanFindingsRequest wanted = DescribeImageScanFindingsRequest.builder()
                .repositoryName("app").imageId(id -> id.imageTag("v1")).build();
        driver.refused(ScanNotFoundException.class, () -> ecr.describeImageScanFindings(wanted));
        driver.refused(UnsupportedImageTypeException.class, () -> ecr.startImageScan(r -> r
                .repositoryName("app").imageId(id -> id.imageTag("index"))));
        Check.that(ecr.startImageScan(r -> r.repositoryName("app").imageId(wanted.imageId()))
                .imageScanStatus().status() != null, "a status", null);
        // Nobody is told that an image is clean which was not scanned.
        boolean complete = true;
        try {
            driver.waiter().waitUntilImageScanComplete(wanted);
        } catch (SdkClientException error) {
            Check.that(error.getMessage().contains("failure state"), "a scan that failed", error);
            complete = false;
        }
        DescribeImageScanFindingsResponse findings = ecr.describeImageScanFindingsPaginator(wanted)
                .stream().findFirst().orElseThrow();
        Check.equal(complete ? ScanStatus.COMPLETE : ScanStatus.FAILED,
                findings.imageScanStatus().status());
        Check.equal(complete, findings.imageScanFindings() != null);
    }
}
