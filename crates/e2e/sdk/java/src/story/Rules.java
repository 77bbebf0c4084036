package story;

import java.util.List;
import software.amazon.awssdk.services.ecr.EcrClient;
import software.amazon.awssdk.services.ecr.model.CreatePullThroughCacheRuleRequest;
import software.amazon.awssdk.services.ecr.model.CreatePullThroughCacheRuleResponse;
import software.amazon.awssdk.services.ecr.model.CreateRepositoryCreationTemplateRequest;
import software.amazon.awssdk.services.ecr.model.EncryptionType;
import software.amazon.awssdk.services.ecr.model.ImageTagMutability;
import software.amazon.awssdk.services.ecr.model.PullThroughCacheRule;
import software.amazon.awssdk.services.ecr.model.PullThroughCacheRuleAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.PullThroughCacheRuleNotFoundException;
import software.amazon.awssdk.services.ecr.model.RCTAppliedFor;
import software.amazon.awssdk.services.ecr.model.ReplicationConfiguration;
import software.amazon.awssdk.services.ecr.model.ReplicationRule;
import software.amazon.awssdk.services.ecr.model.RepositoryCreationTemplate;
import software.amazon.awssdk.services.ecr.model.RepositoryFilterType;
import software.amazon.awssdk.services.ecr.model.SigningConfiguration;
import software.amazon.awssdk.services.ecr.model.SigningConfigurationNotFoundException;
import software.amazon.awssdk.services.ecr.model.SigningRepositoryFilterType;
import software.amazon.awssdk.services.ecr.model.SigningRule;
import software.amazon.awssdk.services.ecr.model.SigningStatus;
import software.amazon.awssdk.services.ecr.model.TemplateAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.TemplateNotFoundException;
import software.amazon.awssdk.services.ecr.model.UnsupportedUpstreamRegistryException;
import software.amazon.awssdk.services.ecr.model.UpdatePullThroughCacheRuleResponse;
import software.amazon.awssdk.services.ecr.model.UpstreamRegistry;
import software.amazon.awssdk.services.ecr.model.ValidatePullThroughCacheRuleResponse;

/**
 * The rules of the registry: replication, templates, pull through cache, signing. This SDK does not
 * know the replication of what was pushed before.
 */
final class Rules {
    private final Driver driver;
    private final EcrClient ecr;

    Rules(Driver driver) {
        this.driver = driver;
        ecr = driver.ecr;
    }

    void tell() {
        replication();
        templates();
        pullThrough();
        signing();
    }

    private void replication() {
        ReplicationRule rule = ReplicationRule.builder()
                .destinations(d -> d.region("eu-west-1").registryId("999988887777"))
                .repositoryFilters(f -> f
                        .filter("app").filterType(RepositoryFilterType.PREFIX_MATCH))
                .build();
        ReplicationConfiguration wanted = ReplicationConfiguration.builder().rules(rule).build();
        Check.equal(wanted, ecr.putReplicationConfiguration(r -> r
                .replicationConfiguration(wanted)).replicationConfiguration());
        Check.equal(wanted, ecr.describeRegistry(r -> {}).replicationConfiguration());
        Check.equal(List.of(), ecr.describeImageReplicationStatus(r -> r
                .repositoryName("app").imageId(id -> id.imageTag("v1"))).replicationStatuses());
        ecr.putReplicationConfiguration(r -> r.replicationConfiguration(c -> c.rules(List.of())));
    }

    private void templates() {
        CreateRepositoryCreationTemplateRequest template =
                CreateRepositoryCreationTemplateRequest.builder()
                        .prefix("team")
                        .description("for teams")
                        .appliedFor(RCTAppliedFor.CREATE_ON_PUSH, RCTAppliedFor.REPLICATION)
                        .imageTagMutability(ImageTagMutability.IMMUTABLE)
                        .lifecyclePolicy(Policies.LIFECYCLE)
                        .encryptionConfiguration(c -> c.encryptionType(EncryptionType.AES256))
                        .build();
        ecr.createRepositoryCreationTemplate(template);
        driver.refused(TemplateAlreadyExistsException.class,
                () -> ecr.createRepositoryCreationTemplate(template));
        RepositoryCreationTemplate found = Check.only(
                ecr.describeRepositoryCreationTemplatesPaginator(r -> r.prefixes("team"))
                        .repositoryCreationTemplates().stream().toList());
        Check.equal(template.description(), found.description());
        Check.equal(template.appliedFor(), found.appliedFor());
        Check.equal(template.imageTagMutability(), found.imageTagMutability());
        Check.equal(template.lifecyclePolicy(), found.lifecyclePolicy());
        Check.equal(template.encryptionConfiguration(), found.encryptionConfiguration());
        Check.that(found.createdAt() != null && found.updatedAt() != null, "times", found);
        ecr.updateRepositoryCreationTemplate(r -> r.prefix("team").description("for all teams"));
        Check.equal("for all teams", ecr.deleteRepositoryCreationTemplate(r -> r.prefix("team"))
                .repositoryCreationTemplate().description());
        driver.refused(TemplateNotFoundException.class,
                () -> ecr.deleteRepositoryCreationTemplate(r -> r.prefix("team")));
    }

