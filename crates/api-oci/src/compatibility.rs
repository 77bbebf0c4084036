//! Where `/v2` answers differ from those of ECR, for `docs/compatibility.md`.

/// One difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// The route or feature.
    pub area: &'static str,
    /// What ECR does, as far as it is known.
    pub ecr: &'static str,
    /// What is done here.
    pub wharfinger: &'static str,
    /// Why.
    pub why: &'static str,
}

/// Every known difference.
pub const DEVIATIONS: &[Deviation] = &[
    Deviation {
        area: "GET blobs/<digest>",
        ecr: "307 to a presigned URL of S3",
        wharfinger: "200 or 206 with the bytes, with ETag and Accept-Ranges",
        why: "Bytes and API share one host here, and clients would keep their Authorization \
              header across a redirect within it",
    },
    Deviation {
        area: "GET blobs/<digest> of a layer that no image references",
        ecr: "Not documented for /v2; LayerInaccessibleException of GetDownloadUrlForLayer",
        wharfinger: "Served, as by HEAD",
        why: "OCI Distribution: what was pushed can be pulled",
    },
    Deviation {
        area: "Records of /v2 in the audit log",
        ecr: "sourceIPAddress and userAgent are ecr.amazonaws.com; responseElements of PutImage has \
              the manifest",
        wharfinger: "Those of the client; userIdentity.invokedBy is ecr.amazonaws.com as with ECR. \
                     PutImage has the digest. docs/audit.md has the names of routes without an \
                     operation",
        why: "Whoever reads the log wants to know from where; the manifest can be had by its digest",
    },
    Deviation {
        area: "GET, HEAD manifests/<reference>",
        ecr: "Docker-Content-Digest with HEAD only; manifests are translated between Docker and \
              OCI types by Accept when asked for by tag",
        wharfinger: "Docker-Content-Digest and ETag with both; a manifest is served as it was \
                     pushed, whatever Accept says",
        why: "OCI Distribution; a translated manifest has another digest",
    },
    Deviation {
        area: "PUT manifests/<reference> above 4 MiB",
        ecr: "Not documented for /v2",
        wharfinger: "413 MANIFEST_INVALID with the message of PutImage",
        why: "OCI Distribution names 413 for it",
    },
    Deviation {
        area: "PUT manifests/<reference> of an image without layers",
        ecr: "405 UNSUPPORTED: Image has to have at least 1 layer",
        wharfinger: "201, but for Docker schema 1",
        why: "OCI Distribution: the list of blobs may be empty",
    },
    Deviation {
        area: "PUT manifests/<digest> with a sha512 digest",
        ecr: "Not documented",
        wharfinger: "201; the image is known by this digest, and by sha256 only if it is pushed so \
                     or by tag as well",
        why: "A registered algorithm of the OCI image specification",
    },
    Deviation {
        area: "Malformed digests, and digests of other algorithms",
        ecr: "405 UNSUPPORTED",
        wharfinger: "400 DIGEST_INVALID for PUT manifests/<digest>, referrers/<digest> and \
                     ?digest= of uploads; 404 BLOB_UNKNOWN for blobs/<digest>",
        why: "OCI Distribution: 400 where it names it; what cannot be stored cannot be found",
    },
    Deviation {
        area: "PUT manifests/<reference> with conflicting media types",
        ecr: "Not documented",
        wharfinger: "400 MANIFEST_INVALID when Content-Type and mediaType differ",
        why: "One of the two would be wrong for every later client",
    },
    Deviation {
        area: "PUT manifests/<reference> of what lacks layers or images",
        ecr: "BLOB_UPLOAD_UNKNOWN and MANIFEST_BLOB_UNKNOWN; the status is not documented, nor \
              what a wrong digest gives",
        wharfinger: "404 MANIFEST_BLOB_UNKNOWN for both, with ECR's messages; 400 DIGEST_INVALID \
                     for content of another digest",
        why: "OCI Distribution has one code for both; what docker shows says what is missing",
    },
    Deviation {
        area: "DELETE manifests/<tag>",
        ecr: "Not documented",
        wharfinger: "202: the tag goes, and with its last tag the image, as by BatchDeleteImage; \
                     405 UNSUPPORTED for an image that an index lists",
        why: "One rule for both APIs",
    },
    Deviation {
        area: "DELETE blobs/<digest>",
        ecr: "Not documented; its API has no operation for it",
        wharfinger: "202 with the permission ecr:BatchDeleteImage: the repository no longer has the \
                     layer; 405 UNSUPPORTED while an image of it does",
        why: "OCI Distribution's conformance checks",
    },
    Deviation {
        area: "POST blobs/uploads/?digest=<digest>",
        ecr: "Not documented",
        wharfinger: "201: the body is the whole blob",
        why: "OCI Distribution",
    },
    Deviation {
        area: "PUT manifests/<digest>?tag=<tag>",
        ecr: "Not documented",
        wharfinger: "201 with OCI-Tag, for up to 100 tags, above which it is 414 TAG_INVALID; those \
                     before one that is refused stay",
        why: "OCI Distribution after 1.1; clients tag images by sha512 so",
    },
    Deviation {
        area: "Tags that ECR's API admits and OCI Distribution does not",
        ecr: "1 to 300 characters of a-z, A-Z, 0-9, dash, underscore and dot",
        wharfinger: "PUT is 405 UNSUPPORTED when there are more than 128 or the first is a dash or \
                     a dot; GET is 404",
        why: "OCI Distribution; no client could pull such a tag",
    },
    Deviation {
        area: "GET referrers/<digest>",
        ecr: "Pages of 20 by default",
        wharfinger: "Pages of 50, with a Link to the rest; a page that searches 1,000 referrers \
                     for an artifactType, or reads 16 MiB of manifests, ends early",
        why: "Not every client follows links",
    },
    Deviation {
        area: "Referrers tags (sha256-<hex>)",
        ecr: "Not documented",
        wharfinger: "Never read: every manifest with a subject is listed, whenever and however it \
                     was pushed",
        why: "OCI Distribution asks for those of the tag's index that have the subject, and they \
              are among them",
    },
    Deviation {
        area: "POST blobs/uploads/?mount=<digest>&from=<name>",
        ecr: "Off until the account setting BLOB_MOUNTING is ENABLED, as far as it is known",
        wharfinger: "On until it is DISABLED",
        why: "Clients that cannot mount send every byte again",
    },
    Deviation {
        area: "HEAD blobs/<digest> of a layer that only archived images use",
        ecr: "Not documented; ARCHIVED of BatchCheckLayerAvailability",
        wharfinger: "200, while GET is 404 BLOB_UNKNOWN",
        why: "A push need not send the layer again; its manifest makes it available",
    },
    Deviation {
        area: "GET, HEAD manifests/<reference> of an archived image",
        ecr: "404",
        wharfinger: "404 MANIFEST_UNKNOWN; the message of GET says that the image is archived",
        why: "Whoever pulls it learns what to do",
    },
    Deviation {
        area: "POST blobs/uploads/",
        ecr: "No Docker-Upload-UUID",
        wharfinger: "Docker-Upload-UUID is sent",
        why: "Some clients show it, none minds it",
    },
    Deviation {
        area: "Creation on push",
        ecr: "The service role or the role of the template creates the repository; which rights \
              the client needs is not documented; only the first POST is said to create",
        wharfinger: "POST blobs/uploads/ and PUT manifests/<reference> create it with the rights \
                     of the client, who needs ecr:CreateRepository, and ecr:TagResource for a \
                     template with tags; else 403 DENIED that names the action",
        why: "No role is assumed here, and whoever may push but not create is told what is missing",
    },
    Deviation {
        area: "PATCH blobs/uploads/<id>",
        ecr: "201; Range stays at the first chunk; chunks but the last need 5 MiB",
        wharfinger: "202; Range advances; chunks of any size",
        why: "OCI Distribution; clients that resume need the true Range",
    },
    Deviation {
        area: "PATCH blobs/uploads/<id> with a Content-Range that the body does not have",
        ecr: "Not documented",
        wharfinger: "416 if it begins at the wrong byte, 400 BLOB_UPLOAD_INVALID if its length is \
                     wrong; what had arrived by then is kept",
        why: "Bytes that are not where the client thinks would only be found at the end",
    },
    Deviation {
        area: "PATCH, PUT blobs/uploads/<id> of a chunk that is not the next one",
        ecr: "Not documented",
        wharfinger: "416 with Location, Range and Docker-Upload-UUID of the session",
        why: "A client that got no answer for a chunk learns where to go on",
    },
    Deviation {
        area: "GET, PATCH, PUT, DELETE blobs/uploads/<id> with an authorization token that ran out",
        ecr: "Not documented; 403 DENIED, as for any request",
        wharfinger: "Accepted for 24 hours from the beginning of the session, if the token was good \
                     then and of the same access key, and policies still allow it",
        why: "A push that takes longer than its token does not fail at its end",
    },
    Deviation {
        area: "PUT blobs/uploads/<id> of a session that is over",
        ecr: "404 BLOB_UPLOAD_UNKNOWN",
        wharfinger: "201 if the repository has the layer and the client may ask whether it has; \
                     404 otherwise",
        why: "A client whose completion got no answer asks again, and has what it wants",
    },
    Deviation {
        area: "GET blobs/<digest> with a Range that runs backwards",
        ecr: "Not documented",
        wharfinger: "416 RANGE_INVALID; several ranges at once are answered with the whole blob",
        why: "RFC 9110, and OCI Distribution's conformance checks",
    },
    Deviation {
        area: "PUT blobs/uploads/<id> for an empty blob",
        ecr: "400 BLOB_UPLOAD_INVALID",
        wharfinger: "201",
        why: "OCI Distribution allows empty blobs, and older ORAS clients push them",
    },
    Deviation {
        area: "PUT blobs/uploads/<id> with a sha512 digest",
        ecr: "Refused",
        wharfinger: "201",
        why: "A registered algorithm of the OCI image specification",
    },
    Deviation {
        area: "GET, DELETE blobs/uploads/<id>",
        ecr: "Not documented",
        wharfinger: "204 with Range; 204 and the session is gone",
        why: "OCI Distribution; clients that resume or give up need them",
    },
    Deviation {
        area: "GET tags/list",
        ecr: "Content-Type text/plain; last is an opaque token; order not specified; n above \
              1000 is refused with 405",
        wharfinger: "application/json; last is a tag; lexical order; n may be up to 10000, and \
                     means 10000 above that",
        why: "OCI Distribution",
    },
    Deviation {
        area: "GET _catalog",
        ecr: "last is an opaque token; n above 1000 is refused with 405",
        wharfinger: "last is a repository; n above 1000 means 1000",
        why: "As docker's registry API has it",
    },
    Deviation {
        area: "Damaged layers",
        ecr: "Not known to occur",
        wharfinger: "404 BLOB_UNKNOWN that says so, until the layer is pushed again; damage found \
                     midway breaks the answer off",
        why: "Damaged bytes are never served as whole, and a push heals them",
    },
    Deviation {
        area: "Quotas",
        ecr: "Not documented for /v2",
        wharfinger: "403 DENIED with the message of LimitExceededException",
        why: "429 would make clients push again and again",
    },
    Deviation {
        area: "Rates of requests",
        ecr: "429 TOOMANYREQUESTS beyond the rate of an operation",
        wharfinger: "The same with Retry-After, where rates are turned on; a route counts as the \
                     operations whose permissions it takes, before anything is done",
        why: "A body that was taken and then refused would be sent and appended twice",
    },
    Deviation {
        area: "Uploads and downloads at once",
        ecr: "Not documented",
        wharfinger: "Bounded, as are open sessions of a repository; 429 TOOMANYREQUESTS with \
                     Retry-After for what finds no room in time. docs/limits.md has the figures",
        why: "Memory and files have a bound; what waits is not read, and costs nothing",
    },
    Deviation {
        area: "Full storage",
        ecr: "Does not occur",
        wharfinger: "507 UNKNOWN",
        why: "Whoever runs the registry must be able to tell it from a defect",
    },
    Deviation {
        area: "Public registries under a path prefix of the shared host",
        ecr: "There are none; public.ecr.aws is a host",
        wharfinger: "Reads take no credentials (and take a private login of the host for none); \
                     writes without a public token answer the Bearer challenge",
        why: "There /v2/ itself is private, so that clients do not learn that there are tokens",
    },
    Deviation {
        area: "Pulls from public registries without any permission",
        ecr: "Anonymous pulls are limited to 1 a second, others to 10; HEAD blobs/<digest> has been \
              seen to answer 401",
        wharfinger: "No limit; HEAD blobs/<digest> is answered like GET",
        why: "Whoever runs the registry pays for its traffic, and pulls ask for heads",
    },
    Deviation {
        area: "GET /token/",
        ecr: "Answers token alone; a login is exchanged for a new token",
        wharfinger: "Answers expires_in as well; a login is answered as the Bearer token it is, good \
                     as long as it was",
        why: "Clients without expires_in come back each minute; no login outlives itself",
    },
    Deviation {
        area: "A malformed Bearer token of a public registry",
        ecr: "400 in JSON, the text is not documented",
        wharfinger: "400 DENIED; one that has the form and is not known here answers 401",
        why: "Clients get a fresh token after 401",
    },
    Deviation {
        area: "GET manifests/<reference> of something that is neither tag nor digest",
        ecr: "405 UNSUPPORTED",
        wharfinger: "404 MANIFEST_UNKNOWN",
        why: "OCI Distribution's conformance checks; such an image cannot exist",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_difference_is_named_once_and_fits_a_table() {
        let mut areas: Vec<_> = DEVIATIONS.iter().map(|deviation| deviation.area).collect();
        areas.sort_unstable();
        areas.dedup();
        assert_eq!(areas.len(), DEVIATIONS.len());
        for Deviation { area, ecr, wharfinger, why } in DEVIATIONS {
            for text in [area, ecr, wharfinger, why] {
                assert!(!text.is_empty() && !text.contains(['|', '\n']), "{text}");
            }
        }
    }
}
