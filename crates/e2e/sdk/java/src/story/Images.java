package story;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.ecr.EcrClient;
import software.amazon.awssdk.services.ecr.model.BatchCheckLayerAvailabilityResponse;
import software.amazon.awssdk.services.ecr.model.BatchGetImageResponse;
import software.amazon.awssdk.services.ecr.model.EmptyUploadException;
import software.amazon.awssdk.services.ecr.model.ImageAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.ImageArchivedException;
import software.amazon.awssdk.services.ecr.model.ImageDetail;
import software.amazon.awssdk.services.ecr.model.ImageDigestDoesNotMatchException;
import software.amazon.awssdk.services.ecr.model.ImageFailureCode;
import software.amazon.awssdk.services.ecr.model.ImageIdentifier;
import software.amazon.awssdk.services.ecr.model.ImageNotFoundException;
import software.amazon.awssdk.services.ecr.model.ImageReferrer;
import software.amazon.awssdk.services.ecr.model.ImageStatus;
import software.amazon.awssdk.services.ecr.model.ImageStatusFilter;
import software.amazon.awssdk.services.ecr.model.ImageStorageClassUpdateNotSupportedException;
import software.amazon.awssdk.services.ecr.model.ImageTagAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.InitiateLayerUploadResponse;
import software.amazon.awssdk.services.ecr.model.InvalidLayerException;
import software.amazon.awssdk.services.ecr.model.InvalidLayerPartException;
import software.amazon.awssdk.services.ecr.model.Layer;
import software.amazon.awssdk.services.ecr.model.LayerAvailability;
import software.amazon.awssdk.services.ecr.model.LayerFailureCode;
import software.amazon.awssdk.services.ecr.model.LayersNotFoundException;
import software.amazon.awssdk.services.ecr.model.ListImagesRequest;
import software.amazon.awssdk.services.ecr.model.ReferencedImagesNotFoundException;
import software.amazon.awssdk.services.ecr.model.TagStatus;
import software.amazon.awssdk.services.ecr.model.TargetStorageClass;
import software.amazon.awssdk.services.ecr.model.UploadNotFoundException;

/** Layers, and the images made of them. */
final class Images {
    private static final String OCI = "application/vnd.oci.image.";
    private static final String MANIFEST = OCI + "manifest.v1+json";
    private static final String LOST = digest("lost".getBytes(UTF_8));

    private final Driver driver;
    private final EcrClient ecr;

    Images(Driver driver) {
        this.driver = driver;
        ecr = driver.ecr;
    }

    void tell() throws IOException {
        layers();
        String first = image("first", "");
        String digest = put(first, "v1");
        Check.equal(digest(first.getBytes(UTF_8)), digest);
        refusals(first, digest);
        lists(digest);
        reads(first);
        referrers(first, digest);
        storageClasses();
    }

