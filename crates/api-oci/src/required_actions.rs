//! Which IAM actions each route and method demands, for the documentation and for the test that
//! holds the handlers to it (`Route table` of the contract).

use wharfinger_auth::Action;
use wharfinger_auth::actions::{
    BatchCheckLayerAvailability, BatchDeleteImage, BatchGetImage, CompleteLayerUpload,
    DescribeRepositories, GetDownloadUrlForLayer, InitiateLayerUpload, ListImages, PutImage,
    UploadLayerPart,
};

/// A method of a route, and what it demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequiredActions {
    /// `GET`, `PUT`, …. Where `HEAD` is not listed, it demands what `GET` does.
    pub method: &'static str,
    /// The route, with what the request fills in between angle brackets.
    pub route: &'static str,
    /// The actions on the repository (for the catalog, on all of them), all of which are needed.
    /// None: any valid login will do.
    pub actions: &'static [&'static str],
}

/// Every method of every route. A push to a repository that a creation template creates needs
/// `CreateRepository` as well, and `TagResource` if the template has resource tags.
pub const REQUIRED_ACTIONS: &[RequiredActions] = &[
    required("GET", "/v2/", &[]),
    required("GET", "/v2/_catalog", &[DescribeRepositories::ECR_NAME]),
    required("GET", "/v2/<name>/tags/list", &[ListImages::ECR_NAME]),
    required("GET", "/v2/<name>/manifests/<reference>", &[BatchGetImage::ECR_NAME]),
    required("HEAD", "/v2/<name>/manifests/<reference>", &[BatchGetImage::ECR_NAME]),
    required("PUT", "/v2/<name>/manifests/<reference>", &[PutImage::ECR_NAME]),
    required("DELETE", "/v2/<name>/manifests/<reference>", &[BatchDeleteImage::ECR_NAME]),
    required("GET", "/v2/<name>/blobs/<digest>", &[GetDownloadUrlForLayer::ECR_NAME]),
    required("HEAD", "/v2/<name>/blobs/<digest>", &[BatchCheckLayerAvailability::ECR_NAME]),
    required("DELETE", "/v2/<name>/blobs/<digest>", &[BatchDeleteImage::ECR_NAME]),
    required("POST", "/v2/<name>/blobs/uploads/", &[InitiateLayerUpload::ECR_NAME]),
    required(
        "POST",
        "/v2/<name>/blobs/uploads/?digest=<digest>",
        &[InitiateLayerUpload::ECR_NAME, UploadLayerPart::ECR_NAME, CompleteLayerUpload::ECR_NAME],
    ),
    // With GetDownloadUrlForLayer on the source as well it is mounted, without it is uploaded.
    required(
        "POST",
        "/v2/<name>/blobs/uploads/?mount=<digest>&from=<source>",
        &[InitiateLayerUpload::ECR_NAME],
    ),
    required("GET", "/v2/<name>/blobs/uploads/<upload>", &[UploadLayerPart::ECR_NAME]),
    required("PATCH", "/v2/<name>/blobs/uploads/<upload>", &[UploadLayerPart::ECR_NAME]),
    // Without a body only the second one. Of a session that is over it is answered as if it were the
    // one that ended it, for those who may do what HEAD demands.
    required(
        "PUT",
        "/v2/<name>/blobs/uploads/<upload>?digest=<digest>",
        &[UploadLayerPart::ECR_NAME, CompleteLayerUpload::ECR_NAME],
    ),
    required("DELETE", "/v2/<name>/blobs/uploads/<upload>", &[InitiateLayerUpload::ECR_NAME]),
    required("GET", "/v2/<name>/referrers/<digest>", &[BatchGetImage::ECR_NAME]),
];

const fn required(
    method: &'static str,
    route: &'static str,
    actions: &'static [&'static str],
) -> RequiredActions {
    RequiredActions { method, route, actions }
}
