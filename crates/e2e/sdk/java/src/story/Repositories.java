package story;

import static java.nio.charset.StandardCharsets.UTF_8;
import static software.amazon.awssdk.services.ecr.model.ImageTagMutability.IMMUTABLE;
import static software.amazon.awssdk.services.ecr.model.ImageTagMutability.IMMUTABLE_WITH_EXCLUSION;
import static software.amazon.awssdk.services.ecr.model.ImageTagMutability.MUTABLE;

import java.net.URI;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import software.amazon.awssdk.services.ecr.EcrClient;
import software.amazon.awssdk.services.ecr.model.AuthorizationData;
import software.amazon.awssdk.services.ecr.model.BatchDeleteImageResponse;
import software.amazon.awssdk.services.ecr.model.DescribeRegistryResponse;
import software.amazon.awssdk.services.ecr.model.EncryptionType;
import software.amazon.awssdk.services.ecr.model.ExclusionAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.ExclusionNotFoundException;
import software.amazon.awssdk.services.ecr.model.ImageFailure;
import software.amazon.awssdk.services.ecr.model.ImageFailureCode;
import software.amazon.awssdk.services.ecr.model.ImageTagMutabilityExclusionFilter;
import software.amazon.awssdk.services.ecr.model.ImageTagMutabilityExclusionFilterType;
import software.amazon.awssdk.services.ecr.model.InvalidParameterException;
import software.amazon.awssdk.services.ecr.model.InvalidTagParameterException;
import software.amazon.awssdk.services.ecr.model.KmsException;
import software.amazon.awssdk.services.ecr.model.Repository;
import software.amazon.awssdk.services.ecr.model.RepositoryAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.RepositoryNotEmptyException;
import software.amazon.awssdk.services.ecr.model.RepositoryNotFoundException;
import software.amazon.awssdk.services.ecr.model.Tag;

/** The registry, its repositories and their tags. */
final class Repositories {
    private final Driver driver;
    private final EcrClient ecr;

    Repositories(Driver driver) {
        this.driver = driver;
        ecr = driver.ecr;
    }

    void registry() {
        DescribeRegistryResponse described = ecr.describeRegistry(r -> {});
        Check.that(described.registryId().matches("\\d{12}"), "an account", described);
        Check.equal(List.of(), described.replicationConfiguration().rules());
        AuthorizationData token =
                Check.only(ecr.getAuthorizationToken().authorizationData());
        byte[] password = Base64.getDecoder().decode(token.authorizationToken());
        Check.that(new String(password, UTF_8).matches("AWS:[^:]+"), "a password", password);
        Check.that(token.expiresAt().isAfter(Instant.now()), "a time to come", token.expiresAt());
        Check.that(URI.create(token.proxyEndpoint()).getHost() != null, "an address", token);
        settings();
        exclusions("arn:aws:iam::" + described.registryId() + ":role/scanner");
    }

    private void settings() {
        Map<String, String> settings = Map.of("REGISTRY_POLICY_SCOPE", "V2",
                "BLOB_MOUNTING", "ENABLED", "BASIC_SCAN_TYPE_VERSION", "AWS_NATIVE");
        settings.forEach((name, value) -> {
            Check.equal(value, ecr.putAccountSetting(r -> r.name(name).value(value)).value());
            Check.equal(value, ecr.getAccountSetting(r -> r.name(name)).value());
        });
        driver.refused(InvalidParameterException.class,
                () -> ecr.getAccountSetting(r -> r.name("NO_SUCH_SETTING")));
    }

    private void exclusions(String role) {
        driver.refused(ExclusionNotFoundException.class,
                () -> ecr.deregisterPullTimeUpdateExclusion(r -> r.principalArn(role)));
        Check.that(ecr.registerPullTimeUpdateExclusion(r -> r.principalArn(role)).createdAt()
                != null, "a time", null);
        driver.refused(ExclusionAlreadyExistsException.class,
                () -> ecr.registerPullTimeUpdateExclusion(r -> r.principalArn(role)));
        Check.equal(List.of(role),
                ecr.listPullTimeUpdateExclusions(r -> {}).pullTimeUpdateExclusions());
        ecr.deregisterPullTimeUpdateExclusion(r -> r.principalArn(role));
        Check.equal(List.of(),
                ecr.listPullTimeUpdateExclusions(r -> {}).pullTimeUpdateExclusions());
    }