    private void pullThrough() {
        CreatePullThroughCacheRuleRequest wanted = CreatePullThroughCacheRuleRequest.builder()
                .ecrRepositoryPrefix("public").upstreamRegistryUrl("public.ecr.aws").build();
        CreatePullThroughCacheRuleResponse made = ecr.createPullThroughCacheRule(wanted);
        Check.that(made.createdAt() != null, "a time", made);
        driver.refused(PullThroughCacheRuleAlreadyExistsException.class,
                () -> ecr.createPullThroughCacheRule(wanted));
        driver.refused(UnsupportedUpstreamRegistryException.class,
                () -> ecr.createPullThroughCacheRule(r -> r.ecrRepositoryPrefix("other")
                        .upstreamRegistryUrl("registry.example.com")));
        PullThroughCacheRule rule = Check.only(
                ecr.describePullThroughCacheRulesPaginator(r -> r.ecrRepositoryPrefixes("public"))
                        .pullThroughCacheRules().stream().toList());
        Check.equal(UpstreamRegistry.ECR_PUBLIC, rule.upstreamRegistry());
        ValidatePullThroughCacheRuleResponse checked =
                ecr.validatePullThroughCacheRule(r -> r.ecrRepositoryPrefix("public"));
        Check.equal(checked.isValid(), checked.failure() == null);
        String secret = String.format(
                "arn:aws:secretsmanager:%s:%s:secret:ecr-pullthroughcache/hub",
                System.getenv("AWS_REGION"), made.registryId());
        ecr.createPullThroughCacheRule(r -> r.ecrRepositoryPrefix("hub")
                .upstreamRegistryUrl("registry-1.docker.io").credentialArn(secret + "-AbCdEf"));
        UpdatePullThroughCacheRuleResponse updated = ecr.updatePullThroughCacheRule(r -> r
                .ecrRepositoryPrefix("hub").credentialArn(secret + "-GhIjKl"));
        Check.equal(secret + "-GhIjKl", updated.credentialArn());
        Check.that(updated.updatedAt() != null, "a time", updated);
        for (String prefix : List.of("public", "hub")) {
            ecr.deletePullThroughCacheRule(r -> r.ecrRepositoryPrefix(prefix));
        }
        driver.refused(PullThroughCacheRuleNotFoundException.class,
                () -> ecr.describePullThroughCacheRules(r -> r.ecrRepositoryPrefixes("public")));
    }

    private void signing() {
        driver.refused(SigningConfigurationNotFoundException.class,
                () -> ecr.getSigningConfiguration(r -> {}));
        SigningRule rule = SigningRule.builder()
                .signingProfileArn("arn:aws:signer:us-east-1:111122223333:/signing-profiles/ours")
                .repositoryFilters(f -> f
                        .filter("app").filterType(SigningRepositoryFilterType.WILDCARD_MATCH))
                .build();
        SigningConfiguration wanted = SigningConfiguration.builder().rules(rule).build();
        ecr.putSigningConfiguration(r -> r.signingConfiguration(wanted));
        Check.equal(wanted, ecr.getSigningConfiguration(r -> {}).signingConfiguration());
        ecr.describeImageSigningStatus(r -> r
                .repositoryName("app").imageId(id -> id.imageTag("v1"))).signingStatuses()
                .forEach(status -> Check.equal(SigningStatus.FAILED, status.status()));
        ecr.deleteSigningConfiguration(r -> {});
        driver.refused(SigningConfigurationNotFoundException.class,
                () -> ecr.deleteSigningConfiguration(r -> {}));
    }
}