    private static String digest(byte[] data) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(data);
            return "sha256:" + HexFormat.of().formatHex(hash);
        } catch (NoSuchAlgorithmException error) {
            throw new AssertionError(error);
        }
    }

    private String push(String content) {
        byte[] data = content.getBytes(UTF_8);
        String upload = ecr.initiateLayerUpload(r -> r.repositoryName("app")).uploadId();
        long last = ecr.uploadLayerPart(r -> r.repositoryName("app").uploadId(upload)
                .partFirstByte(0L).partLastByte(data.length - 1L)
                .layerPartBlob(SdkBytes.fromByteArray(data))).lastByteReceived();
        Check.equal(data.length - 1L, last);
        return ecr.completeLayerUpload(r -> r.repositoryName("app").uploadId(upload)
                .layerDigests(digest(data))).layerDigest();
    }

    private static String descriptor(String mediaType, String digest, int size) {
        return String.format("{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}",
                mediaType, digest, size);
    }

    /** A manifest over layers that are there by then. */
    private String image(String content, String more) {
        String config = "{\"content\":\"" + content + "\"}";
        String layer = content.repeat(10);
        return String.format(
                "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":%s,\"layers\":[%s]%s}",
                MANIFEST,
                descriptor(OCI + "config.v1+json", push(config), config.length()),
                descriptor(OCI + "layer.v1.tar+gzip", push(layer), layer.length()),
                more);
    }

    private String put(String manifest, String tag) {
        return ecr.putImage(r -> r.repositoryName("app").imageManifest(manifest).imageTag(tag))
                .image().imageId().imageDigest();
    }

    private void layers() {
        InitiateLayerUploadResponse started =
                ecr.initiateLayerUpload(r -> r.repositoryName("app"));
        Check.that(started.partSize() >= 5 << 20, "five MiB or more", started);
        String upload = started.uploadId();
        SdkBytes data = SdkBytes.fromUtf8String("0123456789");
        driver.refused(EmptyUploadException.class, () -> ecr.completeLayerUpload(r -> r
                .repositoryName("app").uploadId(upload).layerDigests(LOST)));
        ecr.uploadLayerPart(r -> r.repositoryName("app").uploadId(upload)
                .partFirstByte(0L).partLastByte(9L).layerPartBlob(data));
        InvalidLayerPartException gap = driver.refused(InvalidLayerPartException.class,
                () -> ecr.uploadLayerPart(r -> r.repositoryName("app").uploadId(upload)
                        .partFirstByte(20L).partLastByte(29L).layerPartBlob(data)));
        Check.equal(9L, gap.lastValidByteReceived());
        Check.equal(upload, gap.uploadId());
        Check.equal("app", gap.repositoryName());
        Check.that(gap.registryId().matches("\\d{12}"), "an account", gap);
        driver.refused(InvalidLayerException.class, () -> ecr.completeLayerUpload(r -> r
                .repositoryName("app").uploadId(upload).layerDigests(LOST)));
        String unknown = "00000000-0000-4000-8000-000000000000";
        driver.refused(UploadNotFoundException.class, () -> ecr.completeLayerUpload(r -> r
                .repositoryName("app").uploadId(unknown).layerDigests(LOST)));
    }

    private void refusals(String first, String digest) {
        driver.refused(ImageAlreadyExistsException.class, () -> put(first, "v1"));
        String second = image("second", "");
        driver.refused(ImageTagAlreadyExistsException.class, () -> put(second, "v1"));
        driver.refused(ImageDigestDoesNotMatchException.class, () -> ecr.putImage(r -> r
                .repositoryName("app").imageManifest(second).imageDigest(digest)));
        put(second, "v2");
        String index = String.format(
                "{\"schemaVersion\":2,\"mediaType\":\"%sindex.v1+json\",\"manifests\":[%s]}",
                OCI, descriptor(MANIFEST, digest, first.length()));
        put(index, "index");
        driver.refused(ReferencedImagesNotFoundException.class,
                () -> put(index.replace(digest, LOST), "lost"));
    }

    private static void tagged(ListImagesRequest.Builder request) {
        request.repositoryName("app").filter(f -> f.tagStatus(TagStatus.TAGGED));
    }

    private void lists(String digest) {
        List<String> tags = ecr.listImagesPaginator(r -> r.applyMutation(Images::tagged)
                .maxResults(1)).imageIds().stream().map(ImageIdentifier::imageTag).sorted().toList();
        Check.equal(List.of("index", "v1", "v2"), tags);
        ImageDetail detail = Check.only(ecr.describeImagesPaginator(r -> r.repositoryName("app")
                .imageIds(id -> id.imageTag("v1"))).imageDetails().stream().toList());
        Check.equal(digest, detail.imageDigest());
        Check.equal(ImageStatus.ACTIVE, detail.imageStatus());
        Check.equal(MANIFEST, detail.imageManifestMediaType());
        Check.that(detail.imagePushedAt() != null, "a time", detail);
        Check.that(detail.imageSizeInBytes() > 0, "a size", detail);
        driver.refused(ImageNotFoundException.class, () -> ecr.describeImages(r -> r
                .repositoryName("app").imageIds(id -> id.imageTag("none"))));
    }

    private void reads(String first) throws IOException {
        BatchGetImageResponse got = ecr.batchGetImage(r -> r.repositoryName("app")
                .imageIds(id -> id.imageTag("v1"), id -> id.imageTag("none")));
        Check.equal(first, Check.only(got.images()).imageManifest());
        Check.equal(ImageFailureCode.IMAGE_NOT_FOUND, Check.only(got.failures()).failureCode());
        String layer = digest("first".repeat(10).getBytes(UTF_8));
        BatchCheckLayerAvailabilityResponse checked = ecr.batchCheckLayerAvailability(r -> r
                .repositoryName("app").layerDigests(layer, LOST, "sha256:short"));
        List<LayerAvailability> states =
                checked.layers().stream().map(Layer::layerAvailability).toList();
        Check.equal(List.of(LayerAvailability.AVAILABLE, LayerAvailability.UNAVAILABLE), states);
        Check.equal(LayerFailureCode.INVALID_LAYER_DIGEST,
                Check.only(checked.failures()).failureCode());
        String url = ecr.getDownloadUrlForLayer(r -> r.repositoryName("app").layerDigest(layer))
                .downloadUrl();
        try (InputStream body = URI.create(url).toURL().openStream()) {
            Check.equal(layer, digest(body.readAllBytes()));
        }
        driver.refused(LayersNotFoundException.class, () -> ecr.getDownloadUrlForLayer(r -> r
                .repositoryName("app").layerDigest(LOST)));
    }

    private void referrers(String first, String digest) {
        String signature = image("signature", String.format(
                ",\"subject\":%s,\"artifactType\":\"application/x.sig\","
                        + "\"annotations\":{\"by\":\"a key\"}",
                descriptor(MANIFEST, digest, first.length())));
        String stored = put(signature, null);
        ImageReferrer referrer = Check.only(ecr.listImageReferrers(r -> r.repositoryName("app")
                .subjectId(id -> id.imageDigest(digest))).referrers());
        Check.equal(stored, referrer.digest());
        Check.equal((long) signature.length(), referrer.size());
        Check.equal("application/x.sig", referrer.artifactType());
        Check.equal(Map.of("by", "a key"), referrer.annotations());
        Check.equal(List.of(), ecr.listImageReferrers(r -> r.repositoryName("app")
                .subjectId(id -> id.imageDigest(digest))
                .filter(f -> f.artifactTypes("application/x.other"))).referrers());
    }

    private ImageStatus move(String tag, TargetStorageClass target) {
        return ecr.updateImageStorageClass(r -> r.repositoryName("app")
                .imageId(id -> id.imageTag(tag)).targetStorageClass(target)).imageStatus();
    }

    private boolean listsSecond() {
        return ecr.listImages(Images::tagged).imageIds().stream()
                .anyMatch(id -> id.imageTag().equals("v2"));
    }

    private void storageClasses() {
        driver.refused(ImageNotFoundException.class,
                () -> move("none", TargetStorageClass.ARCHIVE));
        Check.equal(ImageStatus.ARCHIVED, move("v2", TargetStorageClass.ARCHIVE));
        driver.refused(ImageStorageClassUpdateNotSupportedException.class,
                () -> move("v2", TargetStorageClass.ARCHIVE));
        Check.equal(false, listsSecond());
        ImageDetail archived = Check.only(ecr.describeImages(r -> r.repositoryName("app")
                .filter(f -> f.imageStatus(ImageStatusFilter.ARCHIVED))).imageDetails());
        Check.equal(List.of("v2"), archived.imageTags());
        Check.that(archived.lastArchivedAt() != null, "a time", archived);
        driver.refused(ImageArchivedException.class, () -> ecr.startImageScan(r -> r
                .repositoryName("app").imageId(id -> id.imageTag("v2"))));
        ImageStatus restored = move("v2", TargetStorageClass.STANDARD);
        Check.that(restored == ImageStatus.ACTIVE || restored == ImageStatus.ACTIVATING,
                "on its way", restored);
        long until = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        while (!listsSecond()) {
            Check.that(System.nanoTime() < until, "an image that comes back", restored);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
        }
    }
}