    void repositories() {
        Repository made = ecr.createRepository(r -> r
                .repositoryName("app")
                .tags(Tag.builder().key("team").value("a").build())
                .imageScanningConfiguration(c -> c.scanOnPush(true))).repository();
        Check.equal(MUTABLE, made.imageTagMutability());
        Check.equal(EncryptionType.AES256, made.encryptionConfiguration().encryptionType());
        Check.equal(true, made.imageScanningConfiguration().scanOnPush());
        Check.that(made.createdAt() != null, "a time", made);
        driver.refused(RepositoryAlreadyExistsException.class,
                () -> ecr.createRepository(r -> r.repositoryName("app")));
        driver.refused(InvalidParameterException.class,
                () -> ecr.createRepository(r -> r.repositoryName("APP")));
        driver.refused(RepositoryNotFoundException.class,
                () -> ecr.describeRepositories(r -> r.repositoryNames("app", "none")));
        String key = "arn:aws:kms:" + System.getenv("AWS_REGION") + ":" + made.registryId()
                + ":key/00000000-0000-4000-8000-000000000000";
        KmsException fault = driver.refused(KmsException.class, () -> ecr.createRepository(r -> r
                .repositoryName("sealed")
                .encryptionConfiguration(c -> c.encryptionType(EncryptionType.KMS).kmsKey(key))));
        Check.equal("NotFoundException", fault.kmsError());
        for (String name : List.of("pages/b", "pages/c")) {
            ecr.createRepository(r -> r.repositoryName(name));
        }
        List<List<String>> pages = ecr.describeRepositoriesPaginator(r -> r.maxResults(1)).stream()
                .map(page -> page.repositories().stream().map(Repository::repositoryName).toList())
                .collect(Collectors.toList());
        Check.equal(List.of(List.of("app"), List.of("pages/b"), List.of("pages/c")), pages);
        driver.refused(InvalidParameterException.class,
                () -> ecr.describeRepositories(r -> r.nextToken("forged")));
        tags(made.repositoryArn());
        mutability();
        Check.equal(false, ecr.putImageScanningConfiguration(r -> r.repositoryName("app")
                .imageScanningConfiguration(c -> c.scanOnPush(false)))
                .imageScanningConfiguration().scanOnPush());
    }

    private void tags(String arn) {
        Tag stage = Tag.builder().key("stage").value("test").build();
        ecr.tagResource(r -> r.resourceArn(arn).tags(stage));
        ecr.untagResource(r -> r.resourceArn(arn).tagKeys("team"));
        Check.equal(List.of(stage), ecr.listTagsForResource(r -> r.resourceArn(arn)).tags());
        Tag reserved = Tag.builder().key("aws:stage").value("test").build();
        driver.refused(InvalidTagParameterException.class,
                () -> ecr.tagResource(r -> r.resourceArn(arn).tags(reserved)));
    }

    private void mutability() {
        ImageTagMutabilityExclusionFilter filter = ImageTagMutabilityExclusionFilter.builder()
                .filterType(ImageTagMutabilityExclusionFilterType.WILDCARD).filter("dev-*").build();
        Check.equal(List.of(filter), ecr.putImageTagMutability(r -> r
                .repositoryName("app")
                .imageTagMutability(IMMUTABLE_WITH_EXCLUSION)
                .imageTagMutabilityExclusionFilters(filter)).imageTagMutabilityExclusionFilters());
        driver.refused(InvalidParameterException.class, () -> ecr.putImageTagMutability(r -> r
                .repositoryName("app").imageTagMutability(IMMUTABLE_WITH_EXCLUSION)));
        Check.equal(IMMUTABLE, ecr.putImageTagMutability(r -> r
                .repositoryName("app").imageTagMutability(IMMUTABLE)).imageTagMutability());
    }

    void deletions() {
        BatchDeleteImageResponse kept = ecr.batchDeleteImage(r -> r
                .repositoryName("app")
                .imageIds(id -> id.imageTag("v1"), id -> id.imageTag("none")));
        Check.equal(
                List.of(ImageFailureCode.IMAGE_REFERENCED_BY_MANIFEST_LIST,
                        ImageFailureCode.IMAGE_NOT_FOUND),
                kept.failures().stream().map(ImageFailure::failureCode).toList());
        driver.refused(RepositoryNotEmptyException.class,
                () -> ecr.deleteRepository(r -> r.repositoryName("app")));
        ecr.deleteRepository(r -> r.repositoryName("app").force(true));
        driver.refused(RepositoryNotFoundException.class,
                () -> ecr.deleteRepository(r -> r.repositoryName("app")));
        driver.refused(RepositoryNotFoundException.class,
                () -> ecr.listImages(r -> r.repositoryName("app")));
        for (String name : List.of("pages/b", "pages/c")) {
            ecr.deleteRepository(r -> r.repositoryName(name));
        }
        Check.equal(List.of(), ecr.describeRepositories().repositories());
    }
}
