//! Where answers about images differ from AWS's on purpose: pushed, listed, read, archived, deleted.

use super::Deviation;

pub(super) const OF_IMAGES: &[Deviation] = &[
    Deviation {
        place: "`PutImage` of an image that is there",
        aws: "Does not document a repeated push without `imageTag`, or what a new tag does to \
              `imagePushedAt`.",
        here: "`ImageAlreadyExistsException`; `imagePushedAt` stays what it was.",
    },
    Deviation {
        place: "`PutImage` of an image without layers",
        aws: "`Image has to have at least 1 layer`.",
        here: "Stored, but for Docker schema 1: to OCI Distribution, the list may be empty.",
    },
    Deviation {
        place: "`BatchGetImage` `acceptedMediaTypes`",
        aws: "May translate an image that is asked for by tag into an accepted type.",
        here: "Answers the image as it was pushed, byte for byte.",
    },
    Deviation {
        place: "`BatchGetImage` by the digest of an image with several tags",
        aws: "Not documented; may answer an element for each tag.",
        here: "One element for each id, with the tag that was asked for, if one was.",
    },
    Deviation {
        place: "`BatchDeleteImage` with both tag and digest",
        aws: "Not documented.",
        here: "As by tag, once they agree: the tag goes, and with the last one the image.",
    },
    Deviation {
        place: "`BatchGetImage` of very large manifests",
        aws: "Names no limit for all manifests together.",
        here: "`InvalidParameterException` at `imageIds` above 16 MiB together: memory has a bound.",
    },
    Deviation {
        place: "`DescribeImages` of images with very many tags",
        aws: "Fills a page up to `maxResults`.",
        here: "A page ends early at 10,000 tags, with a token for the rest.",
    },
    Deviation {
        place: "`BatchCheckLayerAvailability` `mediaType`",
        aws: "Names the media type of an available layer.",
        here: "Absent: a layer has no type of its own until a manifest names one.",
    },
    Deviation {
        place: "`DescribeImages` members",
        aws: "Its basic scanner does not fill `imageScanStatus` and `imageScanFindingsSummary`.",
        here: "Both are there: the status of the last scan, and the summary once it has a result; of an \
               index those of all its images.",
    },
    Deviation {
        place: "`imageSizeInBytes`, `artifactMediaType`",
        aws: "Does not document what is summed up, or the type of an artifact that has both a config \
              and an `artifactType`.",
        here: "Config and layers, each as often as it is listed; for a list the largest of its \
               images. `artifactType` if the manifest has one, else the config's media type.",
    },
    Deviation {
        place: "What images that are deleted or archived leave behind",
        aws: "Referrers are deleted or archived as well, within 24 hours.",
        here: "So are they, after 24 hours (`--orphans-after`), and the images that a list names \
               with it, unless a tag, another list, or their subject holds them then, or they \
               were pushed again. Referrers are those of `subject`, and those of the tags that \
               cosign and OCI's fallback make of a digest; such a tag holds an image only while \
               its subject is there. They come back from the archive with their subject.",
    },
    Deviation {
        place: "`UpdateImageStorageClass` and manifest lists",
        aws: "Not documented.",
        here: "An image that an active list names is not archived; archiving a list leaves its \
               images active for the while above; a list that is restored or pushed brings along \
               those it names. So an active list can always be pulled whole.",
    },
    Deviation {
        place: "`BatchGetImage` of an archived image",
        aws: "The failure code is not documented.",
        here: "`ImageInaccessible`.",
    },
    Deviation {
        place: "`GetDownloadUrlForLayer` of a layer that only archived images use",
        aws: "Not documented.",
        here: "`LayerInaccessibleException`. `PutImage` may name such a layer, which makes it \
               available again; no upload is needed.",
    },
    Deviation {
        place: "`DescribeImageScanFindings` of a manifest list",
        aws: "`ScanNotFoundException`.",
        here: "Once all of its images are scanned: the worst of their statuses, and all that any \
               of them has, each finding of a package once.",
    },
    Deviation {
        place: "Pulls of images with CRITICAL findings",
        aws: "Are not refused.",
        here: "With `--refuse-critical-after DAYS` an image that has been known for longer to have \
               one is refused: `AccessDeniedException`, and 403 `DENIED` on `/v2`.",
    },
    Deviation {
        place: "`ListImageReferrers` with `filter.artifactTypes`",
        aws: "Names no limit to what a page searches.",
        here: "A page looks at 1,000 referrers at the most, and ends early at 16 MiB of manifests, \
               with a token for the rest.",
    },
    Deviation {
        place: "`DescribeRepositories`, `DescribeImages` with names and pagination",
        aws: "Documents that the two cannot be used together.",
        here: "`InvalidParameterException` at `nextToken` or `maxResults`.",
    },
];
